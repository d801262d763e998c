"""Starting from weights that were trained on other classes: the last layer is new."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ..errors import CheckpointError


def is_of_output(name: str) -> bool:
    """Whether a tensor belongs to a last layer, the main one or an auxiliary one."""
    return "output" in name.split(".")


def keep_all_but_output(trained: nn.Module, model: nn.Module, folder: Path) -> list[str]:
    """Copy the tensors of `trained` into `model`, except those of last layers; name these.

    Raises `CheckpointError`, naming `folder`, if another tensor is missing or of another shape.
    """
    given: Mapping[str, Tensor] = trained.state_dict()
    tensors = model.state_dict()
    wrong = sorted(given.keys() ^ tensors.keys())
    if not wrong:
        wrong = [name for name in tensors if not _fits(name, given, tensors)]
    if wrong:
        raise CheckpointError(
            f"{folder} is of another network: it differs in the tensor {wrong[0]!r}; "
            "give the [model] that it was trained with"
        )

    for name, tensor in tensors.items():
        if not is_of_output(name):
            tensor.copy_(given[name])
    return [name for name in tensors if is_of_output(name)]


def _fits(name: str, given: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> bool:
    return is_of_output(name) or given[name].shape == tensors[name].shape
