"""Figures of a model that gives an example several labels or none.

Precision, recall and F1 are those of scikit-learn (0 where a figure would be divided by nothing).

Shapes: N examples, K classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import WrongValue
from .classification import ClassFigures, accuracy, class_figures, class_lines, macro_f1
from .perplexity import finite
from .signatures import signature_of

THRESHOLD = 0.5  # a label is given if it is at least as probable


@dataclass(frozen=True, repr=False)
class SeveralLabels:
    """What a model predicted for examples with any number of labels."""

    classes: Sequence[str]
    probabilities: NDArray[np.floating[Any]]  # (N, K), of each label by itself
    labels: NDArray[np.bool_]  # (N, K)
    threshold: float = THRESHOLD
    unit: str = "examples"  # what the examples are, in the plural
    signature_fields: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (len(self.labels), len(self.classes))
        for shape in (self.probabilities.shape, self.labels.shape):
            if shape != expected:
                raise WrongValue(f"probabilities or labels are {shape}, expected {expected}")

    def __repr__(self) -> str:
        return f"<SeveralLabels: micro F1 {self.micro_f1:.4f} on {self.count:,} {self.unit}>"

    @property
    def count(self) -> int:
        return len(self.labels)

    @cached_property
    def predicted(self) -> NDArray[np.bool_]:
        """(N, K)"""
        given: NDArray[np.bool_] = self.probabilities >= self.threshold
        return given

    @property
    def accuracy(self) -> float:
        """Share of the examples with exactly the true labels."""
        same = (self.predicted == self.labels).all(1)
        return accuracy(int(same.sum()), self.count)

    @property
    def per_class(self) -> list[ClassFigures]:
        """In the order of `classes`."""
        hits = (self.predicted & self.labels).sum(0)
        return class_figures(self.classes, hits, self.labels.sum(0), self.predicted.sum(0))

    @property
    def micro_f1(self) -> float:
        """F1 over all labels of all examples; nan without any."""
        hits = int((self.predicted & self.labels).sum())
        both = int(self.predicted.sum()) + int(self.labels.sum())
        return 2 * hits / both if both else math.nan

    @property
    def macro_f1(self) -> float:
        """The mean of the classes' F1, over classes that are true or predicted somewhere.

        scikit-learn's, of a matrix of labels, takes the F1 of every other class for 0.
        """
        return macro_f1(self.per_class, self.predicted.sum(0))

    @property
    def signature(self) -> str:
        """Everything the figures depend on besides the model."""
        return signature_of({**self.signature_fields, "threshold": f"{self.threshold:g}"})

    def record(self) -> dict[str, Any]:
        """Plain data for JSON, which knows no nan: None stands for it."""
        return {
            "accuracy": finite(self.accuracy),
            "micro_f1": finite(self.micro_f1),
            "macro_f1": finite(self.macro_f1),
            self.unit: self.count,
            "classes": list(self.classes),
            "per_class": {figures.name: figures._asdict() for figures in self.per_class},
            "signature": self.signature,
        }

    def tables(self) -> str:
        """The figures of each class."""
        width = max(len(name) for name in ["class", *self.classes])
        return "\n".join(class_lines(self.per_class, width, self.unit))

    def __str__(self) -> str:
        """The figures of each class, F1, the share of exact answers and the signature."""
        shares = (
            f"micro F1 {self.micro_f1:.4f}  macro F1 {self.macro_f1:.4f}  exact {self.accuracy:.4f}"
        )
        return f"{self.tables()}\n\n{shares}  {self.signature}"
