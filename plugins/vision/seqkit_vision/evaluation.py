"""Which images a model is measured on."""

from __future__ import annotations

from pathlib import Path

from seqkit.config import build
from seqkit.errors import ConfigError, DataError
from seqkit.runs.open import config_of

from .classifier import Classifier
from .corpora import TEST
from .sources import Source, Wanted, has_test_part, open_source
from .task import ImageData


def held_out(
    model: str | Path, classifier: Classifier, data: str | None = None, skip_bad: bool = False
) -> tuple[str, Source]:
    """The name and the images of `data`, or of the test images of the run.

    The name ends in "test" if they are kept apart for testing; a note says if the model was trained on them. Raises
    `ConfigError` if the run has no test images, `DataError` for classes that the model does not know.
    """
    settings = build(ImageData, config_of(model)[0].sections["data"], "[data]")
    if data is None:
        data = settings.test or (settings.source if has_test_part(settings.source) else None)
        if data is None and not Path(settings.source).exists():
            raise DataError(
                f"{settings.source}, which the model was trained on, is gone: give images with --data"
            )
        if data is None:
            raise ConfigError(
                f"{settings.source} keeps no test images apart: give some with --data, or train with data.test"
            )
    source = open_source(
        data, TEST, Wanted(classifier.size, classifier.channels, classifier.classes, skip_bad)
    )
    apart = data == settings.test or has_test_part(data)
    if not apart and Path(data).absolute() == Path(settings.source):
        source.notes.append(
            f"note: the model was trained on most of {data}: this says nothing about other images"
        )
    return f"{Path(data).resolve().name}{f' {TEST}' if apart else ''}", source
