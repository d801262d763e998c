"""Activation checkpointing: layers keep their inputs only, and compute the rest again on the way
back (Chen et al. 2016, arXiv:1604.06174). A third more time, and a fraction of the memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from ..errors import ConfigError


def recompute(model: nn.Module) -> None:
    """Have the layers of `model` compute their activations again in the backward pass.

    Gradients are the same bit for bit, dropout included. Raises `ConfigError` for a model in which
    nothing can be recomputed: without a stack of layers, or with batch norm in all of them, whose
    statistics would count every batch twice.
    """
    layers = [layer for layer in layers_of(model) if not _counts(layer)]
    if not layers:
        raise ConfigError(
            "train.activation_checkpointing: this model has no stack of layers without batch norm "
            "to compute again; use smaller batches with train.accumulate"
        )
    for layer in layers:
        layer.forward = partial(_again, layer.forward)


def _again(forward: Callable[..., Any], *inputs: Any, **settings: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*inputs, **settings)
    return checkpoint(forward, *inputs, use_reentrant=False, **settings)


def layers_of(model: nn.Module) -> list[nn.Module]:
    """The layers of a stack: members, made of modules, of the innermost lists and sequences."""
    found: list[nn.Module] = []
    for module in model.modules():
        if isinstance(module, (nn.ModuleList, nn.Sequential)):
            found += [member for member in module if any(True for _ in member.children())]
    return [layer for layer in found if not _holds(layer, found)]


def _holds(layer: nn.Module, others: list[nn.Module]) -> bool:
    """Whether other layers are inside this one."""
    inside = [module for module in layer.modules() if module is not layer]
    return any(module is other for module in inside for other in others)


def _counts(layer: nn.Module) -> bool:
    return any(hasattr(module, "running_mean") for module in layer.modules())
