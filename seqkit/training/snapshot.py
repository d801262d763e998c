"""Optimizer states and carried states as flat dictionaries of tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_Slots = dict[int, dict[str, Tensor]]  # of each parameter by its number: "exp_avg", "step", …


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's state: "0.exp_avg" is that of its first parameter."""
    flat: dict[str, Tensor] = {}
    for number, slots in optimizer.state_dict()["state"].items():
        for name, value in slots.items():
            flat[f"{number}.{name}"] = torch.as_tensor(value)
    return flat


def load_optimizer(optimizer: torch.optim.Optimizer, flat: Mapping[str, Tensor]) -> None:
    """Give `optimizer` the state that `optimizer_tensors` returned.

    Raises LookupError or ValueError for tensors that do not fit its parameters.
    """
    parameters: list[Tensor] = []
    for group in optimizer.param_groups:
        parameters.extend(group["params"])

    state: _Slots = {}
    for name, value in flat.items():
        number, _, slot = name.partition(".")
        fitted = _like(parameters[int(number)], value, name) if value.dim() else value
        state.setdefault(int(number), {})[slot] = fitted

    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _like(parameter: Tensor, value: Tensor, name: str) -> Tensor:
    """A copy of `value` in the memory format of its parameter."""
    check_shape(f"optimizer.{name}", value, parameter)
    return torch.empty_like(parameter).copy_(value)


def check_shape(name: str, given: Tensor, wanted: Tensor) -> None:
    """Raise ValueError if the shapes differ."""
    if given.shape != wanted.shape:
        raise ValueError(f"{name} is {tuple(given.shape)} instead of {tuple(wanted.shape)}")


def under(prefix: str, flat: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries whose names start with "PREFIX.", without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): t for name, t in flat.items() if name.startswith(start)}


def flatten(carry: Any, path: str = "") -> dict[str, Tensor]:
    """A tensor, or tuples of tensors inside tuples, as {"": t} or {"0": t, "1.0": t, …}."""
    if carry is None:
        return {}
    if isinstance(carry, Tensor):
        return {path: carry}

    flat: dict[str, Tensor] = {}
    for index, part in enumerate(carry):
        flat |= flatten(part, f"{path}.{index}" if path else str(index))
    return flat


def unflatten(flat: Mapping[str, Tensor]) -> Any:
    """What `flatten` was given."""
    if not flat or "" in flat:
        return flat.get("")

    parts: _Slots = {}
    for path, value in flat.items():
        index, _, rest = path.partition(".")
        parts.setdefault(int(index), {})[rest] = value
    return tuple(unflatten(parts[index]) for index in sorted(parts))
