"""How large a network is: parameters and multiply-adds, counted without memory for them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqkit.runs.build import make_model

GREY, TINY, LARGE = (1, 28, 10), (3, 32, 10), (3, 224, 1000)
_INPUTS = dict.fromkeys(("softmax-regression", "mlp", "lenet", "mnist-cnn", "row-lstm"), GREY) | {
    "cifar10-cnn": TINY
}


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
    with torch.device("meta"):
        dims = {"channels": channels, "size": side, "classes": classes}
        model = make_model({"name": name}, dims, "vision").eval()
        counted = multiply_adds(model, torch.empty(1, channels, side, side))
    return Size(channels, side, classes, sum(p.numel() for p in model.parameters()), counted)


def multiply_adds(model: nn.Module, images: Tensor) -> int:
    """Those of convolutions, linear layers and LSTMs in one pass."""
    total = 0

    def count(
        module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | tuple[Tensor, ...]
    ) -> None:
        nonlocal total
        if isinstance(module, nn.LSTM):
            steps = inputs[0].shape[0] * inputs[0].shape[1]
            total += steps * sum(
                p.numel() for name, p in module.named_parameters() if name.startswith("weight")
            )
        elif isinstance(module, (nn.Conv2d, nn.Linear)) and isinstance(output, Tensor):
            total += output.numel() * module.weight[0].numel()

    handles = [module.register_forward_hook(count) for module in model.modules()]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for handle in handles:
            handle.remove()
    return total
