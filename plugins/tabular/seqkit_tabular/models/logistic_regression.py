"""Logistic regression: the probability of one of two classes.

Shapes: B rows of a batch, D features.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from seqkit.config import section, setting
from seqkit.errors import ConfigError

from .layers import IMPLEMENTATION, Implementation, small_linear


@section
class LogisticRegressionConfig:
    implementation: Implementation = setting(IMPLEMENTATION, default="torch")


class LogisticRegression(nn.Module):
    """P(second class) = 1 / (1 + e^-z) with z = x · w + b.

    It is given as the logits (0, z): their softmax is that probability, and their cross-entropy is
    the logistic loss, so that one task serves two classes and many.
    """

    Config = LogisticRegressionConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, config: LogisticRegressionConfig, *, features: int, outputs: int) -> None:
        super().__init__()
        if outputs != 2:
            raise ConfigError(
                f"logistic-regression tells two classes apart, and the target has {outputs}: "
                "softmax-regression is for more"
            )
        self.output = small_linear(features, 1, config.implementation)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, 2)"""
        z: Tensor = self.output(features)
        return torch.cat([torch.zeros_like(z), z], dim=-1)
