"""Cross-validation: training and validation error of one run for each part of the rows.

A fold is validated on while its run trains, so that its curve can be drawn, and nothing is chosen
by it: it is scored by the last checkpoint, and settings that go by its figures are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqkit.config import RunConfig
from seqkit.plugins import components
from seqkit.runs import folds as runs
from seqkit.runs.open import config_of
from seqkit.training import checkpoint


@dataclass(frozen=True)
class FoldScore:
    """The figures of a run's last checkpoint on its fold and on its training rows, and baselines.

    A name is that of a figure, "train_" before it that of the training rows, and "ridge_" that of
    ridge regression on the same fold.
    """

    figures: dict[str, float]
    goal: str
    rows: int

    def __str__(self) -> str:
        goal = self.goal
        train = self.figures[f"train_{goal}"]
        return f"{goal} {self.figures[goal]:.4f} (training {train:.4f}) on {self.rows:,} rows"


@dataclass(frozen=True)
class Folds:
    """The scores of all folds."""

    scores: Sequence[FoldScore]

    def spread(self, name: str) -> runs.Spread:
        return runs.Spread.of(score.figures[name] for score in self.scores)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = self.scores[0].figures
        return {
            "folds": [score.figures for score in self.scores],
            "mean": {name: self.spread(name).mean for name in names},
            "deviation": {name: self.spread(name).deviation for name in names},
        }

    def __str__(self) -> str:
        """A line for each figure: mean and standard deviation over the folds."""
        names = list(self.scores[0].figures)
        width = max(len(name) for name in names)
        heading = (
            f"{len(self.scores)} folds, mean ± standard deviation; each is scored by a checkpoint "
            "that was not chosen on it"
        )
        return "\n".join([heading, *(f"{name:{width}}  {self.spread(name)}" for name in names)])


def cross_validate(
    train: Callable[[Path, dict[str, Any]], object],
    folder: Path,
    folds: int,
    *,
    listener: Callable[[Path, FoldScore], object] = lambda run, score: None,
) -> Folds:
    """Call `train(out, overrides)` for each fold, into `folder`/fold-0 …; score every one."""
    scores = runs.cross_validate(train, folder, folds, score=score_of, listener=listener)
    return Folds(scores)


def score_of(run: Path) -> FoldScore:
    """What the last evaluation of a run found on its fold, with the baselines of its task."""
    step = checkpoint.resolve(run, prefer="last")
    config, _ = config_of(step)
    task = _task_of(config, step)

    figures = dict(checkpoint.metrics(step))
    figures |= task.baseline_figures()
    return FoldScore(figures, task.goal.metric, len(task.valid_targets))


def _task_of(config: RunConfig, step: Path) -> Any:
    return components().tasks.load(config.task)(config, step)
