"""The multilayer perceptron.

Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors".

Shapes: B images, C channels, S pixels a side.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from seqkit.config import section, setting

from .common import INIT, Dense, Init, initialise


@section
class MLPConfig:
    hidden: list[Annotated[int, Field(ge=1)]] = setting(
        "units of each hidden layer", default=[256], min_length=1
    )
    dropout: float = setting("dropout after each hidden layer", default=0.0, ge=0, lt=1)
    init: Init = setting(INIT, default="default")


class MLP(nn.Module):
    """Hidden layers with ReLU, then the linear output."""

    Config = MLPConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "dropout": {"hidden": [256, 256], "dropout": 0.5}
    }

    def __init__(self, config: MLPConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        pixels = channels * size * size
        widths = [pixels, *config.hidden]

        self.hidden = nn.Sequential()
        for i, (inputs, outputs) in enumerate(pairwise(widths), 1):
            self.hidden.add_module(f"layer{i}", Dense(inputs, outputs))
            self.hidden.add_module(f"dropout{i}", nn.Dropout(config.dropout))
        self.output = nn.Linear(widths[-1], classes)

        initialise(self, config.init)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        hidden = self.hidden(images.flatten(1))
        logits: Tensor = self.output(hidden)
        return logits
