"""What each layer does while a model learns: its gradient norm, its share of dead ReLU units."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from .divided import whole

Layers = dict[str, dict[str, float]]


def gradient_norms(model: nn.Module, divisor: float) -> dict[str, float]:
    """Norm of the gradient over `divisor` of every module with parameters of its own, by name."""
    norms: dict[str, float] = {}
    for name, module in model.named_modules():
        parameters = module.parameters(recurse=False)
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            continue

        squares = sum(float(whole(gradient.norm())) ** 2 for gradient in gradients)
        layer = name or "model"
        norms[layer] = math.sqrt(squares) / divisor

    return norms


@contextmanager
def activity(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Within the context: for every nn.ReLU that runs, by name, which units were ever above zero.

    A unit is a channel of (B, C, H, W), else one of the last dimension.
    """
    fired: dict[str, Tensor] = {}

    def watch(name: str, module: nn.ReLU) -> torch.utils.hooks.RemovableHandle:
        def hook(_: nn.Module, inputs: object, output: Tensor) -> None:
            now = _fires(output)
            fired[name] = fired[name] | now if name in fired else now

        return module.register_forward_hook(hook)

    handles: list[torch.utils.hooks.RemovableHandle] = []
    for name, module in model.named_modules():
        if isinstance(module, nn.ReLU):
            handle = watch(name, module)
            handles.append(handle)

    try:
        yield fired
    finally:
        for handle in handles:
            handle.remove()


def _fires(output: Tensor) -> Tensor:
    """Which units are above zero for any input of the batch. -> (units,)"""
    dims = output.dim()
    last = dims - 1
    unit = 1 if dims == 4 else last
    others = [dim for dim in range(dims) if dim != unit]

    fires = output > 0
    return fires.sum(others) > 0


def dead_shares(fired: dict[str, Tensor]) -> dict[str, float]:
    """Share of each layer's units that never fired."""
    shares: dict[str, float] = {}
    for name, units in fired.items():
        alive = float(units.float().mean())
        shares[name] = 1 - alive
    return shares


def by_layer(**figures: dict[str, float]) -> Layers:
    """{"conv1": {"gradient": …, "dead": …}} from one dictionary for each figure."""
    layers: Layers = {}
    for figure, values in figures.items():
        for name, value in values.items():
            layer = layers.setdefault(name, {})
            layer[figure] = value
    return layers
