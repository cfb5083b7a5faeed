"""Python packages for the platform: wheels, fetched by pip and unpacked into the function.

They are for the machine the function runs on, not for the one that builds;
so nothing is installed, no code of theirs runs here, and a package without a
wheel for that machine is an error.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from isrgen.errors import IsrgenError
from isrgen.targets.bundle import Content, Entry
from isrgen.targets.vercel.functions import FOLDER, VENDOR

RUNTIME: Final = "vercel-runtime==0.24.1"
PLATFORMS: Final = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")
_ALWAYS: Final = ("jinja2>=3.1.5", RUNTIME)
_DEADLINE: Final = 300.0


def packages(requirements: Sequence[str], python: str, cache: Path) -> dict[str, Entry]:
    """The unpacked wheels as bundle entries; from ``cache`` when it has them all.

    Raises IsrgenError when pip is missing, offline, or finds no wheel.
    """
    wanted = sorted({*requirements, *_ALWAYS})
    place = cache / f"wheels-{_digest([python, *PLATFORMS, *wanted])}"
    if not place.is_dir():
        _download(wanted, python, place)
    return _unpacked(sorted(place.glob("*.whl")))


def _digest(words: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


def pip_command(requirements: Path, python: str, folder: Path) -> list[str]:
    """What fetches them, without the interpreter; a file takes all that a requirement may be written as."""
    platforms = [part for name in PLATFORMS for part in ("--platform", name)]
    return [
        *("-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
        "--only-binary=:all:",
        *platforms,
        *("--python-version", python, "--implementation", "cp"),
        *("--dest", str(folder)),
        *("--requirement", str(requirements)),
    ]


def _download(wanted: Sequence[str], python: str, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix="wheels-", dir=place.parent))
    listed = staging / "requirements.txt"
    listed.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, *pip_command(listed, python, staging)],
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            check=False,
        )
        if done.returncode:
            raise IsrgenError(_failed(wanted, python), _why(done.stdout + done.stderr))
        staging.rename(place)
    except subprocess.TimeoutExpired as error:
        raise IsrgenError(_failed(wanted, python), f"pip gave no answer in {_DEADLINE:.0f} s.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _failed(wanted: Sequence[str], python: str) -> str:
    return f"The packages for Vercel (Python {python}, Linux x86_64) cannot be fetched: {', '.join(wanted)}."


def _why(output: str) -> str:
    if "No module named pip" in output:
        return f"pip is not there: `{Path(sys.executable).name} -m ensurepip` installs it."
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")] or output.splitlines()[-3:]
    told = "\n".join(errors)
    return f"{told}\nEach needs a wheel for that platform, and pip a package index it can reach."


def _unpacked(wheels: Sequence[Path]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for info in archive.infolist():
                name = _inside(info.filename)
                if not info.is_dir() and name:
                    found[f"{FOLDER}/{VENDOR}/{name}"] = Content(archive.read(info))
    return found


def _inside(name: str) -> str:
    """Where a wheel's file goes below ``_vendor``; empty for what a function does not need.

    The parts of a wheel's ``.data`` folder go where an installer puts them
    (binary distribution format); its scripts and headers are left out.
    """
    head, _, rest = name.partition("/")
    if not head.endswith(".data"):
        return name
    kind, _, inner = rest.partition("/")
    return inner if kind in ("purelib", "platlib") else ""
