"""Starting from weights that were trained on other classes: the last layer is new."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ..errors import CheckpointError


def is_of_output(name: str) -> bool:
    """Whether a tensor belongs to the last layer."""
    return name.split(".")[0] == "output"


def keep_all_but_output(trained: nn.Module, model: nn.Module, folder: Path) -> list[str]:
    """Copy the tensors of `trained` into `model`, except those of the last layer; name these.

    Raises `CheckpointError` if another tensor is missing or of another shape.
    """
    given: Mapping[str, Tensor] = trained.state_dict()
    tensors = model.state_dict()
    for name, tensor in tensors.items():
        if is_of_output(name):
            continue
        if name not in given or given[name].shape != tensor.shape:
            raise CheckpointError(
                f"{folder} is of another network: it differs in the tensor {name!r}; give the "
                "[model] that it was trained with"
            )
        tensor.copy_(given[name])
    return [name for name in tensors if is_of_output(name)]
