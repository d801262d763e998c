from __future__ import annotations

from pathlib import Path

import click

from seqkit.cli.options import PATH, device_options, one_model_option
from seqkit.parsing import to_json
from seqkit.progress import working


@click.command()
@click.argument("images", required=False)
@one_model_option("A run folder.", required=True, type=PATH)
@click.option("--data", help="The same as IMAGES.")
@click.option("--confusion", type=PATH, help="Draw the confusion matrix: *.png, *.svg or *.pdf.")
@click.option("--mistakes", type=PATH, help="Draw the mistakes that the model was surest of.")
@click.option("--skip-bad", is_flag=True, help="Skip images that cannot be read, and say which.")
@device_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    images: str | None,
    model: Path,
    data: str | None,
    confusion: Path | None,
    mistakes: Path | None,
    skip_bad: bool,
    device: str,
    as_json: bool,
) -> None:
    """Accuracy, top 5, precision, recall and F1 of each class, and the confusion matrix.

    IMAGES is a corpus, a folder with a folder of images per class, or a CSV file (path,label);
    without it, the test images of the run are used.
    """
    import seqkit
    from seqkit.drawing.canvas import check_name

    if images is not None and data is not None:
        raise click.UsageError("give IMAGES or --data, not both")
    name = data if images is None else images
    for path in (confusion, mistakes):  # fail before minutes of work
        if path:
            check_name(path)

    classifier = seqkit.load(model, device=device, task="vision")
    test_data = classifier.read_test_data([] if name is None else [name], skip_bad=skip_bad)
    for note in test_data.notes:
        click.echo(note, err=True)
    with working("evaluating"):
        report = classifier.evaluate(test_data)

    click.echo(to_json(report.record()) if as_json else report)

    if confusion or mistakes:
        from seqkit.drawing.confusion import draw_confusion

        from ..pictures import draw_mistakes

        if confusion:
            title = f"{report.data}: accuracy {report.accuracy:.4f}"
            draw_confusion(report.figures.confusion, report.classes, confusion, title=title)
        if mistakes:
            draw_mistakes(report, test_data.images, mistakes)
