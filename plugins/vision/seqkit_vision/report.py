"""How good a classifier is: the figures of `seqkit.metrics.classification`, and the mistakes.

Shapes: N images, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.metrics.classification import Classification

from . import __version__

_DIGITS = 12  # of the digest of the images, in the signature


@dataclass(frozen=True, repr=False)
class Report:
    """Predictions for labelled images."""

    classes: Sequence[str]
    probabilities: NDArray[np.float32]  # (N, K)
    labels: NDArray[np.int64]  # (N,)
    names: Sequence[str]  # of the images
    data: str  # what the images are
    size: int  # side of the images
    content: str = ""  # a digest of them
    trained_on: Sequence[str] = ()  # names of those on which the model was trained

    def __repr__(self) -> str:
        return f"<Report: accuracy {self.accuracy:.4f} on {len(self.labels):,} images>"

    @cached_property
    def figures(self) -> Classification:
        fields = {
            "data": self.data,
            "images": str(len(self.labels)),
            "size": str(self.size),
            "view": "center",
            **self._content,
            "compute": "float32",
            "seqkit-vision": __version__,
        }
        return Classification(
            self.classes, self.probabilities, self.labels, unit="images", signature_fields=fields
        )

    @property
    def _content(self) -> dict[str, str]:
        return {"content": self.content[:_DIGITS]} if self.content else {}

    @property
    def accuracy(self) -> float:
        return self.figures.accuracy

    @property
    def signature(self) -> str:
        """Everything the figures depend on besides the model."""
        return self.figures.signature

    def worst(self, count: int) -> NDArray[np.int64]:
        """Rows of the `count` mistakes that the model was surest of, the surest first."""
        predicted = self.figures.predicted
        mistakes = np.flatnonzero(predicted != self.labels)
        confidence = self.probabilities[mistakes, predicted[mistakes]]
        surest_first = np.argsort(-confidence, kind="stable")
        return mistakes[surest_first[:count]]

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints."""
        record = self.figures.record()
        if self.trained_on:
            record["trained_on"] = list(self.trained_on)
        return record

    def __str__(self) -> str:
        """The figures of each class, the confusion matrix, accuracy and signature."""
        return str(self.figures)
