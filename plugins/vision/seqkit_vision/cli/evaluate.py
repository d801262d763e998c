from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqkit.cli.options import PATH, device_options, set_threads

if TYPE_CHECKING:
    from ..report import Report


@click.command()
@click.option("-m", "--model", required=True, type=PATH, help="A run folder.")
@click.option(
    "--data",
    help="A corpus, a folder of a folder per class, or a CSV; else the test images of the run.",
)
@click.option("--confusion", type=PATH, help="Draw the confusion matrix: *.png, *.svg or *.pdf.")
@click.option("--mistakes", type=PATH, help="Draw the mistakes that the model was surest of.")
@click.option(
    "--skip-bad", is_flag=True, help="Leave out images that cannot be read, and say which."
)
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def evaluate(
    model: Path,
    data: str | None,
    confusion: Path | None,
    mistakes: Path | None,
    skip_bad: bool,
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Accuracy, top 5, precision, recall and F1 of each class, and what was taken for what."""
    import seqkit
    from seqkit.drawing.canvas import check_name

    from ..evaluation import held_out

    for path in (confusion, mistakes):  # before minutes of work
        if path:
            check_name(path)
    set_threads(threads)
    classifier = seqkit.load(model, device=device, task="vision")
    name, source = held_out(model, classifier, data, skip_bad)
    for note in source.notes:
        click.echo(note, err=True)
    report = classifier.evaluate(source.images, name=name)
    click.echo(json.dumps(report.record(), ensure_ascii=False) if as_json else _text(report))
    if confusion or mistakes:
        from ..pictures import draw_confusion, draw_mistakes

        if confusion:
            draw_confusion(report, confusion)
        if mistakes:
            draw_mistakes(report, source.images, mistakes)


def _text(report: Report) -> str:
    width = max(len(name) for name in (*report.classes, "class"))
    lines = [f"{'class':{width}}  precision  recall     F1  images"]
    for name, precision, recall, f1, support in report.per_class:
        lines.append(f"{name:{width}}  {precision:9.4f}  {recall:.4f} {f1:.4f}  {support:6,}")
    if len(report.classes) <= 20:
        lines += [
            "",
            f"{'':{width}}  taken for",
            f"{'class':{width}}  " + _row(f"{name[:6]}" for name in report.classes),
        ]
        for name, row in zip(report.classes, report.confusion.tolist(), strict=True):
            lines.append(f"{name:{width}}  " + _row(f"{count}" for count in row))
    lines += [
        "",
        f"accuracy {report.accuracy:.4f}  top5 {report.within(5):.4f}  {report.signature}",
    ]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return " ".join(f"{cell:>6}" for cell in cells)
