"""Tensors out of a file of `torch.save`: a pickle, so a program that plain loading would run.

With `weights_only=True` torch's own reader builds nothing but tensors and plain containers. It
reads today's zip archives and the files of torch before 1.6, and refuses the tar archives of torch
before 0.1.10.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import CheckpointError, reason

_ASKED_FOR = re.compile(r"GLOBAL ([\w.]+)")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict, alone or as the "state_dict" of a training script's checkpoint.

    Raises `CheckpointError` for anything else.
    """
    found = _load(path)
    if isinstance(found, dict):
        found = found.get("state_dict", found)
    if not isinstance(found, dict):
        raise _refused(path, f"it is of type {type(found).__name__}, not a state dict")

    for name, value in found.items():
        if not isinstance(name, str):
            raise _refused(path, f"{name!r} is not the name of a tensor")
        if not isinstance(value, Tensor):
            raise _refused(path, f"{name!r} is of type {type(value).__name__}, not a tensor")
    return {name: tensor.detach() for name, tensor in found.items()}


def _load(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, on old formats
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {reason(error)}") from None
    except Exception as error:  # torch documents none: it depends on where a file is damaged
        raise _refused(path, _explained(error)) from None


def _explained(error: Exception) -> str:
    """What is wrong with the file, without torch's advice to run it."""
    text = str(error)
    if "legacy .tar format" in text:
        return "it is a tar archive of torch before 0.1.10: save its tensors with safetensors"

    asked_for = _ASKED_FOR.search(text)
    if asked_for:
        return f"its pickle asks for {asked_for[1]!r}"
    if "weights_only" in text:
        return "its pickle is damaged or does more than describe tensors"

    first_sentence = " ".join(text.split()).partition(". ")[0]
    return f"it is damaged ({first_sentence or type(error).__name__})"


def _refused(path: Path, why: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: {why}; only a plain state dict is read, and nothing in it is run"
    )
