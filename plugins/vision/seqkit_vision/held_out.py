"""Which images a model is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seqkit.errors import ConfigError, DataError

from .corpora import TEST
from .images import ImageSet
from .sources import Wanted, has_test_part, open_source


@dataclass(frozen=True)
class HeldOut:
    """Labelled images for an evaluation."""

    name: str  # what they are; ends in "test" if the source keeps them apart for testing
    images: ImageSet
    notes: list[str]  # what a person should know of them


@dataclass(frozen=True)
class RunData:
    """The images of a run, as its config names them; "" = none."""

    source: str = ""
    test: str = ""


def own_test_images(run: RunData) -> str:
    """The name of the test images of a run; raises `ConfigError` or `DataError` if it has none."""
    if run.test:
        return run.test
    if has_test_part(run.source):
        return run.source

    if not Path(run.source).exists():
        raise DataError(
            f"{run.source}, which the model was trained on, is gone: give images with --data"
        )
    raise ConfigError(
        f"{run.source} keeps no test images apart: give some with --data, or train with data.test"
    )


def open_held_out(name: str, run: RunData, wanted: Wanted) -> HeldOut:
    """The test images of a corpus, a folder or a CSV file.

    A note says if the model was trained on them. Raises `DataError` for classes that the model does
    not know.
    """
    source = open_source(name, TEST, wanted)
    notes = list(source.notes)

    apart = name == run.test or has_test_part(name)
    if not apart and Path(name).absolute() == Path(run.source):
        notes.append(
            f"note: the model was trained on most of {name}: this says nothing about other images"
        )

    label = Path(name).resolve().name
    if apart:
        label += f" {TEST}"
    return HeldOut(label, source.images, notes)
