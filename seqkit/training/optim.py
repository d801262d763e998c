"""Optimizers and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..config import OptimConfig
from ..errors import ConfigError, hint
from .muon import Muon


def make_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """Weight decay for matrices only; biases and norms are left alone. Muon takes the matrices of hidden layers.

    Each group has a "scale" of the learning rate: `output_rate` for the last layer, 1 for all else.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    last = _of_output(model)
    hidden = [p for p in _hidden(model) if p.requires_grad] if config.name == "muon" else []
    others = [
        (p, config.output_rate if _among(p, last) else 1.0)
        for p in trained
        if not _among(p, hidden)
    ]
    groups: list[dict[str, Any]] = []
    for scale in dict.fromkeys((1.0, config.output_rate)):
        matrices = [p for p, its in others if its == scale and p.dim() >= 2]
        vectors = [p for p, its in others if its == scale and p.dim() < 2]
        groups.append({"params": matrices, "weight_decay": config.weight_decay, "scale": scale})
        groups.append({"params": vectors, "weight_decay": 0.0, "scale": scale})
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.beta1, fused=True)
    adamw: dict[str, Any] = {
        "lr": config.lr,
        "betas": (config.beta1, config.beta2),
        "eps": 1e-9,
        "fused": True,
    }
    if config.name == "muon":
        orthogonal = {
            "params": hidden,
            "weight_decay": config.weight_decay,
            "orthogonal": True,
            "scale": 1.0,
        }
        return Muon([*groups, orthogonal], **adamw)
    return torch.optim.AdamW(groups, **adamw)


def freeze(model: nn.Module, names: Sequence[str]) -> None:
    """Parameters whose names begin with one of `names` are not trained; "all" means all but the last layer's.

    Raises `ConfigError` for a name that no parameter has, or if nothing is left to train.
    """
    last = _of_output(model)
    for start in names:
        found = [
            parameter
            for name, parameter in model.named_parameters()
            if (
                not _among(parameter, last)
                if start == "all"
                else f"{name}.".startswith(f"{start}.")
            )
        ]
        if not found:
            known = {name.partition(".")[0] for name, _ in model.named_parameters()}
            raise ConfigError(
                f"optim.freeze: no parameter begins with {start!r}.{hint(start, known)}"
            )
        for parameter in found:
            parameter.requires_grad_(False)
    if names and not any(parameter.requires_grad for parameter in model.parameters()):
        raise ConfigError(f"optim.freeze = {list(names)} leaves nothing to train")


def train_mode(model: nn.Module) -> None:
    """All as in training, but for batch norm whose own parameters are frozen, which keeps its running figures."""
    model.train()
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        if hasattr(module, "running_mean") and own and not any(p.requires_grad for p in own):
            module.eval()


def _of_output(model: nn.Module) -> list[Tensor]:
    """The parameters of what the model calls its `output`, a module or a matrix."""
    output = getattr(model, "output", None)
    return (
        [output]
        if isinstance(output, Tensor)
        else list(output.parameters())
        if output is not None
        else []
    )


def _among(tensor: Tensor, others: Sequence[Tensor]) -> bool:
    return any(tensor is other for other in others)


def _hidden(model: nn.Module) -> list[nn.Parameter]:
    """Weights with two or more dimensions, but for embeddings and the last layer."""
    left_out = [
        *(m.weight for m in model.modules() if isinstance(m, nn.Embedding)),
        *_of_output(model),
    ]
    return [p for p in model.parameters() if p.dim() >= 2 and not _among(p, left_out)]


def learning_rate(config: OptimConfig, step: int, *, steps: int, drops: int = 0) -> float:
    """The rate of update `step` (from 0) of `steps`, after `drops` evaluations that were not the best."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    if config.decay == "rsqrt":  # Vaswani et al. 2017, section 5.3
        return config.lr * math.sqrt(max(1, config.warmup) / (step + 1))
    done = min(1.0, (step - config.warmup) / max(1, steps - config.warmup))
    if config.decay == "cosine":  # Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts
        return config.lr * 0.5 * (1 + math.cos(math.pi * done))
    if config.decay == "linear":
        return config.lr * (1 - done)
    if config.decay == "plateau":
        return config.lr * config.factor**drops
    return config.lr
