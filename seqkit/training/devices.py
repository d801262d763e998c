"""Devices, precision and processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ..errors import ConfigError

Precision = Literal["fp32", "bf16"]


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" is CUDA, else MPS, else the CPU.

    Raises `ConfigError` if this machine does not have it.
    """
    if name == "auto":
        name = _best_device()
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        # torchrun's number of this process on this machine
        name = f"cuda:{os.environ['LOCAL_RANK']}"

    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0]
        raise ConfigError(f"device {name!r} cannot be used: {why}") from None
    return device


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"


def pick_precision(
    device: torch.device, name: Literal["auto", "fp32", "bf16"], model: nn.Module
) -> Precision:
    """The precision that `name` means for `model` on `device`.

    "auto" is bf16 on CUDA devices that have it. On CPUs that have it, it is bf16 for models that
    say `fast_bf16`: those whose time goes into large products. Small Transformers lose by it there.
    """
    if name != "auto":
        return name
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    if device.type == "cpu" and getattr(model, "fast_bf16", False) and cpu_has_bf16():
        return "bf16"
    return "fp32"


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bf16 numbers itself; without that, they cost time."""
    try:
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    except AttributeError:  # private to torch, and missing from some versions
        return False


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """The context for forward passes: bf16 autocast, or nothing."""
    if precision == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()


_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # glibc's malloc.h


def keep_freed_memory() -> None:
    """Let this process keep freed tensors' memory for the next ones, on Linux with glibc.

    By default, glibc hands every large block back to the system and gets a new one, whose pages are
    filled with zeros at each first touch: a tenth of the time of training a convolutional net. The
    peak of memory is 3 % higher. Elsewhere, nothing changes.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl has none
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)


@dataclass(frozen=True)
class Processes:
    """This process among those that train together; one is the normal case."""

    rank: int = 0
    world: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Processes:
        """Join the group that torchrun started, if any (NCCL on CUDA, gloo elsewhere)."""
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world == 1:
            return cls()

        if device.type == "cuda":
            torch.cuda.set_device(device)  # NCCL sends objects through the current one
        if not torch.distributed.is_initialized():
            backend = "nccl" if device.type == "cuda" else "gloo"
            torch.distributed.init_process_group(backend)
        return cls(torch.distributed.get_rank(), torch.distributed.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and talks."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.world > 1:
            torch.distributed.barrier()

    def agree(self, value: float) -> float:
        """The first process's value, so that all decide the same."""
        if self.world == 1:
            return value
        box = [value]
        torch.distributed.broadcast_object_list(box)
        return box[0]

    def any(self, value: bool) -> bool:
        """Whether `value` is true in one of the processes."""
        if self.world == 1:
            return value
        votes: list[bool] = [False] * self.world
        torch.distributed.all_gather_object(votes, value)
        return any(votes)

    def sum(self, tensors: list[Tensor]) -> None:
        """Add `tensors` up over all processes, in place: one message for each type of number."""
        if self.world == 1:
            return
        dtypes = dict.fromkeys(tensor.dtype for tensor in tensors)  # in the same order everywhere
        for dtype in dtypes:
            _sum_as_one([tensor for tensor in tensors if tensor.dtype == dtype])


def _sum_as_one(tensors: list[Tensor]) -> None:
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    torch.distributed.all_reduce(flat)

    parts = flat.split([tensor.numel() for tensor in tensors])
    pairs = zip(parts, tensors, strict=True)
    torch._foreach_copy_(tensors, [part.view_as(tensor) for part, tensor in pairs])
