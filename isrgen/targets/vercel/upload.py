"""Hand the files to Vercel by its own command.

The token goes to it through the environment, never as an argument that others
on the machine could read, and is masked in all that is shown.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from isrgen.errors import IsrgenError
from isrgen.targets.target import Credentials, Options, Report

_INSTALL: Final = "Install it with `npm install --global vercel`."
_DEADLINE: Final = 900.0
_URL: Final = re.compile(r"https?://\S+")


def deploy(folder: Path, options: Options, credentials: Credentials, *, prod: bool, report: Report) -> str:
    """Upload ``SITE/.vercel/output``; the deployment's address.

    Raises IsrgenError where the command is missing or fails, with its output.
    """
    site = folder.parent.parent
    command = shutil.which("vercel", path=credentials.environment.get("PATH"))
    if command is None:
        raise IsrgenError("The command `vercel` is not installed.", _INSTALL)
    with tempfile.TemporaryDirectory(prefix="isrgen-vercel-") as settings:
        common = ["--yes", "--global-config", settings]
        if credentials.api:
            common += ["--api", credentials.api]
        project = options.get("project")
        if project and not _linked(site, credentials):
            report(f"Linking to the project {project}")
            _run([command, "link", "--project", str(project), *common], site, credentials)
        report("Uploading to Vercel")
        arguments = ["deploy", "--prebuilt", *(["--prod"] if prod else []), *common]
        output = _run([command, *arguments], site, credentials)
    return _address(output)


def _linked(site: Path, credentials: Credentials) -> bool:
    if "VERCEL_PROJECT_ID" in credentials.environment:
        return True
    try:
        return bool(json.loads((site / ".vercel/project.json").read_text("utf-8")).get("projectId"))
    except (OSError, ValueError, AttributeError):
        return False


def _run(command: list[str], site: Path, credentials: Credentials) -> str:
    environment = {
        **credentials.environment,
        "VERCEL_TOKEN": credentials.token,
        "VERCEL_TELEMETRY_DISABLED": "1",
        "NO_UPDATE_NOTIFIER": "1",
        "NO_COLOR": "1",
    }
    shown = "vercel " + command[1]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=site,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise IsrgenError(f"`{shown}` gave no answer in {_DEADLINE:.0f} s.", "Try it again.") from error
    except OSError as error:
        raise IsrgenError(f"`{shown}` cannot be run: {error}.", _INSTALL) from error
    if done.returncode:
        told = masked((done.stdout + done.stderr).strip(), credentials.token)
        raise IsrgenError(f"`{shown}` failed with exit code {done.returncode}.", told)
    return done.stdout


def masked(text: str, token: str) -> str:
    """The text without the token."""
    return text.replace(token, "***") if token else text


def _address(output: str) -> str:
    found = _URL.findall(output)
    return found[-1] if found else ""
