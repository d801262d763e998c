from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqkit.cli.options import PATH, device_options, set_threads

if TYPE_CHECKING:
    from ..classifier import Classifier
    from ..sources import Source


@click.command()
@click.argument("image", type=PATH)
@click.option("-m", "--model", required=True, type=PATH, help="A run folder.")
@click.option(
    "-o", "--output", type=PATH, help="Folder for the pictures; else IMAGE-explained here."
)
@click.option("--class", "wanted", help="Show what speaks for this class; else for the likeliest.")
@click.option("--data", help="Images to look for dead units in; else the test images of the run.")
@device_options
def explain(
    image: Path,
    model: Path,
    output: Path | None,
    wanted: str | None,
    data: str | None,
    device: str,
    threads: int | None,
) -> None:
    """Where the network looked (Grad-CAM), its first filters, its activations; dead ReLU units of each layer."""
    import seqkit
    from seqkit.errors import DataError, UnknownName, hint, reason

    from ..decoding import decode
    from ..explain import convolutions

    set_threads(threads)
    classifier = seqkit.load(model, device=device, task="vision")
    if wanted is not None and wanted not in classifier.classes:
        raise UnknownName(f"the model knows no class {wanted!r}.{hint(wanted, classifier.classes)}")
    decode(image)
    convolutions(classifier.model)  # or it is refused, before anything is written
    watched = _images(classifier, model, data)
    folder = output or Path(
        f"{image.stem}-explained"
    )  # not beside the image: that may be where training finds it
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write to {folder}: {reason(error)}") from None
    (prediction,) = classifier.predict([image], top=min(3, len(classifier.classes)))
    for name, share in zip(prediction.classes, prediction.probabilities, strict=True):
        click.echo(f"{name} {share:.4f}")
    for path in _draw(classifier, image, wanted or prediction.classes[0], folder):
        click.echo(path)
    if watched:
        _dead(classifier, *watched)


def _draw(classifier: Classifier, image: Path, wanted: str, folder: Path) -> list[Path]:
    import torch

    from ..decoding import decode
    from ..explain import activations, first_filters, grad_cam
    from ..pictures import draw_heat, draw_maps

    images = classifier.read(image)
    heat = grad_cam(
        classifier.model,
        images,
        torch.tensor([classifier.classes.index(wanted)], device=images.device),
    )
    pixels = torch.from_numpy(
        decode(image, size=classifier.size, channels=classifier.channels).copy()
    )
    paths = [folder / name for name in ("grad-cam.png", "filters.png", "activations.png")]
    draw_heat(pixels, heat[0], paths[0], title=f"{image.name}: what speaks for {wanted}")
    filters = first_filters(classifier.model)
    shown = filters if filters.shape[1] == 3 else filters.mean(1)
    draw_maps({"first filters": shown}, paths[1], title=classifier.name)
    maps = {name: found[0] for name, found in activations(classifier.model, images).items()}
    draw_maps(maps, paths[2], title=f"{image.name}: activations of {classifier.name}")
    return paths


def _images(classifier: Classifier, model: Path, data: str | None) -> tuple[str, Source] | None:
    """What to look for dead units in, by name, if there are ReLU layers, and images."""
    from torch import nn

    from seqkit.errors import SeqkitError

    from ..evaluation import held_out

    if not any(isinstance(module, nn.ReLU) for module in classifier.model.modules()):
        return None
    try:
        return held_out(model, classifier, data)
    except SeqkitError as error:
        if data is not None:
            raise
        click.echo(f"dead units are not looked for: {error}", err=True)
        return None


def _dead(classifier: Classifier, name: str, source: Source) -> None:
    """The share of dead units of each layer."""
    import torch

    from ..explain import dead_units
    from ..views import Plain

    rows = torch.arange(min(1000, len(source.images.labels))).split(250)
    batches = source.images.batches(rows, Plain(classifier.normalise), 0)
    found = dead_units(classifier.model, (batch.to(classifier.device).images for batch in batches))
    click.echo(f"ReLU units that no one of {sum(map(len, rows)):,} images ({name}) makes fire:")
    for layer, share in found.items():
        click.echo(f"  {layer:24} {share:.1%}")
