"""Running Vercel's command: how it is called, and what is said when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from isrgen.errors import IsrgenError
from isrgen.targets.target import Credentials
from isrgen.targets.vercel import upload

TOKEN = "tok-123-secret"


def _command(tmp_path: Path, script: str) -> dict[str, str]:
    tools = tmp_path / "bin"
    tools.mkdir()
    command = tools / "vercel"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return {"PATH": f"{tools}:/usr/bin:/bin"}


def _output(tmp_path: Path) -> Path:
    folder = tmp_path / "site" / ".vercel" / "output"
    folder.mkdir(parents=True)
    return folder


def _deploy(tmp_path: Path, script: str, *, prod: bool = False, **options: str) -> tuple[str, list[str]]:
    said: list[str] = []
    credentials = Credentials(TOKEN, "http://127.0.0.1:9", _command(tmp_path, script))
    url = upload.deploy(_output(tmp_path), options, credentials, prod=prod, report=said.append)
    return url, said


def test_the_token_goes_through_the_environment_and_never_through_the_arguments(tmp_path: Path) -> None:
    log = tmp_path / "log"
    url, said = _deploy(
        tmp_path, f'echo "$@" >> {log}; echo "token=$VERCEL_TOKEN" >> {log}; echo https://x.test', prod=True
    )
    lines = log.read_text().splitlines()
    assert lines[0].startswith("deploy --prebuilt --prod --yes")
    assert lines[0].endswith("--api http://127.0.0.1:9")
    assert TOKEN not in lines[0]
    assert lines[1] == f"token={TOKEN}"
    assert (url, said) == ("https://x.test", ["Uploading to Vercel"])


def test_a_project_is_linked_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    _, said = _deploy(tmp_path, f'echo "$1 $3" >> {log}', project="my-site")
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["link", "deploy"]
    assert said[0] == "Linking to the project my-site"


def test_a_failing_command_is_shown_without_the_token(tmp_path: Path) -> None:
    with pytest.raises(IsrgenError) as caught:
        _deploy(tmp_path, 'echo "Error: $VERCEL_TOKEN is not valid" >&2; exit 7')
    text = str(caught.value)
    assert "`vercel deploy` failed with exit code 7." in text
    assert "Error: *** is not valid" in text
    assert TOKEN not in text


def test_a_missing_command_says_how_to_install_it(tmp_path: Path) -> None:
    credentials = Credentials(TOKEN, environment={"PATH": str(tmp_path)})
    with pytest.raises(IsrgenError) as caught:
        upload.deploy(_output(tmp_path), {}, credentials, prod=False, report=print)
    assert "npm install --global vercel" in str(caught.value)


def test_credentials_do_not_show_their_token() -> None:
    assert TOKEN not in repr(Credentials(TOKEN, environment={"VERCEL_TOKEN": TOKEN}))
