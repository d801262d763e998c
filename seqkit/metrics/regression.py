"""The errors of predicted numbers, one definition each, for every task that predicts numbers.

MSE, RMSE, MAE, MAPE and R² are scikit-learn's, except where a definition says so below. Each
figure is that of all examples at once: a mean over all of them, never a mean of means.

Shapes: N examples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import WrongValue
from .perplexity import finite
from .signatures import signature_of

Numbers = NDArray[np.float64]


def mse(true: ArrayLike, predicted: ArrayLike) -> float:
    """Mean squared error: the mean of (y - p)², in the square of the target's unit."""
    y, p = paired_numbers(true, predicted)
    return _mean(np.square(y - p))


def rmse(true: ArrayLike, predicted: ArrayLike) -> float:
    """Root of the mean squared error, in the target's unit."""
    return math.sqrt(mse(true, predicted))


def root_mean(squares: float, count: int) -> float:
    """The RMSE of a sum of squared errors, as an evaluation in parts adds it up."""
    return math.sqrt(squares / count) if count else math.nan


def mae(true: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error: the mean of abs(y - p), in the target's unit."""
    y, p = paired_numbers(true, predicted)
    return _mean(np.abs(y - p))


def mape(true: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute percentage error: the mean of abs(y - p) / abs(y), as a share (0.1 is 10 %).

    Infinite if a target is zero and its prediction is not; an exact zero has no error.
    scikit-learn divides by 2.2e-16 there, which gives a number of the order of 10^15.
    """
    y, p = paired_numbers(true, predicted)
    return _mean(_shares(np.abs(y - p), np.abs(y)))


def smape(true: ArrayLike, predicted: ArrayLike) -> float:
    """Symmetric MAPE: the mean of 2 abs(y - p) / (abs(y) + abs(p)), 0 to 2 (Makridakis 1993).

    A target and a prediction that are both zero have no error; one of them alone has the largest.
    """
    y, p = paired_numbers(true, predicted)
    return _mean(_shares(2 * np.abs(y - p), np.abs(y) + np.abs(p)))


def log_rmse(true: ArrayLike, predicted: ArrayLike) -> float:
    """Root of the mean of (log y - log p)²: a share, whatever the size of the target.

    Of natural logarithms, without adding 1 as scikit-learn's `root_mean_squared_log_error` does.
    nan if a target is zero or negative, which has no logarithm; infinite if a prediction is.
    """
    y, p = paired_numbers(true, predicted)
    if not len(y) or (y <= 0).any():
        return math.nan
    if (p <= 0).any():
        return math.inf
    return math.sqrt(_mean(np.square(np.log(y) - np.log(p))))


def r2(true: ArrayLike, predicted: ArrayLike) -> float:
    """Coefficient of determination: 1 - sum (y - p)² / sum (y - mean of y)².

    1 is perfect, 0 is as good as the mean of these targets, and below 0 is worse. Where all targets
    are equal, 1 for perfect predictions and else 0, as scikit-learn has it; nan for fewer than two.
    """
    y, p = paired_numbers(true, predicted)
    if len(y) < 2:
        return math.nan

    unexplained = float(np.square(y - p).sum())
    spread = float(np.square(y - y.mean()).sum())
    if not spread:
        return 0.0 if unexplained else 1.0
    return 1 - unexplained / spread


def paired_numbers(true: ArrayLike, predicted: ArrayLike) -> tuple[Numbers, Numbers]:
    """Both as (N,) float64; raises `WrongValue` if they do not pair up."""
    y = np.asarray(true, np.float64)
    p = np.asarray(predicted, np.float64)
    if y.ndim != 1 or y.shape != p.shape:
        raise WrongValue(f"targets are {y.shape} and predictions {p.shape}: give (N,) of both")
    return y, p


def _shares(parts: Numbers, wholes: Numbers) -> Numbers:
    """`parts` / `wholes`: 0 for nothing of nothing, infinity for something of nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = parts / wholes
    return np.where(parts == 0, 0.0, shares)


def _mean(values: Numbers) -> float:
    return float(values.mean()) if len(values) else math.nan


FIGURES = {
    "rmse": rmse,
    "mae": mae,
    "mape": mape,
    "smape": smape,
    "log_rmse": log_rmse,
    "r2": r2,
    "mse": mse,
}


@dataclass(frozen=True, repr=False)
class Regression:
    """What a model predicted for examples with known targets. A `seqkit.runs.predictor.Report`."""

    true: Numbers  # (N,)
    predicted: Numbers  # (N,)
    unit: str = "examples"  # what the examples are, in the plural
    baselines: Mapping[str, Numbers] = field(default_factory=dict)  # predictions (N,) by name
    signature_fields: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for predicted in (self.predicted, *self.baselines.values()):
            paired_numbers(self.true, predicted)

    def __repr__(self) -> str:
        return f"<Regression: RMSE {self.figures['rmse']:.4g} on {self.count:,} {self.unit}>"

    @property
    def count(self) -> int:
        return len(self.true)

    @cached_property
    def figures(self) -> dict[str, float]:
        """Every figure by name, in the order of `FIGURES`."""
        return self._figures_of(self.predicted)

    @cached_property
    def of_baselines(self) -> dict[str, dict[str, float]]:
        """The same figures for each baseline."""
        return {name: self._figures_of(values) for name, values in self.baselines.items()}

    def _figures_of(self, predicted: Numbers) -> dict[str, float]:
        return {name: figure(self.true, predicted) for name, figure in FIGURES.items()}

    @property
    def notes(self) -> list[str]:
        """Why a figure that is asked for does not exist."""
        found: list[str] = []
        zeros = int((self.true == 0).sum())
        if zeros and math.isinf(self.figures["mape"]):
            found.append(
                f"{zeros:,} of {self.count:,} targets are 0: MAPE is infinite; take SMAPE or MAE"
            )

        targets, predictions = (int((part <= 0).sum()) for part in (self.true, self.predicted))
        if targets:
            found.append(
                f"{targets:,} of {self.count:,} targets are not positive, and have no logarithm: "
                "there is no log-RMSE"
            )
        elif predictions:
            found.append(
                f"{predictions:,} of {self.count:,} predictions are not positive, and have no "
                "logarithm: log-RMSE is infinite"
            )
        return found

    @property
    def signature(self) -> str:
        """Everything the figures depend on besides the model."""
        return signature_of(self.signature_fields)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON, which knows neither nan nor infinity: None stands for them."""
        return {
            **_finite(self.figures),
            self.unit: self.count,
            "baselines": {name: _finite(found) for name, found in self.of_baselines.items()},
            "signature": self.signature,
        }

    def __str__(self) -> str:
        """A row for the model, one for each baseline, and the signature."""
        rows = {"model": self.figures, **self.of_baselines}
        first = max(len(name) for name in rows)

        names = "".join(f"{name:>12}" for name in FIGURES)
        lines = [" " * first + names]
        for name, figures in rows.items():
            cells = "".join(f"{figures[figure]:>12.5g}" for figure in FIGURES)
            lines.append(name.ljust(first) + cells)

        lines.append("")
        lines.append(f"{self.count:,} {self.unit}  {self.signature}")
        return "\n".join(lines)


def _finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: finite(value) for name, value in figures.items()}
