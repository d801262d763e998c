"""`seqkit plot`: learning curves of a run."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH


@click.command()
@click.argument("run", type=PATH)
@click.option(
    "-o", "--output", type=PATH, help="A PNG, SVG or PDF; else RUN/curves.png or layers.png."
)
@click.option(
    "--layers",
    is_flag=True,
    help="Each layer's gradient norm and dead units, if train.watch was on.",
)
def plot(run: Path, output: Path | None, layers: bool) -> None:
    """Draw how the training of RUN went: loss, validation figures, learning rate, gradient norm.

    Of the folder of a cross-validation, the mean and the spread over its folds.
    """
    from ..drawing.curves import draw, draw_layers, read
    from ..drawing.folds import draw_folds
    from ..runs.folds import fold_folders

    draw_run = draw_layers if layers else draw
    path = output or run / ("layers.png" if layers else "curves.png")
    title = run.resolve().name

    folds = fold_folders(run)
    if folds and not layers:
        draw_folds([read(fold / "log.jsonl") for fold in folds], path, title=title)
    else:
        draw_run(read(run / "log.jsonl"), path, title=title)
    click.echo(path)
