"""Tensors that may be divided among processes, which PyTorch calls DTensors.

Nothing of `torch.distributed.tensor` is imported for those that are not.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor


def is_divided(tensor: Tensor) -> bool:
    """Whether this process holds a part of it only."""
    return hasattr(tensor, "full_tensor")


def local(tensor: Tensor) -> Tensor:
    """This process's part of a tensor, which shares its memory; itself if it is not divided."""
    maybe: Any = tensor
    return maybe.to_local() if is_divided(tensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """A divided tensor put together, by all processes; itself if it is not divided."""
    maybe: Any = tensor
    return maybe.full_tensor() if is_divided(tensor) else tensor


def part_of(value: Tensor, like: Tensor) -> Tensor:
    """A copy of this process's part of `value`, which all of them have, if divided as `like` is."""
    value = value.to(like.device, like.dtype)
    if not is_divided(like):
        return value.clone()

    from torch.distributed.tensor import distribute_tensor

    maybe: Any = like
    divided = distribute_tensor(value, maybe.device_mesh, maybe.placements, src_data_rank=None)
    return local(divided).clone()


def put(tensor: Tensor, value: Tensor) -> None:
    """Copy `value`, which all processes have, into a tensor that may be divided."""
    local(tensor).copy_(part_of(value, tensor) if is_divided(tensor) else value)
