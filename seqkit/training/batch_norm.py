"""Batch norm: it needs more than one example at a time, and its statistics are each process's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from ..errors import ConfigError
from .processes import Processes


@contextmanager
def batch_norm_explained(count: int, unit: str) -> Iterator[None]:
    """Turn torch's complaint about a batch of `count` = 1 into a `ConfigError`.

    `unit` is what it is a batch of: an image, a row.
    """
    try:
        yield
    except ValueError as error:
        if count > 1 or "more than 1 value per channel" not in str(error):
            raise
        raise ConfigError(
            f"data.batch = 1: batch norm needs more than one {unit} at a time, "
            "set data.batch = 2 or more"
        ) from None


def statistics(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The running means and variances among the tensors of a model."""
    names = ("running_mean", "running_var")
    return {name: value for name, value in tensors.items() if name.rpartition(".")[2] in names}


@torch.no_grad()
def share_statistics(tensors: Mapping[str, Tensor], processes: Processes) -> None:
    """Make the running statistics of all processes their mean: each has seen other batches."""
    found = list(statistics(tensors).values())
    if processes.world == 1 or not found:
        return
    processes.sum(found)
    torch._foreach_div_(found, processes.world)
