"""Which images a model is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqkit.errors import ConfigError, DataError

from .images import ImageSet
from .listing import part_taken
from .parts import TEST, VALID, Part
from .record import TRAINED, VALIDATED, read_records
from .shapes import Wanted
from .sources import Source, open_source, parts_of

_NAMED = 3  # images that a note names


@dataclass(frozen=True)
class HeldOut:
    """Labelled images for an evaluation."""

    name: str  # what they are; ends in "test" if the source keeps them apart for testing
    images: ImageSet
    notes: list[str]  # what a person should know of them
    content: str = ""  # the same for the same images, wherever they are
    trained_on: Sequence[str] = ()  # names of those on which the model was trained


@dataclass(frozen=True)
class RunData:
    """The images of a run, as its config names them; "" = none."""

    source: str = ""
    test: str = ""
    folder: Path | None = None  # the checkpoint that records what the images were


def own_test_images(run: RunData) -> str:
    """The name of the test images of a run; raises `ConfigError` or `DataError` if it has none."""
    if run.test:
        return run.test
    if {TEST, VALID} & parts_of(run.source):
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

    Notes say which of them the model has seen. Raises `DataError` for classes that the model does
    not know.
    """
    source = open_source(name, TEST, wanted)
    part = part_taken(TEST, parts_of(name))
    trained_on, notes = _seen(source, run)
    if not notes and part is None and _is_source(name, run):
        notes = [
            f"note: the model was trained on most of {name}: this says nothing about other images"
        ]

    return HeldOut(
        _label(name, part, run),
        source.images,
        [*source.notes, *notes],
        content=source.content,
        trained_on=trained_on,
    )


def _label(name: str, part: Part | None, run: RunData) -> str:
    label = Path(name).resolve().name
    if name == run.test:
        part = TEST
    return label if part is None else f"{label} {part}"


def _is_source(name: str, run: RunData) -> bool:
    """Whether these are the training images, by their place; for runs without a record."""
    return bool(run.source) and Path(name).resolve() == Path(run.source).resolve()


def _seen(source: Source, run: RunData) -> tuple[list[str], list[str]]:
    """Names of the images on which the model was trained, byte for byte, and notes on them."""
    records = read_records(run.folder) if run.folder else None
    if records is None:
        return [], []

    for_training = records.prints_of_use(TRAINED)
    for_validation = records.prints_of_use(VALIDATED)
    trained_on = _names(source, for_training)
    validated = _names(source, for_validation - for_training)
    count = len(source.images.labels)
    notes: list[str] = []
    if trained_on:
        notes.append(
            f"note: {_counted(trained_on, count)} byte for byte training images of the model: "
            "the figures say little about other images"
        )
    if validated:
        notes.append(
            f"note: {_counted(validated, count)} validation images of the run, which chose its "
            "best checkpoint: the figures are a little too good"
        )
    return trained_on, notes


def _names(source: Source, prints: set[int]) -> list[str]:
    rows = enumerate(source.prints.tolist())
    return [source.images.names[row] for row, print_ in rows if print_ in prints]


def _counted(names: Sequence[str], count: int) -> str:
    """Such as: 3 of 24 images (a.png, b.png, c.png) are."""
    some = ", ".join(names[:_NAMED])
    more = ", …" if len(names) > _NAMED else ""
    are = "is" if len(names) == 1 else "are"
    return f"{len(names):,} of {count:,} images ({some}{more}) {are}"
