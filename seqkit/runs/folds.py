"""Cross-validation: one run for each part of the training data, scored on that part once.

It knows no task: `train` makes a run that leaves a fold out (data.folds, data.fold), and `score`
measures it there. A score must come of a checkpoint that was not chosen on the fold, or it is high
by luck.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

R = TypeVar("R")

_NAME = re.compile(r"fold-(\d+)")


class Spread(NamedTuple):
    """A figure over the folds."""

    mean: float
    deviation: float  # sample standard deviation over the runs

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        found = list(values)
        return cls(statistics.fmean(found), statistics.stdev(found))

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.deviation:.4f}"


def cross_validate(
    train: Callable[[Path, dict[str, Any]], object],
    folder: Path,
    folds: int,
    *,
    score: Callable[[Path], R],
    listener: Callable[[Path, R], object] = lambda run, report: None,
) -> list[R]:
    """Call `train(out, overrides)` for each fold, into `folder`/fold-0 …, and `score(out)`.

    `listener` is called with each run and its report.
    """
    reports: list[R] = []
    for fold in range(folds):
        out = folder / f"fold-{fold}"
        train(out, {"data.folds": folds, "data.fold": fold})

        report = score(out)
        listener(out, report)
        reports.append(report)
    return reports


def fold_folders(folder: Path) -> Sequence[Path]:
    """The runs of a cross-validation in `folder`, in the order of their folds; none if it is not
    one.
    """
    found = [path for path in folder.glob("fold-*") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.name.removeprefix("fold-")))
