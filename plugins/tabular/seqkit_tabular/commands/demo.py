from __future__ import annotations

from pathlib import Path

import click

from seqkit.cli.options import PATH, opened

KINDS = ("linear", "xor", "polynomial")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.option("-o", "--output", type=PATH, help="Write the CSV to this file; else stdout.")
@click.option(
    "--rows",
    default=1000,
    show_default=True,
    type=click.IntRange(min=2),
    metavar="N",
    help="How many rows.",
)
@click.option(
    "--noise",
    type=click.FloatRange(min=0),
    help="Standard deviation of the noise; else the kind's own.",
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Fixes the numbers."
)
def demo(kind: str, output: Path | None, rows: int, noise: float | None, seed: int) -> None:
    """Write a table that follows a known rule, for the first chapters of a course.

    linear: two weights to be found. xor: two classes that no line parts. polynomial: a curve, with
    columns that invite to overfit.
    """
    from ..demo import DEMOS, table

    columns = table(kind, rows, noise, seed)
    with opened(output) as write:
        write(",".join(columns))
        for row in zip(*columns.values(), strict=True):
            write(",".join(f"{cell:.7g}" if isinstance(cell, float) else str(cell) for cell in row))
    click.echo(f"what is true of it: {DEMOS[kind].truth}", err=True)
