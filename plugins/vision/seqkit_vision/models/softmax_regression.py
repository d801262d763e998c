"""Softmax regression: multinomial logistic regression on the pixels.

Shapes: B images, C channels, S pixels a side.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .common import INIT, Init, initialise


@section
class SoftmaxRegressionConfig:
    init: Init = setting(INIT, default="default")


class SoftmaxRegression(nn.Module):
    """One linear layer from all pixels to the classes."""

    Config = SoftmaxRegressionConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(
        self, config: SoftmaxRegressionConfig, *, channels: int, size: int, classes: int
    ) -> None:
        super().__init__()
        pixels = channels * size * size
        self.output = nn.Linear(pixels, classes)
        initialise(self, config.init)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        logits: Tensor = self.output(images.flatten(1))
        return logits
