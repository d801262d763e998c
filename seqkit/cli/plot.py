from __future__ import annotations

from pathlib import Path

import click

from .options import PATH


@click.command()
@click.argument("run", type=PATH)
@click.option("-o", "--output", type=PATH, help="A PNG, SVG or PDF; else RUN/curves.png.")
def plot(run: Path, output: Path | None) -> None:
    """Draw how the training of RUN went: loss, validation figures, learning rate, gradient norm."""
    from ..curves import draw, read

    path = output or run / "curves.png"
    draw(read(run / "log.jsonl"), path, title=run.resolve().name)
    click.echo(path)
