"""Which images a model is measured on."""

from __future__ import annotations

from pathlib import Path

from seqkit.config import build
from seqkit.errors import ConfigError
from seqkit.runs import config_of

from .classifier import Classifier
from .corpora import TEST
from .sources import Source, Wanted, has_test_part, open_source
from .task import ImageData


def held_out(
    model: str | Path, classifier: Classifier, data: str | None = None, skip_bad: bool = False
) -> tuple[str, Source]:
    """The name and the images of `data`, or of the test images of the run; never those that the model was trained on.

    Raises `ConfigError` if the run has no test images, `DataError` for classes that the model does not know.
    """
    if data is None:
        settings = build(ImageData, config_of(model)[0].data, "[data]")
        data = settings.test or (settings.source if has_test_part(settings.source) else None)
        if data is None:
            raise ConfigError(
                f"{settings.source} keeps no test images apart: give some with --data, or train with data.test"
            )
    wanted = Wanted(classifier.size, classifier.channels, classifier.classes, skip_bad)
    return f"{Path(data).resolve().name} {TEST}", open_source(data, TEST, wanted)
