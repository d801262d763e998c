"""How large a network is: parameters and multiply-adds, counted without allocating its weights."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from seqkit.runs.build import make_model

# Channels, side and classes of the images that a network was made for.
GREY = (1, 28, 10)
TINY = (3, 32, 10)
LARGE = (3, 224, 1000)

_FOR_GREY = ("softmax-regression", "mlp", "lenet", "mnist-cnn", "row-lstm")
_INPUTS = {**dict.fromkeys(_FOR_GREY, GREY), "cifar10-cnn": TINY}


class Size(NamedTuple):
    """Of one image through the network."""

    channels: int
    side: int
    classes: int
    parameters: int
    multiply_adds: int


def size_of(name: str) -> Size:
    """A registered network at the size of images that it was made for."""
    channels, side, classes = _INPUTS.get(name, LARGE)
    dims = {"channels": channels, "size": side, "classes": classes}

    with torch.device("meta"):
        model = make_model({"name": name}, dims, "vision")
        model.eval()
        image = torch.empty(1, channels, side, side)
        counted = multiply_adds(model, image)

    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Size(channels, side, classes, parameters, counted)


def multiply_adds(model: nn.Module, images: Tensor) -> int:
    """Those of convolutions, linear layers and LSTMs in one pass."""
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
        nonlocal total
        if isinstance(module, nn.LSTM):
            sequences = inputs[0]
            batch, steps = sequences.shape[:2]
            total += batch * steps * _weights_of(module)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            weights_of_an_output = module.weight[0].numel()
            total += output.numel() * weights_of_an_output

    with ExitStack() as stack, torch.no_grad():
        for module in model.modules():
            handle = module.register_forward_hook(count)
            stack.callback(handle.remove)

        model(images)
    return total


def _weights_of(lstm: nn.LSTM) -> int:
    """Numbers in its matrices: biases add, and do not multiply."""
    total = 0
    for name, parameter in lstm.named_parameters():
        if name.startswith("weight"):
            total += parameter.numel()
    return total
