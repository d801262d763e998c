"""Two classifiers on the same texts: is the difference more than chance?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import DataError
from ...metrics.intervals import paired_p_value
from ...metrics.mcnemar import mcnemar
from .report import FIGURES, ClassificationReport

_NAMES = {"accuracy": "accuracy", "micro_f1": "micro F1", "macro_f1": "macro F1"}


@dataclass(frozen=True)
class ClassifierComparison:
    """The reports of two classifiers on the same labelled texts."""

    first: ClassificationReport
    second: ClassificationReport

    def __post_init__(self) -> None:
        if list(self.first.classes) != list(self.second.classes):
            raise DataError(
                f"the models know different classes: {', '.join(self.first.classes)} and "
                f"{', '.join(self.second.classes)}"
            )
        if len(self.first.labels) != len(self.second.labels):
            raise DataError("the models were measured on different texts")

    def __repr__(self) -> str:
        return f"<ClassifierComparison: {self.first!r}, {self.second!r}>"

    @property
    def only_right(self) -> tuple[int, int]:
        """How many texts the first model alone gets right, and how many the second alone."""
        first = self.first.counts[:, 0].astype(bool)
        second = self.second.counts[:, 0].astype(bool)
        return int((first & ~second).sum()), int((second & ~first).sum())

    @property
    def mcnemar(self) -> float:
        """The p-value of McNemar's exact test."""
        return mcnemar(*self.only_right)

    @cached_property
    def p_values(self) -> dict[str, float]:
        """The p-value of each figure's difference, by the paired bootstrap."""
        return {
            name: paired_p_value(self.first.counts, self.second.counts, figure)
            for name, figure in FIGURES.items()
        }

    def differing(self, most: int) -> list[int]:
        """Numbers of texts of which one model is right and the other wrong, the surest first."""
        first, second = self.first, self.second
        differ = np.flatnonzero(first.counts[:, 0] != second.counts[:, 0])
        gap = np.abs(first.probabilities[differ] - second.probabilities[differ]).max(1)
        surest = differ[np.argsort(-gap, kind="stable")]
        return [int(number) for number in surest[:most]]

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
        for name, label in _NAMES.items():
            if name == "micro_f1" and not self.first.several:
                continue
            values = [f"{getattr(one, name):8.4f}" for one in (self.first, self.second)]
            lines.append(f"{label:<10}  {'  '.join(values)}  {self.p_values[name]:.4f}")

        only_first, only_second = self.only_right
        lines.append(
            f"right by the first alone: {only_first:,}, by the second alone: {only_second:,}; "
            f"McNemar's exact test: p = {self.mcnemar:.4f}"
        )
        return "\n".join([*lines, self.first.signature, self.second.signature])
