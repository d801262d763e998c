"""`seqkit lm complete`: the words likeliest to come next."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ...cli.lines import STDIN
from ...cli.options import device_options, json_option
from ...errors import DataError
from ...parsing import to_json
from .inputs import FILES, MODEL, arriving_blocks, open_model


@click.command()
@MODEL
@click.option(
    "--top", default=10, show_default=True, type=click.IntRange(min=1), help="At most N words."
)
@click.option("--partial", is_flag=True, help="The last word of a line is unfinished: complete it.")
@device_options
@json_option
@FILES
def complete(
    model: Path,
    top: int,
    partial: bool,
    device: str,
    as_json: bool,
    files: tuple[Path, ...],
) -> None:
    """The words likeliest to follow each line of FILEs (or stdin), and their probabilities.

    A line for each word, the best first, and an empty line at the end of each answer. Lines are
    answered as they arrive.
    """
    _check_files(model, files)
    opened = open_model(model, device)
    for block in arriving_blocks(files):
        for line in block.decode("utf-8").removesuffix("\n").split("\n"):
            prefix, start = _parts(line) if partial else (line, "")
            found = opened.next(prefix, top=top, start=start)

            if as_json:
                words = {word: 10**score for word, score in found}
                click.echo(to_json({"text": line, "next": words}))
                continue
            for word, score in found:
                click.echo(f"{10**score:.6f}\t{word}")
            click.echo()


def _check_files(model: Path, files: tuple[Path, ...]) -> None:
    """Raise `DataError` for a file that is not there: it may be meant as a text."""
    missing = [file for file in files if file != STDIN and not file.exists()]
    if missing:
        text = shlex.join(map(str, missing))
        command = shlex.join(["seqkit", "lm", "complete", "-m", str(model)])
        raise DataError(
            f"there is no file {missing[0]}. If it is the beginning of a line, not a file: "
            f"echo {text} | {command}"
        )


def _parts(line: str) -> tuple[str, str]:
    """A line up to its last word, and what is there of that one."""
    start = line.split(" ")[-1]
    return line.removesuffix(start), start
