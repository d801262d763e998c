"""`seqkit evaluate -m RUN` for taggers: accuracy, spans, words, and the confusion of tags."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.lines import TEXT
from ...cli.options import (
    PATH,
    device_options,
    json_option,
    one_model_option,
    show_report,
)
from ...progress import working


@click.command("evaluate")
@one_model_option("A run folder.", required=True)
@click.argument("files", nargs=-1, type=TEXT, metavar="[FILE]...")
@click.option("--confusion", type=PATH, help="Draw which tag was taken for which: *.png, *.svg.")
@device_options
@json_option
def evaluate(
    model: str,
    files: tuple[Path, ...],
    confusion: Path | None,
    device: str,
    as_json: bool,
) -> None:
    """Accuracy, F1 of spans by type, of segmented text F1 of words and OOV recall.

    On the sentences of FILE..., of the format of the run, or on the test sentences of the run. What
    counting reaches is beside every figure.
    """
    from ...drawing.canvas import check_name
    from ...runs.load import load

    if confusion:  # fail before minutes of work
        check_name(confusion)

    tagger = load(model, device=device, task="tagging")
    with working("evaluating"):
        data = tagger.read_test_data(files)
        report = tagger.evaluate(data)

    show_report(report, as_json=as_json)
    if confusion:
        from ...drawing.confusion import draw_confusion

        by_tag = report.by_tag
        title = f"accuracy {report.accuracy:.4f}"
        draw_confusion(by_tag.confusion, by_tag.classes, confusion, title=title)
        click.echo(f"written to {confusion}", err=True)
