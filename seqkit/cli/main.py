"""The `seqkit` command: subcommands come from the registry and are imported when they are used."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

import click

from .. import __version__
from ..errors import Interrupted, SeqkitError, hint, reason
from ..plugins import components


class LazyGroup(click.Group):
    """Lists commands by their registered help line; imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [entry.name for entry in components().commands]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in components().commands:
            return None
        command: click.Command = components().commands.load(
            name
        )  # an ImportError here is a bug: let it show
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in components().commands:
            raise click.UsageError(
                f"no command {args[0]!r}.{hint(args[0], self.list_commands(ctx))}"
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """End quietly, as a signal would, once whoever read our output is gone (`| head`)."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Python would complain when it flushes stdout at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(141)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in components().commands])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seqkit")
def cli() -> None:
    """Train and run sequence models."""
    for provider, error in components().broken.items():
        click.echo(f"warning: plugin {provider} did not load: {error}", err=True)


def main() -> None:
    """Run the command line: a `SeqkitError`, or a file that the system refuses, is one line and exit code 1."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # whatever the locale says
    try:
        cli()
    except SeqkitError as error:
        click.echo(f"error: {' '.join(str(error).split())}", err=True)
        sys.exit(130 if isinstance(error, Interrupted) else 1)
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        click.echo(f"error: {error.filename or 'stdout'}: {reason(error)}", err=True)
        sys.exit(1)
