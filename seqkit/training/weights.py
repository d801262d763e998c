"""The weights of a model in a safetensors file: read, checked against the model, put into it.

Its header says in no time how many tensors there are, and of which sizes. So a model that its
metadata makes a thousand times larger than its weights is stopped while it is made, before it takes
memory and time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.modules import module as torch_modules

from ..errors import CheckpointError, ConfigError, reason

# A model may make tensors that it then replaces, ties or does not save: some more than its file.
_MORE_TENSORS, _MORE_NUMBERS = 2, 2
_SPARE_TENSORS, _SPARE_NUMBERS = 200, 1 << 20


class Size(NamedTuple):
    """How much a safetensors file holds."""

    tensors: int
    numbers: int


def load_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU."""
    with _reading(path):
        tensors: dict[str, Tensor] = load_file(path)
    return tensors


def size_of(path: Path) -> Size:
    """The size of a safetensors file by its header; raises `CheckpointError` for a damaged one."""
    tensors = numbers = 0
    with _reading(path), safe_open(path, "pt") as file:
        for name in file.keys():  # noqa: SIM118
            tensors += 1
            numbers += prod(file.get_slice(name).get_shape())
    return Size(tensors, numbers)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
    except (SafetensorError, KeyError, ValueError, RuntimeError):
        raise CheckpointError(
            f"{path} is damaged: not a whole safetensors file "
            "(a pickle under that name is never loaded)"
        ) from None


# A model as large as its weights


class _TooLargeError(Exception):
    """The model is larger than its weights: it is not worth making the rest of it."""


@contextmanager
def as_large_as(size: Size) -> Iterator[None]:
    """Stop a model that is made inside as soon as it is far larger than weights of that size.

    Raises `ConfigError`, for sizes that torch cannot make, too.
    """
    thread = threading.get_ident()
    most_tensors = _MORE_TENSORS * size.tensors + _SPARE_TENSORS
    most_numbers = _MORE_NUMBERS * size.numbers + _SPARE_NUMBERS
    made = {"modules": 0, "tensors": 0, "numbers": 0}

    def count(what: str, value: int, most: int) -> None:
        made[what] += value
        if made[what] > most:
            raise _TooLargeError

    def on_parameter(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        if threading.get_ident() != thread or parameter is None:
            return
        count("tensors", 1, most_tensors)
        count("numbers", parameter.numel(), most_numbers)

    def on_module(module: nn.Module, name: str, child: nn.Module | None) -> None:
        if threading.get_ident() == thread:
            count("modules", 1, 10 * most_tensors)

    hooks = [
        torch_modules.register_module_parameter_registration_hook(on_parameter),
        torch_modules.register_module_module_registration_hook(on_module),
    ]
    try:
        yield
    except _TooLargeError:
        raise ConfigError(
            f"the sizes in it make a model far larger than its weights, which are "
            f"{size.numbers:,} numbers in {size.tensors:,} tensors"
        ) from None
    except (RuntimeError, ArithmeticError, MemoryError, ValueError, LookupError) as error:
        does_not_fit = isinstance(error, MemoryError) or "alloc" in str(error)
        why = "it would not fit into memory" if does_not_fit else str(error).partition("\n")[0]
        raise ConfigError(f"no model has the sizes in it: {why}") from error
    finally:
        for hook in hooks:
            hook.remove()


# Weights into a model


def fill(model: nn.Module, wanted: Mapping[str, Tensor], path: Path, what: str) -> None:
    """Fill `wanted`, the tensors of `model` that are saved, with those of the file at `path`.

    `what` says where the model's sizes come from. Raises `CheckpointError` for names, shapes and
    types that do not fit, and for values that no trained model has.
    """
    tensors = load_tensors(path)
    wrong = sorted(tensors.keys() ^ wanted.keys())
    if not wrong:
        wrong = [name for name, value in tensors.items() if value.shape != wanted[name].shape]
    if wrong:
        raise CheckpointError(f"{path} does not fit the model in {what}: {_named(wrong)}")

    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    check_tensors(tensors, wanted, parameters, path)
    for name, tensor in tensors.items():
        wanted[name].copy_(tensor)


def check_tensors(
    tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor], parameters: set[str], path: Path
) -> None:
    """Raise `CheckpointError` for types that do not fit `wanted`, and for what are no numbers.

    Of tensors that are no `parameters`, infinity is one.
    """
    _check_types(tensors, wanted, path)
    _check_values(tensors, parameters, path)


def _check_types(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: Path) -> None:
    """Refuse tensors that a conversion to the model's type would change."""
    wrong = [name for name, value in tensors.items() if not _fits(value.dtype, wanted[name].dtype)]
    if wrong:
        found, asked = tensors[wrong[0]].dtype, wanted[wrong[0]].dtype
        raise CheckpointError(
            f"{path} does not fit the model: {_named(wrong)} is {_short(found)}, the model is "
            f"{_short(asked)}: convert it, or save it as it was trained"
        )


def _fits(found: torch.dtype, wanted: torch.dtype) -> bool:
    """Whether every value of one type is one of the other: float16 and bfloat16 of float32."""
    if found == wanted:
        return True
    return wanted in _WIDER.get(found, ())


_WIDER = {
    torch.float16: (torch.float32, torch.float64),
    torch.bfloat16: (torch.float32, torch.float64),
    torch.float32: (torch.float64,),
}


def _check_values(tensors: Mapping[str, Tensor], parameters: set[str], path: Path) -> None:
    """Refuse nan and infinity, which training that diverged leaves behind.

    What is no parameter may be infinite: masks are.
    """
    wrong = [name for name, value in tensors.items() if not _is_sound(value, name in parameters)]
    if wrong:
        kind = "nan" if bool(tensors[wrong[0]].isnan().any()) else "infinite"
        raise CheckpointError(
            f"{path} holds weights that are {kind}: {_named(wrong)}. The training diverged, or the "
            "file is damaged: use an earlier step folder, or train again with a lower optim.lr"
        )


def _is_sound(tensor: Tensor, is_parameter: bool) -> bool:
    """Whether no value is nan, nor infinite in a parameter.

    Almost always one sum says so, in a fraction of the time that reading the file takes.
    """
    if not tensor.is_floating_point() or bool(tensor.sum().isfinite()):
        return True
    return bool(tensor.isfinite().all()) if is_parameter else not bool(tensor.isnan().any())


def _named(names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"tensor {names[0]!r}{more}"


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
