from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from seqkit.cli.options import PATH, device_options, json_option, set_threads
from seqkit.errors import DataError
from seqkit.parsing import to_json


@click.command()
@click.argument("images", nargs=-1, required=True, type=PATH)
@click.option("-m", "--model", required=True, type=PATH, help="A run folder.")
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
    threads: int | None,
    as_json: bool,
) -> None:
    """Class names with probabilities for image files, and for folders of them."""
    import seqkit
    from seqkit.cli.progress import counted

    paths = _image_files(images)
    set_threads(threads)
    classifier = seqkit.load(model, device=device, task="vision")
    if skip_bad:
        paths = list(_readable(paths))

    predictions = classifier.predict(paths, top=topk)
    one_by_one = ([prediction] for prediction in predictions)
    for (prediction,) in counted(one_by_one, "images", show=not sys.stdout.isatty()):
        if as_json:
            click.echo(to_json(prediction.record()))
        else:
            click.echo(prediction)


def _image_files(given: Sequence[Path]) -> list[Path]:
    """Files as they are; of a folder, the images in it and below."""
    from ..finding import find_images

    paths: list[Path] = []
    for path in given:
        found = find_images(path).images if path.is_dir() else [path]
        if not found:
            raise DataError(f"{path} holds no images")
        paths += found
    return paths


def _readable(paths: Sequence[Path]) -> Iterator[Path]:
    """The images that can be read; the others are reported."""
    from ..decoding import decode

    for path in paths:
        try:
            decode(path)
        except DataError as error:
            click.echo(f"skipped: {error}", err=True)
        else:
            yield path
