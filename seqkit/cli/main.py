"""The `seqkit` command: subcommands come from the registry and are imported when they are used."""

from __future__ import annotations

import errno
import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from .. import __version__
from ..errors import Interrupted, PluginWarning, RenamedWarning, SeqkitError, hint, reason
from ..plugins import components, own_components
from ..registry import Entry
from .openmp import set_wait_policy

_SHOWN_AS: dict[type[Warning], str] = {RenamedWarning: "note", PluginWarning: "warning"}


class LazyGroup(click.Group):
    """Lists commands by their registered help line; imports only the one that is called.

    Plugins are looked for only if a command is none of seqkit's own, or all are listed.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [entry.name for entry in _listed()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        entry = _find(name)
        if entry is None:
            return None
        command = entry.load()
        if not isinstance(command, click.Command):
            raise SeqkitError(f"plugin {entry.provider}: {name!r} is no command of click")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and _find(args[0]) is None:
            known = self.list_commands(ctx)
            raise click.UsageError(
                f"no command {args[0]!r}.{hint(args[0], known)} "
                "A plugin's are there once it is installed."
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; end quietly, as after a signal, once our reader is gone (`| head`)."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Python would complain when it flushes stdout at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(141)
        except SeqkitError:
            raise
        except (Exception, KeyboardInterrupt) as error:
            if not _by_ctrl_c(error):
                raise
            raise Interrupted("interrupted") from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in _listed()])


def _by_ctrl_c(error: BaseException | None) -> bool:
    """A compiled module that is interrupted while it is imported fails with an error of its own."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _find(name: str) -> Entry | None:
    """The command of that name that people call, if there is one."""
    for known in (own_components, components):
        if name in known().commands and "/" not in name:
            return known().commands[name]
    return None


def _listed() -> list[Entry]:
    """The commands that people call; those of a task, "TASK/evaluate", run through `evaluate`."""
    return [entry for entry in components().commands if "/" not in entry.name]


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seqkit")
def cli() -> None:
    """Train and run sequence models."""


def main() -> None:
    """Run the command line.

    A `SeqkitError`, or a file that the system refuses, is one line on stderr and exit code 1.
    """
    set_wait_policy()
    _prepare_streams()
    try:
        with _notes_on_stderr():
            cli()
    except SeqkitError as error:
        _complain(str(error))
        sys.exit(128 + error.signal if isinstance(error, Interrupted) else 1)
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        notes = [f" ({note})" for note in getattr(error, "__notes__", [])]
        _complain(f"{error.filename or 'stdout'}: {reason(error)}{''.join(notes)}")
        sys.exit(1)


def _complain(text: str) -> None:
    """One line on stderr, if there still is one: the terminal may be what has gone."""
    line = " ".join(text.split())
    with suppress(OSError):
        click.echo(f"error: {line}", err=True)


def _prepare_streams() -> None:
    """Give the process all three streams, and write UTF-8 whatever the locale says."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


@contextmanager
def _notes_on_stderr() -> Iterator[None]:
    """Show each warning of our own once, as one plain line; other warnings as Python does.

    While a shell completes a line, ours are left out: they would stand in what is being typed.
    """
    shown: set[str] = set()
    show_warning = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if category not in _SHOWN_AS:
            show_warning(message, category, *where, **more)
            return
        text = str(message)
        if text not in shown:
            shown.add(text)
            click.echo(f"{_SHOWN_AS[category]}: {text}", err=True)

    is_completing = "_SEQKIT_COMPLETE" in os.environ
    with warnings.catch_warnings():
        for ours in _SHOWN_AS:
            warnings.simplefilter("ignore" if is_completing else "always", ours)
        warnings.showwarning = show
        yield
