"""The figures of an evaluation.

Shapes: N rows, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.metrics.classification import Classification
from seqkit.metrics.perplexity import finite
from seqkit.metrics.probabilities import auc, log_loss
from seqkit.metrics.regression import Regression


@dataclass(frozen=True, repr=False)
class NumberReport:
    """Predicted numbers beside the true ones. A `seqkit.runs.predictor.Report`."""

    errors: Regression
    target: str
    data: str  # what the rows are
    more_notes: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"<NumberReport: RMSE {self.figures['rmse']:.4g} on {self.errors.count:,} rows>"

    @property
    def figures(self) -> dict[str, float]:
        """rmse, mae, mape, smape, log_rmse, r2 and mse; see `seqkit.metrics.regression`."""
        return self.errors.figures

    @property
    def notes(self) -> list[str]:
        return [*self.errors.notes, *self.more_notes]

    @property
    def signature(self) -> str:
        return self.errors.signature

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints."""
        return {"target": self.target, **self.errors.record(), "notes": self.notes}

    def __str__(self) -> str:
        return str(self.errors)


@dataclass(frozen=True, repr=False)
class ClassReport:
    """Predicted classes beside the true ones. A `seqkit.runs.predictor.Report`."""

    classes: Sequence[str]
    probabilities: NDArray[np.float32]  # (N, K)
    labels: NDArray[np.int64]  # (N,)
    shares: NDArray[np.float64]  # (K,) of the classes in training
    data: str  # what the rows are
    signature_fields: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def __repr__(self) -> str:
        accuracy = self.figures["accuracy"]
        return f"<ClassReport: accuracy {accuracy:.4f} on {len(self.labels):,} rows>"

    @cached_property
    def by_class(self) -> Classification:
        return Classification(
            self.classes,
            self.probabilities,
            self.labels,
            unit="rows",
            signature_fields=self.signature_fields,
        )

    @cached_property
    def figures(self) -> dict[str, float]:
        return {
            "accuracy": self.by_class.accuracy,
            "auc": auc(self.labels, self.probabilities),
            "log_loss": log_loss(self.labels, self.probabilities),
        }

    @cached_property
    def baseline(self) -> dict[str, float]:
        """The figures of the shares of the classes in training, the same for every row."""
        same = np.tile(self.shares, (len(self.labels), 1))
        return {
            "accuracy": float((self.labels == self.shares.argmax()).mean()),
            "auc": auc(self.labels, same),
            "log_loss": log_loss(self.labels, same),
        }

    @property
    def signature(self) -> str:
        return self.by_class.signature

    def record(self) -> dict[str, Any]:
        """Plain data for JSON, which knows no nan: None stands for it."""
        return {
            **self.by_class.record(),
            **_finite(self.figures),
            "baselines": {"majority": _finite(self.baseline)},
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """The figures of each class, the confusion matrix, then all rows, beside the baseline."""
        lines = [f"{'':10}{'accuracy':>10}{'auc':>10}{'log loss':>10}"]
        for name, figures in (("model", self.figures), ("majority", self.baseline)):
            cells = "".join(f"{value:>10.4f}" for value in figures.values())
            lines.append(f"{name:10}{cells}")
        table = "\n".join(lines)
        return f"{self.by_class}\n\n{table}"


def _finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: finite(value) for name, value in figures.items()}
