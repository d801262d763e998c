"""Devices and precision."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from contextlib import AbstractContextManager
from typing import Literal

import torch
from torch import nn

from ..errors import ConfigError, WrongType

Precision = Literal["fp32", "bf16", "fp16"]


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" is CUDA, else MPS, else the CPU.

    Raises `ConfigError` if this machine does not have it.
    """
    if not isinstance(name, str):
        raise WrongType(f"give a device as a string, such as 'cpu' or 'cuda:0', not {name!r}")
    if name == "auto":
        name = _best_device()
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        # torchrun's number of this process on this machine
        name = f"cuda:{os.environ['LOCAL_RANK']}"

    try:
        device = torch.device(name)
        torch.empty(0, device=device)
        if device.type == "meta":
            raise RuntimeError("it holds no numbers")
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
    device: torch.device, name: Literal["auto", "fp32", "bf16", "fp16"], model: nn.Module
) -> Precision:
    """The precision that `name` means for `model` on `device`.

    "auto" is bf16 on CUDA devices that have it. On CPUs that have it, it is bf16 for models that
    say `fast_bf16`: those whose time goes into products. Very narrow Transformers lose by it.
    Raises `ConfigError` for fp16 elsewhere than on CUDA.
    """
    if name == "fp16" and device.type != "cuda":
        raise ConfigError(
            f"train.precision = 'fp16' is for CUDA devices, this is {device.type!r}: "
            "choose 'bf16' or 'fp32'"
        )
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
    """The context for forward passes: bf16 or fp16 autocast, or nothing."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16 if precision == "bf16" else torch.float16)


_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # glibc's malloc.h


_KERNELS = 128
_KERNELS_VARIABLE = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


def limit_kept_kernels() -> None:
    """Let oneDNN keep the kernels of the last 128 layers and shapes, not of the last 1,024.

    Text comes in batches of ever new shapes, and a kernel with its buffers can take 20 MB: training
    a large Transformer in bf16 grew by gigabytes an hour. Networks with fewer than 128 different
    layers and shapes are as fast as before. Nothing changes if the user has set
    ONEDNN_PRIMITIVE_CACHE_CAPACITY, or oneDNN has computed before: it reads it once.
    """
    os.environ.setdefault(_KERNELS_VARIABLE, str(_KERNELS))


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


def give_back_freed_memory() -> None:
    """Hand freed memory back to the system, on Linux with glibc, once much of it has been freed.

    By itself, glibc keeps what lies between blocks that are still used. Elsewhere, nothing changes.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # musl has none
        trim(0)
