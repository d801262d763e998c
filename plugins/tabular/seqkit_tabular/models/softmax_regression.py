"""Softmax regression: multinomial logistic regression.

Shapes: B rows of a batch, D features, K classes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .layers import IMPLEMENTATION, Implementation, small_linear


@section
class SoftmaxRegressionConfig:
    implementation: Implementation = setting(IMPLEMENTATION, default="torch")


class SoftmaxRegression(nn.Module):
    """P(class k) = e^z_k / sum of e^z_j with z = x Wᵀ + b."""

    Config = SoftmaxRegressionConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, config: SoftmaxRegressionConfig, *, features: int, outputs: int) -> None:
        super().__init__()
        self.output = small_linear(features, outputs, config.implementation)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> logits (B, K)"""
        logits: Tensor = self.output(features)
        return logits
