"""What git knows of a site: which files have changed since a revision, and what its pages were then.

Only the ``git`` program is asked. A revision is resolved to a commit's digest
first, so that nothing a person typed can be taken for an option.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from isrgen.errors import IsrgenError

_TIMEOUT: Final = 120.0
_DIGEST: Final = re.compile(r"[0-9a-f]{40,64}")
_TEXTS: Final = (".md", ".html", ".py")
_PARTS: Final = ("content", "templates")


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the repository that the site in ``root`` is in."""

    root: Path
    digest: str

    def changed(self) -> list[str]:
        """Files of the site that are not as they were then, also new ones, relative to it."""
        diff = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--relative")
        changed = _run(self.root, *diff, self.digest, "--", ".")
        new = _run(self.root, "ls-files", "-z", "--others", "--exclude-standard", "--", ".")
        return sorted({os.fsdecode(name) for name in (changed + new).split(b"\0") if name})

    @contextmanager
    def texts(self) -> Iterator[Path]:
        """A folder with the pages, their modules and the templates as they were."""
        with TemporaryDirectory(prefix="isrgen-since-") as folder:
            there = _run(self.root, "ls-tree", "-z", "--name-only", self.digest, "--", *_PARTS)
            parts = [os.fsdecode(name) for name in there.split(b"\0") if name]
            if parts:
                _unpack(_run(self.root, "archive", "--format=tar", self.digest, *parts), Path(folder))
            yield Path(folder)


def revision(root: Path, name: str) -> Revision:
    """The commit that somebody calls ``name``; raises IsrgenError where there is none."""
    if not _ask(root, "rev-parse", "--is-inside-work-tree"):
        raise IsrgenError(
            "--since compares with a revision of git, and this site is in no repository.",
            "Name what to purge: a PATH, --tag T, or --all.",
        )
    found = (
        b"" if name.startswith("-") else _ask(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    )
    digest = found.decode("ascii", "replace").strip()
    if not _DIGEST.fullmatch(digest):
        raise IsrgenError(
            f"git knows no revision {name!r}.",
            "Name a commit, a branch or a tag: --since HEAD~1. A shallow clone has only the last commits.",
        )
    return Revision(root, digest)


def _ask(root: Path, *arguments: str) -> bytes:
    """What git says; nothing where it says no."""
    return _git(root, *arguments).stdout


def _run(root: Path, *arguments: str) -> bytes:
    done = _git(root, *arguments)
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip()
        raise IsrgenError(f"`git {arguments[0]}` failed with exit code {done.returncode}.", told)
    return done.stdout


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603
            ["git", "-c", "core.fsmonitor=false", *arguments],  # noqa: S607
            cwd=root,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except OSError as error:
        raise IsrgenError(
            f"The command `git` cannot be run: {error.strerror}.", "--since needs it."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise IsrgenError(f"`git {arguments[0]}` gave no answer in {_TIMEOUT:.0f} s.") from error


def _unpack(archive: bytes, folder: Path) -> None:
    """Text files alone, and none that would leave the folder."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            name = PurePosixPath(member.name)
            content = opened.extractfile(member) if member.isfile() else None
            if content is None or name.suffix not in _TEXTS or name.is_absolute() or ".." in name.parts:
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
