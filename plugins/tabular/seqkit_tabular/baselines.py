"""What every figure is shown beside: the mean, and ridge regression in closed form.

Shapes: N training rows, D features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from seqkit.data.files import open_up
from seqkit.errors import CheckpointError
from seqkit.training import checkpoint

FILE = "baselines.safetensors"
STRENGTHS: NDArray[np.float64] = np.logspace(-3, 5, 33)  # of ridge regression, to choose from
_MOST_FEATURES = 5000  # the closed form takes D² numbers and D³ operations

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ridge:
    """y = x · weights + bias, with a penalty `strength` on the squares of the weights."""

    weights: Floats  # (D,)
    bias: float
    strength: float

    def __call__(self, features: Floats) -> Floats:
        """(N, D) -> (N,)"""
        return features @ self.weights + self.bias


def ridge(features: Floats, targets: Floats, strengths: Floats = STRENGTHS) -> Ridge:
    """The weights w = (XᵀX + λI)⁻¹ Xᵀy of centred X (N, D) and y (N,) (Hoerl & Kennard 1970).

    λ is the one of `strengths` with the least error when each row is left out in turn. That takes
    no N fits: the error of a row left out is its residual / (1 - h), where h is its own weight in
    its prediction (Golub, Heath & Wahba 1979, section 1). Without a penalty (λ towards 0) this is
    least squares.
    """
    mean_x = features.mean(0)
    mean_y = float(targets.mean())
    x = features - mean_x
    y = targets - mean_y

    left, singular, right = np.linalg.svd(x, full_matrices=False)
    along = left.T @ y
    best = (np.inf, 0.0)
    for strength in strengths:
        kept = singular**2 / (singular**2 + strength)
        own = np.square(left) @ kept + 1 / len(x)  # the centring has its share, too
        residuals = y - left @ (kept * along)
        error = float(np.square(residuals / np.maximum(1 - own, 1e-12)).mean())
        best = min(best, (error, float(strength)))

    strength = best[1]
    weights = right.T @ (singular / (singular**2 + strength) * along)
    return Ridge(weights, mean_y - float(mean_x @ weights), strength)


def fit_number_baselines(features: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """Baselines for scaled targets (N,) from features (N, D), as tensors to be kept.

    Ridge regression is left out where it would take long.
    """
    found = {"mean": targets.double().mean()}
    if features.size(1) <= _MOST_FEATURES:
        fitted = ridge(features.double().numpy(), targets.double().numpy())
        found["ridge.weights"] = torch.from_numpy(fitted.weights)
        found["ridge.bias"] = torch.tensor(fitted.bias, dtype=torch.float64)
        found["ridge.strength"] = torch.tensor(fitted.strength, dtype=torch.float64)
    return found


def fit_class_baselines(labels: Tensor, classes: int) -> dict[str, Tensor]:
    """The share of each class in the training rows. (N,) -> (K,)"""
    counts = torch.bincount(labels, minlength=classes).double()
    return {"shares": counts / counts.sum()}


def predict_numbers(baselines: Mapping[str, Tensor], features: Tensor) -> dict[str, Floats]:
    """What each baseline predicts for features (N, D), in standard deviations of the target."""
    found: dict[str, Floats] = {}
    if "mean" in baselines:
        found["mean"] = np.full(len(features), float(baselines["mean"]))
    if "ridge.weights" in baselines:
        products = features.double() @ baselines["ridge.weights"].double()
        found["ridge"] = (products + baselines["ridge.bias"].double()).numpy()
    return found


def save_baselines(baselines: Mapping[str, Tensor], folder: Path) -> None:
    path = folder / FILE
    save_file(dict(baselines), path)
    open_up(path)


def load_baselines(folder: Path, features: int) -> dict[str, Tensor]:
    """What `save_baselines` wrote; raises `CheckpointError` if it is damaged."""
    tensors: dict[str, Tensor] = checkpoint.load_tensors(folder / FILE)
    weights = tensors.get("ridge.weights")
    if weights is not None and weights.shape != (features,):
        raise CheckpointError(f"{folder / FILE} is damaged: it is for another number of features")
    return tensors
