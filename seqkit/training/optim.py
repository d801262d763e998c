"""Optimizers and the learning rate."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..config import OptimConfig


def make_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """Weight decay for matrices only; biases and norms are left alone."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.beta1)
    return torch.optim.AdamW(groups, lr=config.lr, betas=(config.beta1, config.beta2), eps=1e-9, foreach=True)


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
