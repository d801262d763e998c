"""Text that is given on the command line: files, and stdin as "-"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..errors import DataError, reason

STDIN = Path("-")
_TAKEN = "seqkit.stdin"  # who reads stdin, in the context of a command


class TextPath(click.Path):
    """A file of text to read, or "-" for stdin, which only one argument can have."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        path = Path(str(super().convert(value, param, ctx)))  # type: ignore[arg-type]
        if path == STDIN and ctx is not None:
            take_stdin(ctx)
        return path


TEXT = TextPath()


def take_stdin(ctx: click.Context | None = None) -> None:
    """Note that the command reads stdin; raises a usage error if it does so already."""
    ctx = ctx or click.get_current_context()
    if ctx.meta.get(_TAKEN):
        raise click.UsageError("stdin can be read only once: give a file for the other")
    ctx.meta[_TAKEN] = True


def read_chunks(path: Path | None) -> Iterator[list[str]]:
    """Lists of lines, as many as can be had without waiting, so that a pipe is answered at once.

    None and "-" are stdin. Raises `DataError` naming the line that is not UTF-8.
    """
    from ..data import files  # imports more than --help should

    return files.read_chunks(path)


def check_readable(path: Path) -> None:
    """Raise `DataError` if the file cannot be read."""
    if path == STDIN or path.is_fifo():  # whose writer would see that it was closed
        return

    try:
        path.open("rb").close()
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
