from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from seqkit.cli.options import PATH, device_options, set_threads
from seqkit.errors import DataError


@click.command()
@click.argument("images", nargs=-1, required=True, type=PATH)
@click.option("-m", "--model", required=True, type=PATH, help="A run folder.")
@click.option(
    "--topk",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="So many classes an image.",
)
@click.option(
    "--skip-bad", is_flag=True, help="Leave out images that cannot be read, and say which."
)
@device_options
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
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

    from ..decoding import decode, find_images

    paths: list[Path] = []
    for given in images:
        found = find_images(given) if given.is_dir() else [given]
        if not found:
            raise DataError(f"{given} holds no images")
        paths += found
    set_threads(threads)
    classifier = seqkit.load(model, device=device, task="vision")
    good = []
    for path in paths if skip_bad else ():
        try:
            decode(path)
            good.append(path)
        except DataError as error:
            click.echo(f"skipped: {error}", err=True)
    for (found_one,) in counted(
        ([prediction] for prediction in classifier.predict(good if skip_bad else paths, top=topk)),
        "images",
        show=not sys.stdout.isatty(),
    ):
        if as_json:
            pairs = dict(zip(found_one.classes, found_one.probabilities, strict=True))
            click.echo(json.dumps({"image": found_one.image, "classes": pairs}, ensure_ascii=False))
            continue
        named = zip(found_one.classes, found_one.probabilities, strict=True)
        click.echo("\t".join([found_one.image, *(f"{name} {share:.4f}" for name, share in named)]))
