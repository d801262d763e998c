"""Accuracy and its relatives, one definition for every task that names classes.

Precision, recall, F1 and the confusion matrix are those of scikit-learn (0 where a figure would be
divided by nothing); top-k accuracy counts ties against the model.

Shapes: N examples, K classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import WrongValue
from .perplexity import finite
from .signatures import signature_of

_SHOWN_CLASSES = 20  # a larger confusion matrix is not shown as text
_COLUMN = 6  # characters of a column of the confusion matrix, at least
_SCREEN = 100  # characters of a line in which names of classes are shown whole


def accuracy(correct: float, count: int) -> float:
    """Share of the examples whose likeliest class is the true one; nan without examples."""
    if not count:
        return math.nan

    return correct / count


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """(N,), (N,) -> (K, K): how many examples of each true class (row) got each predicted one."""
    shape = (classes, classes)
    table = np.zeros(shape, np.int64)
    np.add.at(table, (labels, predicted), 1)
    return table


class ClassFigures(NamedTuple):
    """The figures of one class; 0 where a figure would be divided by nothing."""

    name: str
    precision: float  # share of the examples predicted to be of this class that are
    recall: float  # share of the examples of this class that are predicted to be
    f1: float  # harmonic mean of precision and recall
    support: int  # examples of this class


@dataclass(frozen=True, repr=False)
class Classification:
    """What a model predicted for labelled examples. A `seqkit.runs.predictor.Report`."""

    classes: Sequence[str]
    probabilities: NDArray[np.floating[Any]]  # (N, K)
    labels: NDArray[np.int64]  # (N,): the true classes, as places in `classes`
    unit: str = "examples"  # what the examples are, in the plural: images, tokens, …
    signature_fields: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (len(self.labels), len(self.classes))
        actual = self.probabilities.shape
        if actual != expected:
            raise WrongValue(f"probabilities are {actual}, expected {expected}")

    def __repr__(self) -> str:
        return f"<Classification: accuracy {self.accuracy:.4f} on {self.count:,} {self.unit}>"

    @property
    def count(self) -> int:
        return len(self.labels)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The likeliest class of each example; of equally likely ones, the first. (N,)"""
        likeliest: NDArray[np.int64] = self.probabilities.argmax(-1)
        return likeliest

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Number of examples by true class (row) and predicted class (column). (K, K)"""
        return confusion_matrix(self.labels, self.predicted, len(self.classes))

    @property
    def accuracy(self) -> float:
        correct = int(self.confusion.trace())
        return accuracy(correct, self.count)

    def top_k_accuracy(self, k: int) -> float:
        """Share of the examples whose true class is among the `k` likeliest.

        A class as likely as the true one counts as likelier, so that a model that tells nothing
        apart gets no credit.
        """
        labels = self.labels[:, None]
        own = np.take_along_axis(self.probabilities, labels, 1)
        is_ahead = self.probabilities >= own  # (N, K), the true class among them
        others_ahead = is_ahead.sum(1) - 1

        correct = int((others_ahead < k).sum())
        return accuracy(correct, self.count)

    @property
    def per_class(self) -> list[ClassFigures]:
        """In the order of `classes`."""
        correct = self.confusion.diagonal()
        actual = self.confusion.sum(1)
        predicted = self.confusion.sum(0)
        return class_figures(self.classes, correct, actual, predicted)

    @property
    def macro_f1(self) -> float:
        """The mean of the classes' F1, over classes that are true or predicted somewhere."""
        return macro_f1(self.per_class, self.confusion.sum(0))

    @property
    def signature(self) -> str:
        """Everything the figures depend on besides the model."""
        return signature_of(self.signature_fields)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON, which knows no nan: None stands for it."""
        top5 = self.top_k_accuracy(5)
        per_class = {figures.name: figures._asdict() for figures in self.per_class}
        return {
            "accuracy": finite(self.accuracy),
            "top5": finite(top5),
            self.unit: self.count,
            "classes": list(self.classes),
            "per_class": per_class,
            "confusion": self.confusion.tolist(),
            "signature": self.signature,
        }

    def __str__(self) -> str:
        """The figures of each class, the confusion matrix if small, accuracy and signature."""
        top5 = self.top_k_accuracy(5)
        shares = f"accuracy {self.accuracy:.4f}  top5 {top5:.4f}"
        return f"{self.tables()}\n\n{shares}  {self.signature}"

    def tables(self) -> str:
        """The figures of each class, and the confusion matrix if small."""
        first_column = ["class", *self.classes]
        width = max(len(name) for name in first_column)
        lines = class_lines(self.per_class, width, self.unit)

        if len(self.classes) <= _SHOWN_CLASSES:
            lines.append("")
            lines += self._confusion_lines(width)
        return "\n".join(lines)

    def _confusion_lines(self, width: int) -> list[str]:
        indent = " " * width
        heading = "true".ljust(width)
        room = (_SCREEN - width - 1) // len(self.classes) - 1
        longest = max(len(name) for name in self.classes)
        column = max(_COLUMN, min(longest, room))
        names = _row((name[:column] for name in self.classes), column)
        lines = [f"{indent}  predicted", f"{heading}  {names}"]

        table = self.confusion.tolist()
        for name, counts in zip(self.classes, table, strict=True):
            start = name.ljust(width)
            lines.append(f"{start}  {_row(counts, column)}")
        return lines


def class_figures(
    classes: Sequence[str],
    correct: NDArray[np.int64],
    actual: NDArray[np.int64],
    predicted: NDArray[np.int64],
) -> list[ClassFigures]:
    """The figures of each class, from how many examples are correct, actual and predicted: (K,)"""
    counts = zip(classes, correct.tolist(), actual.tolist(), predicted.tolist(), strict=True)
    return [
        ClassFigures(
            name,
            precision=_share(right, given),
            recall=_share(right, true),
            f1=_share(2 * right, true + given),
            support=true,
        )
        for name, right, true, given in counts
    ]


def macro_f1(figures: Sequence[ClassFigures], predicted: NDArray[np.int64]) -> float:
    """The mean F1 of classes that are true or predicted somewhere; nan if there are none.

    As scikit-learn's `f1_score(average="macro")`, which knows no other classes.
    """
    present = [
        of_class.f1
        for of_class, given in zip(figures, predicted.tolist(), strict=True)
        if of_class.support or given
    ]
    return sum(present) / len(present) if present else math.nan


def class_lines(figures: Sequence[ClassFigures], width: int, unit: str) -> list[str]:
    """A table of the figures of each class; `width` is that of the column of names."""
    heading = "class".ljust(width)
    lines = [f"{heading}  precision  recall     F1  {unit}"]
    last_width = len(unit)

    for name, precision, recall, f1, support in figures:
        start = name.ljust(width)
        shares = f"{precision:9.4f}  {recall:.4f} {f1:.4f}"
        lines.append(f"{start}  {shares}  {support:{last_width},}")
    return lines


def _share(part: int, whole: int) -> float:
    if not whole:
        return 0.0

    return part / whole


def _row(cells: Iterable[object], column: int) -> str:
    texts = [str(cell) for cell in cells]
    return " ".join(text.rjust(column) for text in texts)
