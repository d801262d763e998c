"""Cross-validation: one run for each part of the training images, scored on that part once.

The best checkpoint of a run is chosen on images of the other folds, or on those that the source
keeps apart for validation: chosen on the fold, it would score high by luck.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from seqkit.runs import folds as runs
from seqkit.runs.load import load
from seqkit.runs.open import config_of

from .report import Report
from .sources import keep_open
from .task import ImageClassification


class Folds(NamedTuple):
    """The report on each fold, by the best checkpoint of the run that did not see it."""

    reports: list[Report]

    @property
    def accuracy(self) -> runs.Spread:
        return runs.Spread.of(report.accuracy for report in self.reports)

    def __str__(self) -> str:
        return (
            f"{len(self.reports)} folds: accuracy {self.accuracy} "
            "(standard deviation), each fold scored once, by a checkpoint chosen on other images"
        )


def cross_validate(
    train: Callable[[Path, dict[str, Any]], None],
    folder: Path,
    folds: int,
    *,
    device: str = "auto",
    listener: Callable[[Path, Report], None] = lambda run, report: None,
) -> Folds:
    """Call `train(out, overrides)` for each fold, into `folder`/fold-0 …; score every one.

    `listener` is called with each run and its report.
    """
    with keep_open():
        reports = runs.cross_validate(
            train, folder, folds, score=lambda run: _score(run, device), listener=listener
        )
    return Folds(reports)


def _score(run: Path, device: str) -> Report:
    """The best checkpoint of a run on the fold that it has not seen."""
    config, step = config_of(run)
    task = ImageClassification(config, step)
    report: Report = load(run, device=device, task="vision").evaluate(task.fold())
    return report
