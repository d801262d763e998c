"""Optimizers and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..config import OptimConfig
from ..errors import ConfigError, hint
from .devices import Precision, cpu_has_bf16
from .muon import Muon


def make_optimizer(
    model: nn.Module, config: OptimConfig, precision: Precision = "fp32"
) -> torch.optim.Optimizer:
    """The optimizer that `config` names, for all parameters of `model` that are trained.

    Weight decay is for matrices; biases and norms are left alone. Muon takes the matrices of hidden
    layers, and computes in bf16 with that `precision`, where this is fast. Each group has a "scale"
    of the learning rate: `output_rate` for the last layer, else 1.
    """
    optimizer = _made(model, config, precision)
    optimizer.register_step_post_hook(_count_as_changed)
    return optimizer


def _count_as_changed(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    """By its count of changes a search knows a weight for a new one; fused steps do not count."""
    for group in optimizer.param_groups:
        torch.autograd.graph.increment_version(group["params"])


def _made(model: nn.Module, config: OptimConfig, precision: Precision) -> torch.optim.Optimizer:
    hidden: list[nn.Parameter] = []
    if config.name == "muon":
        hidden = [p for p in _hidden_matrices(model) if p.requires_grad]
    groups = _parameter_groups(model, config, hidden)

    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.beta1, fused=True)

    adamw: dict[str, Any] = {
        "lr": config.lr,
        "betas": (config.beta1, config.beta2),
        "eps": 1e-9,
        "fused": True,
    }
    if config.name == "adamw":
        return torch.optim.AdamW(groups, **adamw)

    matrices = {
        "params": hidden,
        "weight_decay": config.weight_decay,
        "orthogonal": True,
        "scale": 1.0,
    }
    on_cpu = any(parameter.device.type == "cpu" for parameter in hidden)
    bf16 = precision == "bf16" and (cpu_has_bf16() or not on_cpu)
    return Muon([*groups, matrices], bf16=bf16, **adamw)


def _parameter_groups(
    model: nn.Module, config: OptimConfig, hidden: Sequence[Tensor]
) -> list[dict[str, Any]]:
    """Matrices and vectors apart, for each scale of the learning rate, without `hidden`."""
    last = _of_output(model)
    by_scale: dict[float, list[nn.Parameter]] = {1.0: [], config.output_rate: []}
    for parameter in model.parameters():
        if not parameter.requires_grad or _is_among(parameter, hidden):
            continue
        scale = config.output_rate if _is_among(parameter, last) else 1.0
        by_scale[scale].append(parameter)

    groups: list[dict[str, Any]] = []
    for scale, parameters in by_scale.items():
        matrices = [p for p in parameters if p.dim() >= 2]
        vectors = [p for p in parameters if p.dim() < 2]
        groups.append({"params": matrices, "weight_decay": config.weight_decay, "scale": scale})
        groups.append({"params": vectors, "weight_decay": 0.0, "scale": scale})
    return groups


def freeze(model: nn.Module, names: Sequence[str]) -> None:
    """Do not train parameters whose names begin with one of `names`.

    "all" means all but the last layer's. Raises `ConfigError` for a name that no parameter has, or
    if nothing is left to train.
    """
    for start in names:
        found = _parameters_named(model, start)
        if not found:
            known = {name.partition(".")[0] for name, _ in _all_named(model)}
            raise ConfigError(
                f"optim.freeze: no parameter begins with {start!r}.{hint(start, known)}"
            )
        for parameter in found:
            parameter.requires_grad_(False)

    if names and not any(parameter.requires_grad for parameter in model.parameters()):
        raise ConfigError(f"optim.freeze = {list(names)} leaves nothing to train")


def _parameters_named(model: nn.Module, start: str) -> list[nn.Parameter]:
    """Parameters inside the module of that name, or the parameter of that name."""
    if start == "all":
        last = _of_output(model)
        return [p for p in model.parameters() if not _is_among(p, last)]
    return [p for name, p in _all_named(model) if f"{name}.".startswith(f"{start}.")]


def _all_named(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Each parameter by each of its names: tied weights have several."""
    return model.named_parameters(remove_duplicate=False)


def train_mode(model: nn.Module) -> None:
    """`model.train()`, but frozen batch norm keeps its running statistics."""
    model.train()
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        frozen = own and not any(parameter.requires_grad for parameter in own)
        if frozen and hasattr(module, "running_mean"):
            module.eval()


def _of_output(model: nn.Module) -> list[Tensor]:
    """The parameters of what the model calls its `output`, a module or a matrix."""
    output = getattr(model, "output", None)
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, nn.Module):
        return list(output.parameters())
    return []


def _is_among(tensor: Tensor, others: Sequence[Tensor]) -> bool:
    return any(tensor is other for other in others)


def _hidden_matrices(model: nn.Module) -> list[nn.Parameter]:
    """Weights with two or more dimensions, but for embeddings and the last layer."""
    embeddings = [module.weight for module in model.modules() if isinstance(module, nn.Embedding)]
    left_out = [*embeddings, *_of_output(model)]
    return [p for p in model.parameters() if p.dim() >= 2 and not _is_among(p, left_out)]


def learning_rate(
    config: OptimConfig, step: int, *, steps: int, evaluations_without_improvement: int = 0
) -> float:
    """The learning rate of update `step` (from 0) of `steps`."""
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
        reduction: float = config.factor**evaluations_without_improvement
        return config.lr * reduction
    return config.lr
