"""Two classifiers on the same texts: is the difference more than chance?"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...errors import DataError
from ...metrics.intervals import paired_p_value
from ..comparison import Comparison
from .held_out import TestTexts
from .report import FIGURES, ClassificationReport


class ClassifierComparison(Comparison[ClassificationReport]):
    """The reports of two classifiers on the same labelled texts."""

    unit = "texts"

    def __post_init__(self) -> None:
        if list(self.first.classes) != list(self.second.classes):
            raise DataError(
                f"the models know different classes: {', '.join(self.first.classes)} and "
                f"{', '.join(self.second.classes)}"
            )
        if len(self.first.labels) != len(self.second.labels):
            raise DataError("the models were measured on different texts")

    @cached_property
    def only_right(self) -> tuple[int, int]:
        """How many texts the first model alone gets right, and how many the second alone."""
        first = self.first.counts[:, 0].astype(bool)
        second = self.second.counts[:, 0].astype(bool)
        return int((first & ~second).sum()), int((second & ~first).sum())

    @cached_property
    def p_values(self) -> dict[str, float]:
        """The p-value of each figure's difference, by the paired bootstrap."""
        return {
            name: paired_p_value(self.first.counts, self.second.counts, figure)
            for name, figure in FIGURES.items()
        }

    def figures(self) -> dict[str, tuple[float, float]]:
        """Of texts with one label, micro F1 is the accuracy, and left out."""
        names = [name for name in FIGURES if name != "micro_f1" or self.first.several]
        return {name: (getattr(self.first, name), getattr(self.second, name)) for name in names}

    def differing(self, most: int) -> list[int]:
        """Numbers of texts of which one model is right and the other wrong, the surest first."""
        first, second = self.first, self.second
        differ = np.flatnonzero(first.counts[:, 0] != second.counts[:, 0])
        gap = np.abs(first.probabilities[differ] - second.probabilities[differ]).max(1)
        surest = differ[np.argsort(-gap, kind="stable")]
        return [int(number) for number in surest[:most]]

    def shown(self, number: int, data: TestTexts) -> list[str]:
        return [
            " ".join(data.texts.texts[number].split()),
            f"  true    {', '.join(data.texts.labels[number])}",
            f"  first   {self.first.answer(number)}",
            f"  second  {self.second.answer(number)}",
        ]
