"""The output folder: written beside the old one, and swapped in whole.

A build that fails leaves the last good output as it was. Files beside it that
isrgen did not make stay where they are.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from isrgen.build.media import compresses, content_type
from isrgen.errors import IsrgenError, Problem
from isrgen.manifest import Manifest, OutputFile, Pairs

OURS: Final = ("manifest.json", "cdn.json", "static", "server", "deploy")
"""What a build writes into its folder; anything else there is somebody's and stays."""

_WORTH_COMPRESSING: Final = 600
_OLD: Final = ".previous"


def check_out(root: Path, out: Path) -> None:
    """Refuse an output folder that would cost the site, or a stranger, a file.

    Raises IsrgenError.
    """
    named, root, out = out, root.resolve(), out.resolve()
    if named.is_symlink() and named.parent.resolve().is_relative_to(root) and not out.is_relative_to(root):
        raise IsrgenError(
            f"The output folder {named.name}/ is a link that leads out of the site, to {out}.",
            "Remove the link, or name that folder itself with `--out`.",
        )
    kept = [root / name for name in ("content", "templates", "static", "assets", "data", ".git")]
    # A folder inside .isrgen/ is `isrgen dev`'s.
    if out in (root, root / ".isrgen") or out in root.parents or any(out.is_relative_to(one) for one in kept):
        raise IsrgenError(
            f"The output folder {_shown(root, out)} would overwrite the site itself.",
            "Choose a folder of its own with `--out`, such as `dist`.",
        )
    if out.exists() and not out.is_dir():
        raise IsrgenError(
            f"The output folder {_shown(root, out)} is a file.", "Remove it, or choose another with `--out`."
        )
    foreign = [] if _is_ours(out) else [name for name in OURS if (out / name).exists()]
    if foreign:
        raise IsrgenError(
            f"The output folder {_shown(root, out)} holds {foreign[0]}, which isrgen did not write.",
            "Remove it yourself, or choose another folder with `--out`.",
        )


def _is_ours(out: Path) -> bool:
    """Whether the last thing that wrote the folder was a build."""
    try:
        Manifest.from_json((out / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, IsrgenError):
        return False
    return True


def _shown(root: Path, out: Path) -> str:
    return f"{out.relative_to(root).as_posix()}/" if out.is_relative_to(root) else str(out)


@contextmanager
def staged(root: Path, out: Path) -> Iterator[Path]:
    """A new folder that takes the place of ``out`` when the block ends without an error.

    Raises IsrgenError when the folder cannot be written.
    """
    check_out(root, out)
    old = out.with_name(f".{out.name}{_OLD}")
    try:
        _recover(out, old)
        out.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise unwritable(root, out, error) from error
    try:
        staging.chmod(0o755)
        yield staging
        _swap(staging, out, old)
    except OSError as error:
        if not error.filename or staging in Path(str(error.filename)).parents or error.filename == str(out):
            raise unwritable(root, out, error) from error
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _swap(staging: Path, out: Path, old: Path) -> None:
    if out.exists():
        out.rename(old)
    try:
        staging.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    _recover(out, old)


def _recover(out: Path, old: Path) -> None:
    """Bring back what a swap put aside: all of it where there is nothing new, else what is not isrgen's."""
    if not old.is_dir():
        return
    if not out.exists():
        old.rename(out)
        return
    for entry in sorted(old.iterdir()):
        if entry.name not in OURS and not (out / entry.name).exists():
            entry.rename(out / entry.name)
    shutil.rmtree(old, ignore_errors=True)


def unwritable(root: Path, out: Path, error: OSError) -> IsrgenError:
    folder = _shown(root.resolve(), out.resolve())
    return IsrgenError(
        f"The output folder {folder} cannot be written: {error.strerror or error}.",
        "Check its permissions and the space on the disk, or choose another with `--out`.",
    )


def etag(content: bytes) -> str:
    """The strong validator of a file's bytes (RFC 9110 section 8.8.3)."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def write_file(
    folder: Path,
    path: str,
    url: str,
    content: bytes,
    *,
    media: str = "",
    immutable: bool = False,
    status: int = 200,
    headers: Pairs = (),
    route: str | None = None,
) -> OutputFile:
    """Write one file below ``folder``, and its gzip copy where that is worth it."""
    media = media or content_type(path)
    file = folder / path
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise IsrgenError(_clash(folder, path, route)) from error
    encodings: tuple[str, ...] = ()
    if len(content) >= _WORTH_COMPRESSING and compresses(media):
        squeezed = gzip.compress(content, 6, mtime=0)
        if len(squeezed) < len(content) * 0.95:
            file.with_name(f"{file.name}.gz").write_bytes(squeezed)
            encodings = ("gzip",)
    return OutputFile(
        path, url, media, etag(content), len(content), immutable, status, encodings, headers, route
    )


def _clash(folder: Path, path: str, source: str | None) -> Problem:
    """One path of the site would be a file and a folder at once."""
    parents = [str(parent) for parent in Path(path).parents if (folder / parent).is_file()]
    other = parents[0] if parents else path
    return Problem(
        f"The output would hold {other} both as a file and as a folder, which {path} needs.",
        "Rename one of them: a page's folder and a file beside it, or in static/, have the same name.",
        source or f"static/{path}",
    )


class Files:
    """What ``static/`` holds, by path; two sources for one path are a problem that names both."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[OutputFile, str]] = {}
        self.problems: list[Problem] = []

    def add(self, file: OutputFile, source: str) -> None:
        known = self._files.get(file.path)
        if known is None:
            self._files[file.path] = (file, source)
        else:
            self.problems.append(
                Problem(
                    f"{known[1]} and {source} both give {file.url}.", "Rename or remove one of them.", source
                )
            )

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def sorted(self) -> tuple[OutputFile, ...]:
        return tuple(self._files[path][0] for path in sorted(self._files))


def tree_digest(folder: Path) -> str:
    """One digest of every file below a folder: names and bytes."""
    digest = hashlib.sha256()
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(place) / name
            digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
