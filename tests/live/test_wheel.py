"""The wheel by itself, installed in a fresh environment away from the checkout: it makes, builds, serves."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTERS = ("blog", "docs", "minimal")


def clean_environment() -> dict[str, str]:
    """Nothing that could lead Python back to the checkout."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "ISRGEN_", "VERCEL_", "VIRTUAL_ENV"))
    } | {"PYTHONUNBUFFERED": "1"}


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``isrgen`` command of an environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, wheel, cwd=folder)
    return folder / "bin" / "isrgen"


def test_the_wheel_holds_the_starters_the_types_and_nothing_from_around_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "isrgen/py.typed" in names
    for path in (ROOT / "isrgen" / "starters").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in names
    for path in (ROOT / "isrgen").rglob("*.py"):
        assert path.relative_to(ROOT).as_posix() in names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"isrgen", next(top for top in tops if top.endswith(".dist-info"))}
    assert not [name for name in names if "__pycache__" in name]


def test_the_package_that_runs_is_the_installed_one(installed: Path, tmp_path: Path) -> None:
    python = installed.with_name("python")
    place = run(python, "-c", "import isrgen; print(isrgen.__file__)", cwd=tmp_path).strip()
    assert Path(place).is_relative_to(installed.parents[1])
    assert run(installed, "--version", cwd=tmp_path).startswith("isrgen ")


@pytest.mark.parametrize("starter", STARTERS)
def test_a_starter_builds_and_serves_as_it_is(installed: Path, tmp_path: Path, starter: str) -> None:
    said = run(installed, "new", "mysite", "--starter", starter, cwd=tmp_path)
    assert f"Made mysite from the starter {starter}" in said
    site = tmp_path / "mysite"
    run(installed, "build", "--strict", cwd=site)
    assert (site / "dist" / "manifest.json").is_file()
    server = subprocess.Popen(
        [installed, "serve", "--port", "0"],
        cwd=site,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        try:
            assert server.stdout is not None
            url = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
            with urllib.request.urlopen(url, timeout=30) as response:
                assert response.status == 200
                assert b"<html" in response.read().lower()
        finally:
            server.terminate()
            assert server.wait(15) == 0
