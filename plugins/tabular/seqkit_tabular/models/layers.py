"""The layers of the models, in two forms that compute the same."""

from __future__ import annotations

from typing import Literal

from torch import nn

from .. import scratch

Implementation = Literal["torch", "scratch"]
ActivationName = Literal["relu", "sigmoid", "tanh", "gelu"]

# The help of config keys that several models have.
IMPLEMENTATION = "torch's layers, or scratch: the same written out, with gradients by hand"

_ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "gelu": nn.GELU}
_SMALL = 0.01


def linear(inputs: int, outputs: int, form: Implementation) -> nn.Linear | scratch.Linear:
    return nn.Linear(inputs, outputs) if form == "torch" else scratch.Linear(inputs, outputs)


def small_linear(inputs: int, outputs: int, form: Implementation) -> nn.Linear | scratch.Linear:
    """A linear layer that begins with weights of N(0, 0.01²) and biases of 0."""
    layer = linear(inputs, outputs, form)
    nn.init.normal_(layer.weight, std=_SMALL)
    nn.init.zeros_(layer.bias)
    return layer


def activation(name: ActivationName, form: Implementation) -> nn.Module:
    return _ACTIVATIONS[name]() if form == "torch" else scratch.Activation(name)


def batch_norm(width: int, form: Implementation) -> nn.Module:
    return nn.BatchNorm1d(width) if form == "torch" else scratch.BatchNorm(width)


def dropout(rate: float, form: Implementation) -> nn.Module:
    return nn.Dropout(rate) if form == "torch" else scratch.Dropout(rate)
