"""Cross-validation: one run for each part of the training images, validated on that part."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from seqkit.training import checkpoint


class Folds(NamedTuple):
    """Best validation accuracy of each run."""

    accuracies: list[float]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.accuracies)

    @property
    def deviation(self) -> float:
        """Sample standard deviation over the runs."""
        return statistics.stdev(self.accuracies)


def cross_validate(
    train: Callable[[Path, dict[str, Any]], None], folder: Path, folds: int
) -> Folds:
    """Call `train(out, overrides)` for each fold, into `folder`/fold-0 …; collect accuracies."""
    accuracies: list[float] = []
    for fold in range(folds):
        out = folder / f"fold-{fold}"
        train(out, {"data.folds": folds, "data.fold": fold})

        best = checkpoint.resolve(out)
        metrics = checkpoint.read_meta(best)["metrics"]
        accuracies.append(float(metrics["accuracy"]))
    return Folds(accuracies)
