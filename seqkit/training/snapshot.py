"""Optimizer states and carried states as flat dictionaries of tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .divided import put, whole

_Slots = dict[int, dict[str, Tensor]]  # of each parameter by its number: "exp_avg", "step", …


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's state: "0.exp_avg" is that of its first parameter.

    All processes call it if parameters are divided among them.
    """
    flat: dict[str, Tensor] = {}
    state: _Slots = optimizer.state_dict()["state"]
    for number, slots in state.items():
        for name, value in slots.items():
            key = f"{number}.{name}"
            flat[key] = whole(torch.as_tensor(value))
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
        before, _, slot = name.partition(".")
        number = int(before)
        if value.dim():
            value = _like(parameters[number], value, name)

        slots = state.setdefault(number, {})
        slots[slot] = value

    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _like(parameter: Tensor, value: Tensor, name: str) -> Tensor:
    """A copy of `value` in the memory format of its parameter."""
    check_shape(f"optimizer.{name}", value, parameter)
    copy = torch.empty_like(parameter)
    put(copy, value)
    return copy


def check_shape(name: str, given: Tensor, wanted: Tensor) -> None:
    """Raise ValueError if the shapes differ."""
    if given.shape != wanted.shape:
        actual = tuple(given.shape)
        expected = tuple(wanted.shape)
        raise ValueError(f"{name} is {actual} instead of {expected}")


def under(prefix: str, flat: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries whose names start with "PREFIX.", without it."""
    start = f"{prefix}."
    found: dict[str, Tensor] = {}
    for name, tensor in flat.items():
        if name.startswith(start):
            rest = name.removeprefix(start)
            found[rest] = tensor
    return found


def flatten(carry: Any, path: str = "") -> dict[str, Tensor]:
    """A tensor, or tuples of tensors inside tuples, as {"": t} or {"0": t, "1.0": t, …}."""
    if carry is None:
        return {}
    if isinstance(carry, Tensor):
        return {path: carry}

    flat: dict[str, Tensor] = {}
    for index, part in enumerate(carry):
        part_path = f"{path}.{index}" if path else str(index)
        flat |= flatten(part, part_path)
    return flat


def unflatten(flat: Mapping[str, Tensor]) -> Any:
    """What `flatten` was given."""
    if not flat or "" in flat:
        return flat.get("")

    parts: _Slots = {}
    for path, value in flat.items():
        index, _, rest = path.partition(".")
        part = parts.setdefault(int(index), {})
        part[rest] = value

    in_order = [parts[index] for index in sorted(parts)]
    return tuple(unflatten(part) for part in in_order)
