"""One model from several with the same layers and the same vocabulary: the mean of their weights.

Of a fine-tuned model and the one that it came from, the mean keeps most of what was learned and
forgets less of what was known (WiSE-FT: Wortsman et al. 2022, arXiv:2109.01903). Of checkpoints or
of runs that started from the same weights, it is often better than each (arXiv:2203.05482).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor

from ..data.aside import ARCHIVE, new_folder
from ..data.files import open_up
from ..errors import CheckpointError, ConfigError
from ..parsing import to_json
from ..training import checkpoint
from .card import CARD, card_of
from .initial import Origin


class _Part(NamedTuple):
    origin: Origin
    weight: float  # all of them sum to 1

    def named(self) -> str:
        return f"{self.weight:.4g} of {self.origin.name}"


def write_average(
    models: Sequence[str | Path], out: Path, weights: Sequence[float] = ()
) -> list[float]:
    """Write the run folder `out` with the weighted mean of the models; all weigh the same without.

    A name that ends in ".zip" makes it a zip file. Settings, tokenizers and whatever else is no
    weight are those of the first. Returns the weights as they were used, with a sum of 1. Raises
    `SeqkitError` for models that have no mean, or if `out` exists or cannot be written; then
    nothing is left.
    """
    parts = _parts(models, weights)
    first, *others = [part.origin for part in parts]
    for other in others:
        _check_alike(first, other)

    mean = _mean(parts)
    with new_folder(out) as folder:
        _write(folder, parts, mean, name=out.name.removesuffix(ARCHIVE))
    return [part.weight for part in parts]


def _parts(models: Sequence[str | Path], weights: Sequence[float]) -> list[_Part]:
    if len(models) < 2:
        raise ConfigError("a mean takes two models or more")
    weights = weights or [1.0] * len(models)
    if len(weights) != len(models):
        raise ConfigError(
            f"{len(weights)} weights for {len(models)} models: give each model one, in their order"
        )

    total = math.fsum(weights)
    if not math.isfinite(total) or total <= 0 or min(weights) < 0:
        raise ConfigError("weights of a mean are 0 or more, and not all of them 0")

    shares = [weight / total for weight in weights]
    return [_Part(Origin.of(model), share) for model, share in zip(models, shares, strict=True)]


def _check_alike(first: Origin, other: Origin) -> None:
    """Raise `ConfigError` unless the same numbers mean the same in both models."""
    pair = f"{other.name} and {first.name}"
    if first.config.task != other.config.task:
        raise ConfigError(
            f"{pair} have no mean: one is for {other.config.task!r}, one for {first.config.task!r}"
        )

    differing = first.kept_differences(other)
    if differing:
        key, ours, theirs = differing[0]
        raise ConfigError(
            f"{pair} have no mean: model.{key} is {theirs!r} in one and {ours!r} in the other"
        )
    if _tokenizer_files(first.folder) != _tokenizer_files(other.folder):
        raise ConfigError(f"{pair} have no mean: they have other tokenizers")


def _tokenizer_files(step: Path) -> dict[str, bytes]:
    """What a task has saved in folders of its own: tokenizers with their vocabularies."""
    files = (path for path in step.rglob("*") if path.is_file() and path.parent != step)
    return {path.relative_to(step).as_posix(): path.read_bytes() for path in files}


def _mean(parts: Sequence[_Part]) -> dict[str, Tensor]:
    """The weighted mean, computed in float64; what are no real numbers is taken from the first."""
    first = checkpoint.load_tensors(parts[0].origin.folder / checkpoint.MODEL)
    sums = {name: tensor.double() * parts[0].weight for name, tensor in first.items()}
    for origin, weight in parts[1:]:
        path = origin.folder / checkpoint.MODEL
        tensors = checkpoint.load_tensors(path)
        wrong = sorted(tensors.keys() ^ sums.keys())
        wrong += [
            name for name in sums if name in tensors and tensors[name].shape != sums[name].shape
        ]
        if wrong:
            raise CheckpointError(
                f"{origin.name} and {parts[0].origin.name} have no mean: they differ in the tensor "
                f"{wrong[0]!r}"
            )
        for name, tensor in tensors.items():
            sums[name] += tensor.double() * weight

    mean: dict[str, Tensor] = {}
    for name, tensor in first.items():
        is_real = tensor.is_floating_point()
        mean[name] = sums[name].to(torch.float32) if is_real else tensor
    return mean


def _write(folder: Path, parts: Sequence[_Part], mean: dict[str, Tensor], *, name: str) -> None:
    step = parts[0].origin.folder
    checkpoint.copy_step(step, folder, leaving_out=(checkpoint.MODEL, checkpoint.TRAINER, CARD))
    save_file(mean, folder / checkpoint.MODEL)
    open_up(folder / checkpoint.MODEL)

    meta = checkpoint.read_meta(step)
    meta.pop("state", None)
    meta["metrics"] = {}
    meta["average"] = [{**part.origin.record, "weight": part.weight} for part in parts]
    text = to_json(meta, indent=2, ascii_only=True)
    (folder / checkpoint.META).write_text(text + "\n", encoding="utf-8")
    (folder / CARD).write_text(_card(parts, name), encoding="utf-8")


def _card(parts: Sequence[_Part], name: str) -> str:
    lines = [f"# {name}", "", "The mean of the weights of:", ""]
    lines += [f"- {part.named()}" for part in parts]
    for part in parts:
        card = card_of(part.origin.folder)
        said = card.read_text(encoding="utf-8", errors="replace").strip() if card else "Nothing."
        lines += ["", f"## What {part.origin.name} says of itself", "", said]
    return "\n".join([*lines, ""])
