"""The ``isrgen`` group: every command by name, imported only when it is run."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click
from click.shell_completion import CompletionItem

from isrgen.cli.options import debug_option

COMMANDS: Final[dict[str, str]] = {
    "new": "Make a site that builds and serves as it is.",
    "build": "Render the static pages and write dist/.",
    "serve": "Build if needed, then run the production server.",
    "edge": "Run the edge cache alone, in front of any HTTP server.",
    "dev": "Work on a site: rebuild and reload on every change.",
    "deploy": "Build, and write or upload a platform's files.",
    "routes": "Show every route, its strategy and the reason.",
    "purge": "Make kept pages stale, here and at the CDN.",
    "cache": "List, show and remove what the edge store holds.",
    "check": "Find broken links, and pages that leak.",
}
"""Name -> help in one line. The command is ``command`` in ``isrgen.cli.NAME``."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"isrgen.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # What begins with a dash is an option in the wrong place, and click says so.
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"No such command {args[0]!r}.{_suggestion(args[0])}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [
            CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def _suggestion(name: str) -> str:
    """
    >>> _suggestion("buld"), _suggestion("de"), _suggestion("bake")
    (" Did you mean 'build'?", " Did you mean 'dev' or 'deploy'?", '')
    """
    from difflib import get_close_matches

    begun = [command for command in COMMANDS if name and command.startswith(name)]
    near = begun or get_close_matches(name, COMMANDS)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from isrgen import __version__

        click.echo(f"isrgen {__version__}")
        ctx.exit()


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
@debug_option
def cli() -> None:
    """Sites of static, incrementally regenerated and server-rendered pages, from one folder."""
