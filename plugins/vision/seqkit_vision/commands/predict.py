from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqkit.cli.options import PATH, device_options, json_option, one_model_option
from seqkit.errors import DataError
from seqkit.parsing import to_json

if TYPE_CHECKING:
    from ..classifier import Classifier, Prediction


@click.command()
@click.argument("images", nargs=-1, required=True, type=PATH)
@one_model_option("A run folder.", required=True, type=PATH)
@click.option(
    "--topk",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Show the N likeliest classes of each image.",
    metavar="N",
)
@click.option("--skip-bad", is_flag=True, help="Skip images that cannot be read, and say which.")
@device_options
@json_option
def predict(
    images: tuple[Path, ...],
    model: Path,
    topk: int,
    skip_bad: bool,
    device: str,
    as_json: bool,
) -> None:
    """Class names with probabilities for image files, and for folders of them.

    Images that cannot be read are named; without --skip-bad, that is an error in the end.
    """
    import seqkit
    from seqkit.cli.progress import counted

    paths = _image_files(images)
    classifier = seqkit.load(model, device=device, task="vision")

    unread: list[DataError] = []
    predictions = _predictions(classifier, paths, topk, unread)
    one_by_one = ([prediction] for prediction in predictions)
    for (prediction,) in counted(one_by_one, "images", show=not sys.stdout.isatty()):
        click.echo(to_json(prediction.record()) if as_json else prediction)

    _report(unread, len(paths), skip_bad=skip_bad)


def _image_files(given: Sequence[Path]) -> list[Path]:
    """Files as they are; of a folder, the pictures in it and below, readable or not."""
    from ..finding import find_images

    paths: list[Path] = []
    for path in given:
        if not path.is_dir():
            paths.append(path)
            continue

        found = find_images(path)
        pictures = sorted(found.images + found.pictures)
        if not pictures:
            raise DataError(f"{path} holds no images")
        paths += pictures
        for note in found.note_on_others(path):
            click.echo(note, err=True)
    return paths


def _predictions(
    classifier: Classifier, paths: Sequence[Path], top: int, unread: list[DataError]
) -> Iterator[Prediction]:
    """A prediction for each image that can be read; what is wrong with the others."""
    done = 0
    while done < len(paths):
        try:
            for prediction in classifier.predict(paths[done:], top=top):
                done += 1
                yield prediction
        except DataError as error:
            unread.append(error)
            done += 1


def _report(unread: Sequence[DataError], count: int, *, skip_bad: bool) -> None:
    """Name the images that could not be read; raise `DataError` unless they are to be skipped."""
    if skip_bad or len(unread) > 1:
        for error in unread:
            click.echo(f"skipped: {error}", err=True)

    if skip_bad or not unread:
        return
    if len(unread) == 1:
        raise unread[0]
    raise DataError(
        f"{len(unread):,} of {count:,} images could not be read, as named above; "
        "--skip-bad takes that for granted"
    )
