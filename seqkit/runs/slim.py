"""A run folder to hand on: what translating, scoring and evaluating need, and nothing of training.

Of a run's checkpoints, the best one; of its numbers, the weights, in half the room; its card, its
tokenizers and its config.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

from ..data.aside import check_is_new, new_folder
from ..data.files import open_up
from ..errors import CheckpointError
from ..training import checkpoint
from .card import CARD, card_of
from .open import config_of

SlimDtype = Literal["float16", "float32"]


def write_slim(model: str | Path, out: Path, *, dtype: SlimDtype = "float16") -> None:
    """Write the best checkpoint of `model` as the run folder `out`, without the trainer's state.

    A name that ends in ".zip" makes it a zip file, which opens as the folder does. Raises
    `CheckpointError` if `out` exists or cannot be written, or for a weight that float16 cannot
    hold; then nothing is left.
    """
    check_is_new(out)
    _, step = config_of(model)
    tensors = checkpoint.load_tensors(step / checkpoint.MODEL)
    weights = _in_type(tensors, getattr(torch, dtype), step)

    with new_folder(out) as folder:
        _write(step, weights, folder)


def _in_type(tensors: Mapping[str, Tensor], dtype: torch.dtype, step: Path) -> dict[str, Tensor]:
    """The tensors with their real numbers in `dtype`."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            found[name] = tensor
            continue

        found[name] = tensor.to(dtype)
        if not torch.equal(found[name].isfinite(), tensor.isfinite()):
            raise CheckpointError(
                f"{step / checkpoint.MODEL}: {name} has numbers that float16 cannot hold "
                f"(up to {tensor.abs().max():.3g}): take --compute float32"
            )
    return found


def _write(step: Path, weights: dict[str, Tensor], folder: Path) -> None:
    checkpoint.copy_step(step, folder, leaving_out=(checkpoint.MODEL, checkpoint.TRAINER))
    save_file(weights, folder / checkpoint.MODEL)
    open_up(folder / checkpoint.MODEL)

    card = card_of(step)
    if card is not None:
        shutil.copy(card, folder / CARD)
    for path in checkpoint.beside(step):
        shutil.copy(path, folder / path.name)
