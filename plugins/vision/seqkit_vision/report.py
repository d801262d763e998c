"""How good a classifier is: the one place where accuracy and its relatives are computed.

Shapes: N images, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import __version__


def accuracy(right: float, images: int) -> float:
    """Share of the images that are taken for what they are; `right` is their number."""
    return right / images


class ClassFigures(NamedTuple):
    """Precision, recall and F1 of a class, 0 where nothing was to be divided by; `support` is its images."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Report:
    """Probabilities against labels."""

    classes: Sequence[str]
    probabilities: NDArray[np.float32]  # (N, K)
    labels: NDArray[np.int64]  # (N,)
    names: Sequence[str]  # of the images
    data: str  # what they are
    size: int  # side of the images

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(N,)"""
        found: NDArray[np.int64] = self.probabilities.argmax(-1)
        return found

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """(K, K): how many images of the class of the row were taken for the class of the column."""
        table = np.zeros((len(self.classes), len(self.classes)), np.int64)
        np.add.at(table, (self.labels, self.predicted), 1)
        return table

    @property
    def accuracy(self) -> float:
        return accuracy(int(self.confusion.trace()), len(self.labels))

    def within(self, top: int) -> float:
        """Share of the images whose class is among the `top` likeliest; ties count against the model."""
        own = np.take_along_axis(self.probabilities, self.labels[:, None], 1)
        better = (self.probabilities >= own).sum(1) - 1
        return float((better < top).mean())

    @property
    def per_class(self) -> list[ClassFigures]:
        right, actual, taken = (
            self.confusion.diagonal(),
            self.confusion.sum(1),
            self.confusion.sum(0),
        )
        figures = []
        for i, name in enumerate(self.classes):
            precision = right[i] / taken[i] if taken[i] else 0.0
            recall = right[i] / actual[i] if actual[i] else 0.0
            f1 = 2 * right[i] / (taken[i] + actual[i]) if taken[i] + actual[i] else 0.0
            figures.append(
                ClassFigures(name, float(precision), float(recall), float(f1), int(actual[i]))
            )
        return figures

    def worst(self, count: int) -> NDArray[np.int64]:
        """Rows of the mistakes that the model was surest of, surest first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        sure = self.probabilities[wrong, self.predicted[wrong]]
        return wrong[np.argsort(-sure, kind="stable")[:count]]

    @property
    def signature(self) -> str:
        """All that the figures depend on but the model."""
        return f"data:{self.data}|images:{len(self.labels)}|size:{self.size}|view:center|version:{__version__}"

    def record(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "accuracy": self.accuracy,
            "top5": self.within(5),
            "images": len(self.labels),
            "classes": list(self.classes),
            "per_class": {figures.name: figures._asdict() for figures in self.per_class},
            "confusion": self.confusion.tolist(),
            "signature": self.signature,
        }
