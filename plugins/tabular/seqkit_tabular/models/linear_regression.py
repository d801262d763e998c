"""Linear regression: the weighted sum of the features.

Shapes: B rows of a batch, D features.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .layers import IMPLEMENTATION, Implementation, small_linear


@section
class LinearRegressionConfig:
    implementation: Implementation = setting(IMPLEMENTATION, default="torch")


class LinearRegression(nn.Module):
    """y = x · w + b, fitted by gradient descent on the task's loss.

    With the squared error there is a solution in closed form: `seqkit_tabular.baselines.ridge`,
    which every report shows beside it.
    """

    Config = LinearRegressionConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, config: LinearRegressionConfig, *, features: int, outputs: int) -> None:
        super().__init__()
        self.output = small_linear(features, outputs, config.implementation)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, 1)"""
        numbers: Tensor = self.output(features)
        return numbers
