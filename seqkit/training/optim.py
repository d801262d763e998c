"""Optimizers and the learning rate."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ..config import OptimConfig
from .muon import Muon


def make_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """Weight decay for matrices only; biases and norms are left alone. Muon takes the matrices of hidden layers."""
    hidden = [p for p in _hidden(model) if p.requires_grad] if config.name == "muon" else []
    others = [p for p in model.parameters() if p.requires_grad and all(p is not h for h in hidden)]
    decay = config.weight_decay
    groups: list[dict[str, Any]] = [
        {"params": [p for p in others if p.dim() >= 2], "weight_decay": decay},
        {"params": [p for p in others if p.dim() < 2], "weight_decay": 0.0},
    ]
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.beta1)
    adamw: dict[str, Any] = {"lr": config.lr, "betas": (config.beta1, config.beta2), "eps": 1e-9, "foreach": True}
    if config.name == "muon":
        return Muon([*groups, {"params": hidden, "weight_decay": decay, "orthogonal": True}], **adamw)
    return torch.optim.AdamW(groups, **adamw)


def _hidden(model: nn.Module) -> list[nn.Parameter]:
    """Weights with two or more dimensions, but for embeddings and what the model calls its `output`."""
    left_out = [m.weight for m in model.modules() if isinstance(m, nn.Embedding)]
    output = getattr(model, "output", None)
    left_out += [output] if isinstance(output, Tensor) else list(output.parameters()) if output is not None else []
    return [p for p in model.parameters() if p.dim() >= 2 and all(p is not other for other in left_out)]


def learning_rate(config: OptimConfig, step: int, steps: int) -> float:
    """The rate of update `step` (from 0) of `steps`: a function of the step, so nothing to save or resume."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    if config.decay == "rsqrt":  # Vaswani et al. 2017, section 5.3
        return config.lr * math.sqrt(max(1, config.warmup) / (step + 1))
    done = min(1.0, (step - config.warmup) / max(1, steps - config.warmup))
    if config.decay == "cosine":  # Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts
        return config.lr * 0.5 * (1 + math.cos(math.pi * done))
    if config.decay == "linear":
        return config.lr * (1 - done)
    return config.lr
