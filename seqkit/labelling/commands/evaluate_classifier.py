"""`seqkit evaluate -m RUN` for text classifiers: accuracy, F1, confusion, calibration."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.lines import TEXT
from ...cli.options import PATH, device_options, json_option, show_report
from ...errors import ConfigError
from ...progress import working
from .options import models_option, open_classifier, threshold_option


@click.command("evaluate")
@models_option
@click.argument("files", nargs=-1, type=TEXT, metavar="[FILE]...")
@click.option("--confusion", type=PATH, help="Draw which class was taken for which: *.png, *.svg.")
@click.option("--reliability", type=PATH, help="Draw how often it is right by how sure it is.")
@threshold_option
@click.option("--no-baselines", is_flag=True, help="Do not read the training texts to count them.")
@device_options
@json_option
def evaluate(
    models: tuple[str, ...],
    files: tuple[Path, ...],
    confusion: Path | None,
    reliability: Path | None,
    threshold: float | None,
    no_baselines: bool,
    device: str,
    as_json: bool,
) -> None:
    """Accuracy, F1, the figures of each class, confusion and calibration, with their intervals.

    On the labelled texts of FILE..., written as those of the training, or on the test texts of the
    run. The majority class and naive Bayes, counted on the training texts, are beside them. Several
    models answer by the mean of their probabilities; the texts are those of the first.
    """
    from ...drawing.canvas import check_name
    from ..classification.pictures import NO_CONFUSION, draw_confusion, draw_reliability

    for path in (confusion, reliability):  # fail before minutes of work
        if path:
            check_name(path)

    classifier = open_classifier(models, device)
    if confusion and classifier.several:
        raise ConfigError(NO_CONFUSION)
    with working("evaluating"):
        data = classifier.read_test_data(files)
        report = classifier.evaluate(data, threshold=threshold, baselines=not no_baselines)

    show_report(report, as_json=as_json)
    for path, draw in ((confusion, draw_confusion), (reliability, draw_reliability)):
        if path:
            draw(report, path)
            click.echo(f"written to {path}", err=True)
