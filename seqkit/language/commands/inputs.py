"""What the commands of `seqkit lm` have in common: models and texts to open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...cli.options import PATH
from ...errors import DataError

if TYPE_CHECKING:
    from ...metrics.scoring import Scorer

FILES = click.argument("files", nargs=-1, type=PATH, metavar="[FILE]...")
MODEL = click.option(
    "-m", "--model", required=True, type=PATH, help="Run folder, ARPA file, or seqkit's binary."
)


def open_model(path: Path, device: str) -> Scorer:
    """The language model at `path`, of whatever kind."""
    from ...runs.load import load

    scorer: Scorer = load(path, device=device, task="language-modelling")
    return scorer


def read(files: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    """Blocks of whole lines of all files, or of stdin, each with the name of where it comes from."""
    from ...cli.progress import counted
    from ...ngram.text import blocks

    for path in files or (None,):
        for block in counted(blocks(path), f"bytes of {path or 'stdin'} read"):
            yield str(path or "stdin"), block


def texts_of(files: tuple[Path, ...]) -> list[bytes]:
    """All blocks, of which there must be one; they are read again and again."""
    found = [block for _, block in read(files)]
    if not found:
        raise DataError(f"{', '.join(map(str, files)) or 'stdin'}: the text is empty")
    return found
