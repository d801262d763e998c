"""`seqkit lm score`: log probabilities of lines and of tokens, and a page that shows them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...cli.options import PATH, device_options, opened, refuse_input
from .inputs import FILES, MODEL, arriving_blocks, open_model, read_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...metrics.scoring import Scorer, Scores

_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # U+2581, as SentencePiece shows a space
_WHITE = str.maketrans(dict.fromkeys(" \t\n", _SPACE))


@click.command()
@MODEL
@click.option(
    "--tokens",
    is_flag=True,
    help="A line for each token: token, score, length of the n-gram found, OOV.",
)
@click.option(
    "--base",
    type=click.Choice(["10", "e"]),
    default="10",
    show_default=True,
    help="Base of the logarithms.",
)
@click.option(
    "--html",
    "page",
    type=PATH,
    help="Write a page that colours each token by its surprisal, and no scores.",
)
@click.option("--output", "-o", type=PATH, help="Write here instead of stdout.")
@device_options
@FILES
def score(
    model: Path,
    tokens: bool,
    base: str,
    page: Path | None,
    output: Path | None,
    device: str,
    files: tuple[Path, ...],
) -> None:
    """Log probability of each line of FILEs (or stdin), its end included, to base 10 or --base e.

    A network scores a line after the lines before it; an n-gram model scores each line by itself.
    Lines are answered as they arrive.
    """
    import numpy as np

    refuse_input(output, files)
    refuse_input(page, files)
    scorer = open_model(model, device)
    if page:
        _write_page(scorer, page, files)
        return

    factor = math.log(10) if base == "e" else 1.0
    with opened(output) as write:
        for block, found in scorer.score_blocks(arriving_blocks(files), at_once=True):
            values = found.scores.astype(np.float64) * factor
            lines = _token_lines(scorer, block, found, values) if tokens else _sums(found, values)
            write("\n".join(lines))


def _sums(found: Scores, values: NDArray[np.float64]) -> Iterator[str]:
    """The sum of each line's values."""
    from ..scoring import line_sums

    for value in line_sums(values, found.ends).tolist():
        yield f"{value:.6f}"


def _token_lines(
    scorer: Scorer, block: bytes, found: Scores, values: NDArray[np.float64]
) -> Iterator[str]:
    """A row for each token, and an empty line after each line of the text."""
    columns = (scorer.tokens_of(block), values, found.lengths, found.oov, found.ends)
    for token, value, length, is_oov, is_end in zip(*columns, strict=True):
        mark = "OOV" if is_oov else ""
        yield f"{token.translate(_WHITE)}\t{value:.6f}\t{length}\t{mark}"
        if is_end:
            yield ""


def _write_page(scorer: Scorer, path: Path, files: tuple[Path, ...]) -> None:
    from ..surprisal import surprisal_page

    title = " ".join(map(str, files)) or "stdin"
    page = surprisal_page(scorer, read_text(files), title)
    with opened(path) as write:
        write(page.removesuffix("\n"))
    click.echo(f"written to {path}", err=True)
