"""Curves of a cross-validation: training and validation error of all folds on one axis."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from .canvas import figures, save
from .curves import OF_TRAINING, Event, Log, figures_of, with_twins

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Read = Callable[[Event], float]


def draw_folds(logs: Sequence[Log], path: Path, *, title: str) -> None:
    """Every validation figure against the step, with its twin on the training data if it has one.

    If some have one, only those are drawn.

    A line is the mean over the folds, the band around it one standard deviation. Raises `DataError`
    if no step was evaluated in all of them.
    """
    evaluations = [log.evaluations for log in logs]
    names = _drawn_figures(evaluations)
    if not names or not _common_steps(evaluations):
        raise DataError("the folds have no evaluation in common: there is nothing to draw")

    picture, all_axes = figures(1, len(names), title=f"{title}: {len(logs)} folds")
    for axes, name in zip(all_axes, names, strict=True):
        _draw_spread(axes, evaluations, f"validation {name}", _figure(name))
        twin = OF_TRAINING + name
        if all(twin in figures_of(of_fold) for of_fold in evaluations):
            _draw_spread(axes, evaluations, f"training {name}", _figure(twin), style="--")

        axes.set_xlabel("step")
        axes.legend()
    save(picture, path)


def _drawn_figures(evaluations: Sequence[Sequence[Event]]) -> list[str]:
    """The figures that every fold has, without the twins of training."""
    first, *others = [figures_of(of_fold) for of_fold in evaluations]
    in_all = with_twins([name for name in first if all(name in names for names in others)])
    return [name for name in in_all if not _is_twin(name, in_all)]


def _is_twin(name: str, names: Sequence[str]) -> bool:
    return name.startswith(OF_TRAINING) and name.removeprefix(OF_TRAINING) in names


def _figure(name: str) -> Read:
    return lambda event: float(event["metrics"].get(name, math.nan))


def _common_steps(evaluations: Sequence[Sequence[Event]]) -> list[int]:
    """The steps at which every fold was evaluated, in order."""
    steps = [{event["step"] for event in of_fold} for of_fold in evaluations]
    return sorted(set.intersection(*steps))


def _draw_spread(
    axes: Axes,
    evaluations: Sequence[Sequence[Event]],
    label: str,
    read: Read,
    *,
    style: str = "-",
) -> None:
    """The mean over the folds at each common step, and a band of one standard deviation."""
    steps = _common_steps(evaluations)
    by_fold = [{event["step"]: read(event) for event in of_fold} for of_fold in evaluations]

    means: list[float] = []
    deviations: list[float] = []
    for step in steps:
        values = [of_fold[step] for of_fold in by_fold]
        means.append(statistics.fmean(values))
        deviations.append(statistics.stdev(values) if len(values) > 1 else 0.0)

    (line,) = axes.plot(steps, means, style, marker="o", markersize=3, label=label)
    pairs = list(zip(means, deviations, strict=True))
    low = [mean - deviation for mean, deviation in pairs]
    high = [mean + deviation for mean, deviation in pairs]
    axes.fill_between(steps, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
