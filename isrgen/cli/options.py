"""The options that commands share, and the folders they name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from click.core import ParameterSource

from isrgen.errors import IsrgenError


@dataclass(slots=True)
class Session:
    """What the whole run of one command shares."""

    debug: bool = False
    as_json: bool = False


def _set_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    session = ctx.find_object(Session)
    if value and session is not None:
        session.debug = True


def _set_json(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    session = ctx.find_object(Session)
    if session is not None:
        session.as_json = value
    return value


def _access_log(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Opened here, so that a wrong path is told before anything is built."""
    if value in ("", "-"):
        return value
    path = Path(value).resolve()
    try:
        path.open("a").close()
    except OSError as error:
        raise click.BadParameter(f"{value} cannot be written: {error.strerror}.") from error
    return str(path)


debug_option = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_debug,
    help="Print a traceback when something fails.",
)

host_option = click.option(
    "--host", default="127.0.0.1", metavar="H", show_default=True, help="The address to listen on."
)

port_option = click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free port."
)

site_option = click.option(
    "--site",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="DIR",
    help="The site's folder (default: the current one).",
)

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="dist",
    metavar="DIR",
    help="The output folder, relative to the site (default: dist).",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_set_json, help="Print JSON, for programs."
)
"""Problems of the site become JSON on stdout too, and nothing else is said of them."""

access_log_option = click.option(
    "--access-log",
    default="",
    metavar="PATH",
    callback=_access_log,
    help="Write a JSON line for every response to this file, or to standard output: -",
)

store_option = click.option(
    "--store",
    envvar="ISRGEN_STORE",
    metavar="URL",
    help="The store: disk:PATH or redis://HOST:PORT/DB "
    "(default: ISRGEN_STORE, else disk:.isrgen/edge in the site).",
)

server_option = click.option(
    "--server",
    metavar="URL",
    help="A running server instead, asked with the token in ISRGEN_TOKEN.",
)

no_build_option = click.option("--no-build", is_flag=True, help="Take the output folder as it is.")


@contextmanager
def blamed_on(option: str) -> Iterator[None]:
    """What is wrong with an option's value is told as that, and not as something wrong with the site."""
    try:
        yield
    except IsrgenError as error:
        raise click.BadParameter(str(error), param_hint=f"'{option}'") from error


def store_or_server(store: str | None, server: str | None) -> tuple[str | None, str | None]:
    """The one that is meant: a server that is named goes before a store that only the environment names."""
    if server and store:
        source = click.get_current_context().get_parameter_source("store")
        if source is not ParameterSource.ENVIRONMENT:
            raise click.UsageError("--store and --server are two places.\n  Name one of them.")
        return None, server
    return store, server


def output_folder(site: Path, out: Path) -> Path:
    """Where ``--out`` points: relative to the site, not to the current folder. Links are not followed."""
    return Path(os.path.normpath(site.resolve() / out))
