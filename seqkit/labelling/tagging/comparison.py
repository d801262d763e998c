"""Two taggers on the same sentences: is the difference more than chance?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...errors import DataError
from ...metrics.intervals import paired_p_value
from ...metrics.mcnemar import mcnemar
from ...metrics.spans import f1_of_sums
from .report import TaggingReport, accuracy_of_sums


@dataclass(frozen=True)
class TaggerComparison:
    """The reports of two taggers on the same sentences."""

    first: TaggingReport
    second: TaggingReport

    def __post_init__(self) -> None:
        ours, theirs = self.first, self.second
        if ours.unit != theirs.unit or len(ours.actual) != len(theirs.actual):
            raise DataError("the models were measured on different sentences")
        if [len(tags) for tags in ours.actual] != [len(tags) for tags in theirs.actual]:
            raise DataError("the models were measured on different sentences")
        if (ours.scores.spans is None) != (theirs.scores.spans is None):
            raise DataError("one of the models finds spans, and the other does not")

    def __repr__(self) -> str:
        return f"<TaggerComparison: {self.first!r}, {self.second!r}>"

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

    @property
    def mcnemar(self) -> float:
        """The p-value of McNemar's exact test on words, as if they were independent."""
        return mcnemar(*self.only_right)

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

    def differing(self, most: int) -> list[int]:
        """Numbers of the sentences whose right words differ most, the greatest difference first."""
        gaps = (self.first.scores.words[:, 0] - self.second.scores.words[:, 0]).tolist()
        numbers = [number for number, gap in enumerate(gaps) if gap]
        return sorted(numbers, key=lambda number: -abs(gaps[number]))[:most]

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        only_first, only_second = self.only_right
        return {
            "first": self.first.record(),
            "second": self.second.record(),
            "only_first_right": only_first,
            "only_second_right": only_second,
            "mcnemar_p": self.mcnemar,
            "bootstrap_p": self.p_values,
        }

    def __str__(self) -> str:
        lines = [f"{'':<10}  {'first':>8}  {'second':>8}  p, paired bootstrap"]
        for name, p_value in self.p_values.items():
            values = [f"{one.scores.figures()[name]:8.4f}" for one in (self.first, self.second)]
            label = {"f1": "F1"}.get(name, name)
            lines.append(f"{label:<10}  {'  '.join(values)}  {p_value:.4f}")

        only_first, only_second = self.only_right
        lines.append(
            f"{self.first.unit} right by the first alone: {only_first:,}, by the second alone: "
            f"{only_second:,}; McNemar's exact test: p = {self.mcnemar:.4f}"
        )
        return "\n".join([*lines, self.first.signature, self.second.signature])
