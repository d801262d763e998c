"""`seqkit lm stats`: tokens, types and n-grams of a text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ...cli.options import PATH, json_option
from ...parsing import to_json
from ...progress import working
from .inputs import FILES, pre_tokenizer_of, read_blocks


@click.command()
@click.option(
    "--order",
    default=3,
    show_default=True,
    type=click.IntRange(min=1),
    help="Up to n-grams of this length.",
)
@click.option(
    "--tokenizer",
    default="word",
    show_default=True,
    help="word, char, whitespace, or the folder of a trained one or of a run.",
)
@click.option(
    "--top",
    default=10,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="N",
    help="Show the N most frequent.",
)
@click.option(
    "--plot", type=PATH, help="Draw count against rank, both logarithmic: a PNG, SVG or PDF."
)
@json_option
@FILES
def stats(
    order: int, tokenizer: str, top: int, plot: Path | None, as_json: bool, files: tuple[Path, ...]
) -> None:
    """Tokens, types and the most frequent n-grams of FILEs (or stdin), and Zipf's exponents."""
    from ...ngram.statistics import draw, frequencies, summary
    from ...ngram.training import count_blocks

    pre_tokenizer = pre_tokenizer_of(tokenizer)
    with working("counting"):
        counts = count_blocks(
            read_blocks(files), order=order, unk="skip", pre_tokenizer=pre_tokenizer
        )
        tables = frequencies(counts)
    if plot:
        draw(tables, plot)
        click.echo(f"drawn to {plot}", err=True)

    found = summary(counts, tables, top)
    if as_json:
        click.echo(to_json(found))
    else:
        _show(found)


def _show(found: Mapping[str, Any]) -> None:
    click.echo(f"{found['sentences']:,} lines, {found['tokens']:,} tokens")
    for row in found["orders"]:
        click.echo(
            f"{row['order']}-grams: {row['types']:,} different, {row['once']:,} seen once, "
            f"Zipf's exponent {row['zipf_exponent']:.3f}"
        )
        for gram, count in row["commonest"]:
            click.echo(f"  {count:>9,}  {gram}")
