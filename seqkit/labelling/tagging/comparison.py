"""Two taggers on the same sentences: is the difference more than chance?"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ...errors import DataError
from ...metrics.intervals import paired_p_value
from ...metrics.spans import f1_of_sums
from ..comparison import Comparison
from .report import TaggingReport, accuracy_of_sums


class TaggerComparison(Comparison[TaggingReport]):
    """The reports of two taggers on the same sentences, whose words McNemar's test counts."""

    def __post_init__(self) -> None:
        ours, theirs = self.first, self.second
        if ours.unit != theirs.unit or len(ours.actual) != len(theirs.actual):
            raise DataError("the models were measured on different sentences")
        if [len(tags) for tags in ours.actual] != [len(tags) for tags in theirs.actual]:
            raise DataError("the models were measured on different sentences")
        if (ours.scores.spans is None) != (theirs.scores.spans is None):
            raise DataError("one of the models finds spans, and the other does not")

    @property
    def unit(self) -> str:
        """Words, or characters."""
        return self.first.unit

    @cached_property
    def only_right(self) -> tuple[int, int]:
        """How many words the first model alone tags right, and how many the second alone."""
        first = second = 0
        rows = zip(self._right(self.first), self._right(self.second), strict=True)
        for ours, theirs in rows:
            first += ours and not theirs
            second += theirs and not ours
        return first, second

    def _right(self, report: TaggingReport) -> list[bool]:
        rows = zip(report.predicted, report.actual, strict=True)
        return [ours == true for row in rows for ours, true in zip(*row, strict=True)]

    @cached_property
    def p_values(self) -> dict[str, float]:
        """The p-value of each figure's difference, by the paired bootstrap over sentences."""
        ours, theirs = self.first.scores, self.second.scores
        found = {"accuracy": paired_p_value(ours.words, theirs.words, accuracy_of_sums)}
        if ours.spans is not None and theirs.spans is not None:
            found["f1"] = paired_p_value(
                ours.spans.by_sentence, theirs.spans.by_sentence, f1_of_sums
            )
        return found

    def figures(self) -> dict[str, tuple[float, float]]:
        ours, theirs = self.first.scores.figures(), self.second.scores.figures()
        return {name: (ours[name], theirs[name]) for name in self.p_values}

    def differing(self, most: int) -> list[int]:
        """Numbers of the sentences whose right words differ most, the greatest difference first."""
        gaps = (self.first.scores.words[:, 0] - self.second.scores.words[:, 0]).tolist()
        numbers = [number for number, gap in enumerate(gaps) if gap]
        return sorted(numbers, key=lambda number: -abs(gaps[number]))[:most]

    def shown(self, number: int, data: Any) -> list[str]:
        rows = {
            "right": self.first.actual[number],
            "first": self.first.predicted[number],
            "second": self.second.predicted[number],
        }
        return [f"  {name:<6}  {' '.join(tags)}" for name, tags in rows.items()]
