"""Purge Vercel's CDN by tag, through its API.

A soft purge marks stale (``invalidate-by-tags``), a hard one deletes
(``dangerously-delete-by-tags``); both take sixteen tags at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from isrgen.caching.invalidation import cdn_purge_tags, path_tag, portable
from isrgen.edge.purge import path_forms
from isrgen.errors import IsrgenError
from isrgen.http.context import Purge
from isrgen.targets.target import Credentials, Options, Report
from isrgen.targets.vercel.upload import masked

API: Final = "https://api.vercel.com"
AT_ONCE: Final = 16

_TIMEOUT: Final = 30.0
_MOST_READ: Final = 64 * 1024
_ENDPOINTS: Final = {False: "invalidate-by-tags", True: "dangerously-delete-by-tags"}


def purge(
    site: Path, purges: Sequence[Purge], options: Options, credentials: Credentials, report: Report
) -> None:
    """Purge what is named; raises IsrgenError where Vercel does not say that it did."""
    query = urlencode(_project(site, options, credentials))
    for hard, endpoint in _ENDPOINTS.items():
        tags = tags_of(one for one in purges if one.hard is hard)
        for start in range(0, len(tags), AT_ONCE):
            _post(f"/v1/edge-cache/{endpoint}?{query}", {"tags": tags[start : start + AT_ONCE]}, credentials)
        if tags:
            number = "1 tag" if len(tags) == 1 else f"{len(tags)} tags"
            report(f"Vercel: {'deleted' if hard else 'marked as stale'} by {number}")


def tags_of(purges: Iterable[Purge]) -> list[str]:
    """Every tag that pages named by these may have at a CDN, each once."""
    found: dict[str, None] = {}
    for one in purges:
        if one.tag:
            found.update(dict.fromkeys(cdn_purge_tags(portable(one.tag))))
        if one.path:
            found.update(dict.fromkeys(map(path_tag, path_forms(one.path))))
    return list(found)


def _project(site: Path, options: Options, credentials: Credentials) -> dict[str, str]:
    """The query that names project and team, from the environment, the link file, or the configuration."""
    link = _link(site)
    environment = credentials.environment
    project = environment.get("VERCEL_PROJECT_ID") or link.get("projectId") or options.get("project")
    team = str(environment.get("VERCEL_ORG_ID") or link.get("orgId") or "")
    if not project:
        raise IsrgenError(
            "It is not known which of your projects on Vercel is to be purged.",
            'Write project = "..." under [targets.vercel], or set VERCEL_PROJECT_ID (and VERCEL_ORG_ID).',
        )
    # Without a team the API takes the project for one of the token's owner.
    return {"projectIdOrName": str(project), **({"teamId": team} if team.startswith("team_") else {})}


def _link(site: Path) -> dict[str, Any]:
    try:
        found = json.loads((site / ".vercel/project.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _post(target: str, body: dict[str, Any], credentials: Credentials) -> None:
    headers = {"Authorization": f"Bearer {credentials.token}", "Content-Type": "application/json"}
    connection = _connection(credentials.api or API)
    try:
        connection.request("POST", target, json.dumps(body), headers)
        response = connection.getresponse()
        status, said = response.status, response.read(_MOST_READ)
    except (OSError, HTTPException) as error:
        raise IsrgenError(
            f"Vercel could not be asked to purge: {masked(str(error), credentials.token)}.", "Try it again."
        ) from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise IsrgenError(
            f"Vercel did not purge: it answered {status}{masked(_reason(said), credentials.token)}.",
            _WAYS_OUT.get(status, "Try it again."),
        )


_WAYS_OUT: Final = {
    400: "Look at the tags, and at the project's name.",
    401: "Look at VERCEL_TOKEN.",
    403: "VERCEL_TOKEN has to be one of the team that the project is in.",
    404: "Look at the project's name, and at VERCEL_ORG_ID if it is a team's.",
    429: "Wait a minute, then try it again.",
}


def _connection(api: str) -> HTTPConnection:
    parts = urlsplit(api)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)


def _reason(body: bytes) -> str:
    try:
        return f" ({json.loads(body)['error']['message']})"
    except (ValueError, KeyError, TypeError):
        return ""
