"""Precision, recall and F1 of spans, as `conlleval` counts them.

`conlleval` is the script of the CoNLL shared tasks (Tjong Kim Sang & Buchholz 2000); seqeval counts
the same. A span is right if its first word, its last word and its type are. A figure that would be
divided by nothing is 0.

Words of a segmented text are spans, too, of no type. What the bakeoffs of SIGHAN report besides is
the recall of words that the training text has, and of those it has not (Sproat & Emerson 2003).

Shapes: N sentences.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import WrongValue

Typed = tuple[int, int, str]  # first word, word behind the last, type


class SpanFigures(NamedTuple):
    """The figures of spans of one type, or of all."""

    precision: float
    recall: float
    f1: float
    correct: int
    predicted: int
    actual: int


def span_figures(correct: int, predicted: int, actual: int) -> SpanFigures:
    """The figures of so many spans."""
    return SpanFigures(
        precision=_share(correct, predicted),
        recall=_share(correct, actual),
        f1=_share(2 * correct, predicted + actual),
        correct=correct,
        predicted=predicted,
        actual=actual,
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def f1_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of correct, predicted and actual spans (S, 3) -> F1 (S,), as `intervals` takes it."""
    both = sums[:, 1] + sums[:, 2]
    return np.divide(2 * sums[:, 0], both, out=np.zeros(len(sums)), where=both > 0)


@dataclass(frozen=True, repr=False)
class SpanCounts:
    """Spans of N sentences, counted by sentence and by type."""

    by_sentence: NDArray[np.int64]  # (N, 3): correct, predicted, actual
    by_type: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, predicted: Sequence[Iterable[Typed]], actual: Sequence[Iterable[Typed]]
    ) -> SpanCounts:
        """Count the spans of sentences; raises `WrongValue` if there are not as many of both."""
        if len(predicted) != len(actual):
            raise WrongValue(
                f"spans of {len(predicted):,} sentences, and {len(actual):,} right ones"
            )

        rows = np.zeros((len(actual), 3), np.int64)
        table: dict[str, list[int]] = {}
        for row, found, right in zip(rows, predicted, actual, strict=True):
            found_spans, right_spans = set(found), set(right)
            parts = (found_spans & right_spans, found_spans, right_spans)
            row[:] = [len(part) for part in parts]
            for column, part in enumerate(parts):
                for _, _, kind in part:
                    table.setdefault(kind, [0, 0, 0])[column] += 1

        ordered = sorted(table.items())
        return cls(rows, {kind: (counts[0], counts[1], counts[2]) for kind, counts in ordered})

    def __repr__(self) -> str:
        return f"<SpanCounts: F1 {self.figures.f1:.4f}, {self.figures.actual:,} spans>"

    @property
    def figures(self) -> SpanFigures:
        """Of all spans together."""
        correct, predicted, actual = self.by_sentence.sum(0).tolist()
        return span_figures(correct, predicted, actual)

    @property
    def per_type(self) -> dict[str, SpanFigures]:
        """By type, in alphabetical order."""
        return {kind: span_figures(*counts) for kind, counts in self.by_type.items()}

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        per_type = {kind: figures._asdict() for kind, figures in self.per_type.items()}
        return {**self.figures._asdict(), "per_type": per_type}


class WordRecall(NamedTuple):
    """How many words of a text the training text does not have, and how many of both are found."""

    unknown: int
    unknown_found: int
    known: int
    known_found: int

    @property
    def oov_rate(self) -> float:
        """Share of the words that the training text does not have."""
        return _share(self.unknown, self.unknown + self.known)

    @property
    def oov_recall(self) -> float:
        """Share of those that are found; nan without any."""
        return self.unknown_found / self.unknown if self.unknown else math.nan

    @property
    def known_recall(self) -> float:
        """Share of the others that are found; nan without any."""
        return self.known_found / self.known if self.known else math.nan


def word_recall(
    predicted: Iterable[Sequence[str]], actual: Iterable[Sequence[str]], known: Collection[str]
) -> WordRecall:
    """Segmented sentences, predicted and right, and the words of the training text."""
    counts = [0, 0, 0, 0]
    for found, right in zip(predicted, actual, strict=True):
        places = set(_places(found))
        for place, word in zip(_places(right), right, strict=True):
            first = 2 if word in known else 0
            counts[first] += 1
            counts[first + 1] += place in places
    return WordRecall(*counts)


def _places(words: Sequence[str]) -> list[tuple[int, int]]:
    """Where words are in the text without blanks."""
    places: list[tuple[int, int]] = []
    start = 0
    for word in words:
        places.append((start, start + len(word)))
        start += len(word)
    return places
