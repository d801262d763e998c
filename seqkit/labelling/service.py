"""What `seqkit serve` offers of text classifiers and taggers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ..services import JSON, Asked, Operation, Service, Upload, Work

_PER_TOKEN = 4  # characters, about
_INPUTS = Field(description="Texts: a list.")


class Classify(Asked):
    """Texts to be classified."""

    inputs: list[str] = _INPUTS
    top: int = Field(0, ge=0, description="So many of the likeliest classes; 0 = all.")
    threshold: float | None = Field(None, description="Of models that give several labels.")


class Tag(Asked):
    """Sentences whose words are to be tagged."""

    inputs: list[str] = _INPUTS
    split: Literal["words", "spaces"] = Field("words", description="How a line becomes words.")
    probabilities: bool = Field(False, description="Add the probability of each tag.")


def _predict(model: Any, asked: Classify | Tag, uploads: Sequence[Upload]) -> Work:
    settings = asked.model_dump(exclude={"model", "inputs"})
    list(model.predict([], **settings))  # raises for what the model cannot do

    def compute(texts: Sequence[str]) -> Iterator[JSON]:
        for found in model.predict(texts, **settings):
            yield dict(found.record())

    return Work(
        kind=("predict", *settings.values()),
        items=asked.inputs,
        costs=[1 + len(text) // _PER_TOKEN for text in asked.inputs],
        compute=compute,
        answer=lambda records: {"predictions": list(records)},
    )


CLASSIFICATION = Service(
    operations=[Operation("predict", "The labels of texts.", Classify, _predict)],
    describe=lambda model: {"reads": "texts", "labels": model.classes},
    batch_tokens=lambda model: 8000,
)
TAGGING = Service(
    operations=[Operation("predict", "The tags of the words of sentences.", Tag, _predict)],
    describe=lambda model: {"reads": "sentences"},
    batch_tokens=lambda model: 8000,
)
