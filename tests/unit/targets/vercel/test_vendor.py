"""Packages for the platform: what pip is asked, and how wheels are unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from isrgen.errors import IsrgenError
from isrgen.targets.vercel import vendor


def _wheel(folder: Path, name: str, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)


def test_pip_is_asked_for_wheels_of_the_platform_and_not_of_this_machine(tmp_path: Path) -> None:
    command = vendor.pip_command(tmp_path / "requirements.txt", "3.13", tmp_path)
    text = " ".join(command)
    assert "--only-binary=:all:" in command
    assert "--platform manylinux2014_x86_64" in text
    assert "--python-version 3.13" in text


def test_a_wheel_is_unpacked_where_an_installer_would_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "pkg/__init__.py": b"1",
        "pkg-1.data/purelib/extra.py": b"2",
        "pkg-1.data/scripts/run": b"3",
        "pkg-1.dist-info/METADATA": b"4",
    }
    monkeypatch.setattr(vendor, "_download", lambda wanted, python, place: _wheel(place, "pkg.whl", files))
    found = vendor.packages(["pkg"], "3.12", tmp_path)
    assert [path.removeprefix("functions/__server.func/_vendor/") for path in found] == [
        "pkg/__init__.py",
        "extra.py",
        "pkg-1.dist-info/METADATA",
    ]


def test_a_package_without_a_wheel_is_an_error_that_names_it_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(IsrgenError) as caught:
        vendor.packages(["./no-such-package-here"], "3.12", tmp_path / "cache")
    assert "./no-such-package-here" in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []
