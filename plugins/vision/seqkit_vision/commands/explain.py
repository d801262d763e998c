from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqkit.cli.options import PATH, device_options, one_model_option

if TYPE_CHECKING:
    from ..classifier import Classifier
    from ..held_out import HeldOut

_MOST_IMAGES = 1000  # to look for dead units in
_SHOWN_CLASSES = 3


@click.command()
@click.argument("image", type=PATH)
@one_model_option("A run folder.", required=True, type=PATH)
@click.option("-o", "--output", type=PATH, help="Draw pictures into this folder.")
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
) -> None:
    """Show what a network makes of IMAGE, and its dead ReLU units.

    With --output it is drawn: where the network looked (Grad-CAM), its first filters, its
    activations.
    """
    import seqkit

    if wanted is not None and output is None:
        raise click.UsageError("--class is for pictures: give a folder for them with --output")
    classifier = seqkit.load(model, device=device, task="vision")
    _check(classifier, image, wanted)
    watched = _images_to_watch(classifier, data)
    if output is not None:
        _make_folder(output)

    top = min(_SHOWN_CLASSES, len(classifier.classes))
    (prediction,) = classifier.predict([image], top=top)
    for name, share in zip(prediction.classes, prediction.probabilities, strict=True):
        click.echo(f"{name} {share:.4f}")

    if output is not None:
        for path in _draw(classifier, image, wanted or prediction.classes[0], output):
            click.echo(path)
    if watched is not None:
        _show_dead_units(classifier, watched)
    if output is None:
        click.echo(
            "for pictures of where the network looked, its filters and activations: -o FOLDER",
            err=True,
        )


def _check(classifier: Classifier, image: Path, wanted: str | None) -> None:
    """Fail before anything is written."""
    from seqkit.errors import UnknownName, hint

    from ..decoding import decode
    from ..explain import convolutions

    if wanted is not None and wanted not in classifier.classes:
        raise UnknownName(f"the model knows no class {wanted!r}.{hint(wanted, classifier.classes)}")
    decode(image)
    convolutions(classifier.model)


def _make_folder(folder: Path) -> None:
    from seqkit.errors import DataError, reason

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write to {folder}: {reason(error)}") from None


def _draw(classifier: Classifier, image: Path, wanted: str, folder: Path) -> list[Path]:
    import torch

    from ..decoding import decode
    from ..explain import activations, first_filters, grad_cam
    from ..pictures import draw_heat, draw_maps

    model = classifier.model
    images = classifier.read(image)
    heat_path, filters_path, activations_path = (
        folder / name for name in ("grad-cam.png", "filters.png", "activations.png")
    )

    label = torch.tensor([classifier.classes.index(wanted)], device=images.device)
    (heat,) = grad_cam(model, images, label)
    pixels = decode(image, size=classifier.size, channels=classifier.channels, deep=classifier.deep)
    title = f"{image.name}: what speaks for {wanted}"
    draw_heat(torch.from_numpy(pixels.copy()), heat, heat_path, title=title)

    filters = first_filters(model)
    if filters.shape[1] != 3:  # not colours
        filters = filters.mean(1)
    draw_maps({"first filters": filters}, filters_path, title=classifier.name)

    maps = {name: found[0] for name, found in activations(model, images).items()}
    title = f"{image.name}: activations of {classifier.name}"
    draw_maps(maps, activations_path, title=title)

    return [heat_path, filters_path, activations_path]


def _images_to_watch(classifier: Classifier, data: str | None) -> HeldOut | None:
    """Images to look for dead units in, if the model has ReLU layers."""
    from torch import nn

    from seqkit.errors import SeqkitError

    if not any(isinstance(module, nn.ReLU) for module in classifier.model.modules()):
        return None
    if data is not None:
        return classifier.read_test_data([data])

    try:
        return classifier.read_test_data()
    except SeqkitError as error:
        click.echo(f"not looking for dead units: {error}", err=True)
        return None


def _show_dead_units(classifier: Classifier, watched: HeldOut) -> None:
    """The share of dead units of each layer."""
    import torch

    from ..explain import dead_units
    from ..views import Plain

    count = min(_MOST_IMAGES, len(watched.images.labels))
    rows = torch.arange(count).split(250)
    batches = watched.images.batches(rows, Plain(classifier.normalise), 0)
    images = (batch.to(classifier.device).images for batch in batches)
    shares = dead_units(classifier.model, images)

    click.echo(f"ReLU units that none of {count:,} images ({watched.name}) activates:")
    for layer, share in shares.items():
        click.echo(f"  {layer:24} {share:.1%}")
