"""What the commands print, word for word: a file in ``transcripts/`` is a site and a session at its prompt.

``=== PATH`` begins a file of the site. ``$ isrgen ...`` is a command; below it
stand its stdout, its stderr after ``! ``, and ``[exit N]`` where N is not 0.
Seconds read ``N s``; the site's folder reads ``SITE``, the one that holds it ``PARENT``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

TRANSCRIPTS = sorted(Path(__file__).with_name("transcripts").glob("*.txt"))


def parse(text: str) -> tuple[dict[str, str], list[tuple[str, list[str]]]]:
    """The files of the site, and every command with the lines that follow it."""
    files: dict[str, list[str]] = {}
    commands: list[tuple[str, list[str]]] = []
    into: list[str] = []
    for line in text.splitlines():
        if line.startswith("=== "):
            into = files.setdefault(line[4:], [])
        elif line.startswith("$ "):
            into = []
            commands.append((line[2:], into))
        else:
            into.append(line)
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}, commands


def printed(done: object, site: Path) -> list[str]:
    """What a person saw, in the form of a transcript."""
    lines = [*done.stdout.splitlines(), *(f"! {line}".rstrip() for line in done.stderr.splitlines())]
    if done.returncode:
        lines.append(f"[exit {done.returncode}]")
    text = "\n".join(lines).replace(str(site), "SITE").replace(str(site.parent), "PARENT")
    text = re.sub(r'("seconds": )[\d.]+', r"\1N", text)
    return re.sub(r"\d+\.\d\d s\b", "N s", text).splitlines()


@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda file: file.stem)
def test_the_session_prints_what_the_transcript_says(
    file: Path, make_site: Callable[..., Path], isrgen: Callable[..., object]
) -> None:
    files, commands = parse(file.read_text(encoding="utf-8"))
    site = make_site(files)
    assert commands
    for command, expected in commands:
        program, *arguments = shlex.split(command)
        assert program == "isrgen"
        found = printed(isrgen(*arguments, cwd=site), site)
        assert found == [line for line in expected if line or "".join(expected).strip()], command


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 8
