"""How good a classifier is: figures with their intervals, beside what counting alone reaches.

Shapes: N texts, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.seen import Seen
from ...errors import shortened
from ...metrics.calibration import Calibration, calibration
from ...metrics.classification import Classification
from ...metrics.intervals import Figure, Interval, interval
from ...metrics.perplexity import finite
from ...metrics.several import THRESHOLD, SeveralLabels
from .baselines import MAJORITY

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, repr=False)
class ClassificationReport:
    """What a model predicted for labelled texts. A `seqkit.runs.predictor.Report`."""

    classes: Sequence[str]
    probabilities: Floats  # (N, K)
    labels: NDArray[np.uint8]  # (N, K), 1 for the labels of a text, else 0
    several: bool = False
    threshold: float = THRESHOLD  # of texts with several labels
    baselines: Mapping[str, float] = field(default_factory=dict)
    majority: str = ""  # what the majority baseline answers
    seen: Sequence[Seen] = ()  # texts of the test that were trained on
    remarks: Sequence[str] = ()
    signature_fields: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<ClassificationReport: {self._headline} on {len(self.labels):,} texts>"

    @cached_property
    def figures(self) -> Classification | SeveralLabels:
        fields = dict(self.signature_fields)
        if self.several:
            return SeveralLabels(
                self.classes,
                self.probabilities,
                self.labels.astype(bool),
                threshold=self.threshold,
                unit="texts",
                signature_fields=fields,
            )
        true = self.labels.argmax(1).astype(np.int64)
        return Classification(self.classes, self.probabilities, true, "texts", fields)

    @property
    def accuracy(self) -> float:
        """Share of the texts whose label, or whose labels, are right."""
        return self.figures.accuracy

    @property
    def macro_f1(self) -> float:
        return self.figures.macro_f1

    @property
    def micro_f1(self) -> float:
        """F1 over all labels; where each text has one, it is the accuracy."""
        if isinstance(self.figures, SeveralLabels):
            return self.figures.micro_f1
        return self.figures.accuracy

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """What the figures are sums of, for each text: is it right, and for each class, does it
        have it truly, by the model, and both; the last column counts texts. (N, 3K + 2)
        """
        true = self.labels.astype(bool)
        given = self._given
        is_right = (true == given).all(1, keepdims=True)
        is_text = np.ones_like(is_right)
        columns = [is_right, true, given, true & given, is_text]
        return np.concatenate(columns, axis=1).astype(np.float64)

    @property
    def _given(self) -> NDArray[np.bool_]:
        """Which label the model gives to which text: (N, K)"""
        if isinstance(self.figures, SeveralLabels):
            return self.figures.predicted
        given = np.zeros(self.labels.shape, bool)
        given[np.arange(len(given)), self.figures.predicted] = True
        return given

    def answer(self, number: int) -> str:
        """What the model gave a text, with probabilities: "travel 0.9312, food 0.6120"."""
        given = np.flatnonzero(self._given[number])
        row = self.probabilities[number]
        ordered = given[np.argsort(-row[given], kind="stable")]
        return ", ".join(f"{self.classes[i]} {row[i]:.4f}" for i in ordered) or "-"

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """The 95 % bootstrap intervals of the figures, by name."""
        return {name: interval(self.counts, figure) for name, figure in FIGURES.items()}

    @cached_property
    def calibration(self) -> Calibration:
        """Of the likeliest class of each text; of texts with several labels, of every label."""
        if self.several:
            return calibration(self.probabilities.ravel(), self.labels.ravel().astype(bool))

        likeliest = self.probabilities.max(1)
        is_right = self.counts[:, 0].astype(bool)
        return calibration(likeliest, is_right)

    @property
    def signature(self) -> str:
        """Everything the figures depend on besides the model."""
        return self.figures.signature

    @property
    def notes(self) -> list[str]:
        """What to say of texts that were trained on, of absent classes and missing baselines."""
        leaks = [str(seen) for seen in self.seen if seen.found]
        return [*leaks, *self._notes_on_absent(), *self.remarks]

    def _notes_on_absent(self) -> list[str]:
        """Which classes no text is of, and what becomes of macro F1."""
        texts = self.labels.sum(0)
        absent = [self.classes[place] for place in np.flatnonzero(texts == 0).tolist()]
        if not absent:
            return []

        counted = int(((texts > 0) | self._given.any(0)).sum())
        policy = "" if self.several else ", as scikit-learn's"
        return [
            f"no text of the test is of {shortened(absent)}: macro F1 is the mean of the "
            f"{counted} of {len(self.classes)} classes that are true or predicted{policy}"
        ]

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints."""
        record = self.figures.record()
        record["micro_f1"] = finite(self.micro_f1)
        record["macro_f1"] = finite(self.macro_f1)
        record["intervals"] = {
            name: [finite(bounds.low), finite(bounds.high)]
            for name, bounds in self.intervals.items()
        }
        record["calibration_error"] = finite(self.calibration.error)
        record["baselines"] = dict(self.baselines)
        if self.notes:
            record["notes"] = self.notes
        return record

    @property
    def _headline(self) -> str:
        if self.several:
            return f"micro F1 {self.micro_f1:.4f}"
        return f"accuracy {self.accuracy:.4f}"

    def __str__(self) -> str:
        """The figures of each class, those of all with their intervals, baselines, signature."""
        lines = [self.figures.tables(), ""]
        for name, label in _LABELS.items():
            if name != "micro_f1" or self.several:
                value = getattr(self, name)
                lines.append(f"{label:<18} {value:.4f}  95 % {self.intervals[name]}")
        lines.append(f"{'calibration (ECE)':<18} {self.calibration.error:.4f}")

        figure = "micro F1" if self.several else "accuracy"
        for name, value in self.baselines.items():
            always = f", always: {self.majority}" if name == MAJORITY and self.majority else ""
            lines.append(f"{name:<18} {value:.4f}  {figure}{always}")
        return "\n".join([*lines, self.signature])


_LABELS = {"accuracy": "accuracy", "micro_f1": "micro F1", "macro_f1": "macro F1"}


# Figures of sums over texts (S, 3K + 2) -> (S,), for bootstrap intervals


def accuracy_of(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums[:, 0] / sums[:, -1]


def micro_f1_of(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    true, given, both = np.split(sums[:, 1:-1], 3, axis=1)
    labels = true.sum(1) + given.sum(1)
    figure: NDArray[np.float64] = 2 * both.sum(1) / np.maximum(labels, 1)
    return figure


def macro_f1_of(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the classes that are true or predicted somewhere in a draw."""
    true, given, both = np.split(sums[:, 1:-1], 3, axis=1)
    labels = true + given
    f1 = 2 * both / np.maximum(labels, 1)
    present = np.maximum((labels > 0).sum(1), 1)
    figure: NDArray[np.float64] = f1.sum(1) / present
    return figure


FIGURES: dict[str, Figure] = {
    "accuracy": accuracy_of,
    "micro_f1": micro_f1_of,
    "macro_f1": macro_f1_of,
}
