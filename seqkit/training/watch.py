"""What each layer does while a model learns: how large its gradient is, and how many of its ReLU units are dead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Layers = dict[str, dict[str, float]]


def gradient_norms(model: nn.Module, targets: int) -> dict[str, float]:
    """Norm of the gradient per target of every module that has parameters of its own, by the module's name."""
    found = {}
    for name, module in model.named_modules():
        gradients = [p.grad for p in module.parameters(recurse=False) if p.grad is not None]
        if gradients:
            found[name or "model"] = (
                math.sqrt(sum(float(g.norm()) ** 2 for g in gradients)) / targets
            )
    return found


@contextmanager
def activity(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """While it lasts: for every nn.ReLU that runs, by name, which of its units were ever above zero.

    A unit is a channel of (B, C, H, W), else one of the last dimension.
    """
    fired: dict[str, Tensor] = {}

    def watch(name: str, module: nn.ReLU) -> torch.utils.hooks.RemovableHandle:
        def hook(_: nn.Module, inputs: object, output: Tensor) -> None:
            dims = [
                d
                for d in range(output.dim())
                if d != (1 if output.dim() == 4 else output.dim() - 1)
            ]
            now = (output > 0).sum(dims) > 0
            fired[name] = fired[name] | now if name in fired else now

        return module.register_forward_hook(hook)

    handles = [
        watch(name, module) for name, module in model.named_modules() if isinstance(module, nn.ReLU)
    ]
    try:
        yield fired
    finally:
        for handle in handles:
            handle.remove()


def dead_shares(fired: dict[str, Tensor]) -> dict[str, float]:
    """Share of each layer's units that never fired."""
    return {name: 1 - float(units.float().mean()) for name, units in fired.items()}


def by_layer(**figures: dict[str, float]) -> Layers:
    """{"conv1": {"gradient": …, "dead": …}} from one dictionary a figure."""
    layers: Layers = {}
    for figure, values in figures.items():
        for name, value in values.items():
            layers.setdefault(name, {})[figure] = value
    return layers
