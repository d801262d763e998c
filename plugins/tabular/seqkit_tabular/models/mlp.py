"""The multilayer perceptron.

Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors".

Shapes: B rows of a batch, D features, O outputs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from seqkit.config import section, setting

from .layers import (
    IMPLEMENTATION,
    ActivationName,
    Implementation,
    activation,
    batch_norm,
    dropout,
    linear,
)


@section
class MLPConfig:
    hidden: list[Annotated[int, Field(ge=1)]] = setting(
        "units of each hidden layer", default=[128], min_length=1
    )
    activation: ActivationName = setting("relu, sigmoid, tanh or gelu", default="relu")
    batch_norm: bool = setting(
        "batch norm before each hidden activation (arXiv:1502.03167)", default=False
    )
    dropout: float = setting("dropout after each hidden layer", default=0.1, ge=0, lt=1)
    implementation: Implementation = setting(IMPLEMENTATION, default="torch")


class MLP(nn.Module):
    """Hidden layers, then the linear output. Weight decay is `optim.weight_decay`."""

    Config = MLPConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "deep": {"hidden": [256, 128, 64], "batch_norm": True, "dropout": 0.1}
    }

    def __init__(self, config: MLPConfig, *, features: int, outputs: int) -> None:
        super().__init__()
        form = config.implementation
        widths = [features, *config.hidden]

        self.hidden = nn.Sequential()
        for i, (inputs, width) in enumerate(pairwise(widths), 1):
            self.hidden.add_module(f"linear{i}", linear(inputs, width, form))
            if config.batch_norm:
                self.hidden.add_module(f"norm{i}", batch_norm(width, form))
            self.hidden.add_module(f"activation{i}", activation(config.activation, form))
            self.hidden.add_module(f"dropout{i}", dropout(config.dropout, form))
        self.output = linear(widths[-1], outputs, form)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, O)"""
        hidden = self.hidden(features)
        outputs: Tensor = self.output(hidden)
        return outputs
