"""Text from an n-gram model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .text import BOS, EOS, UNK, Ids, block_of

if TYPE_CHECKING:
    from .model import Model


def distribution(model: Model, context: Ids) -> NDArray[np.float64]:
    """log10 scores of every word after `context`, ids that begin with `<s>` if a sentence does. (T,) -> (V,)."""
    size, width = len(model.vocabulary), min(len(context), model.order - 1)
    rows = np.empty((size, width + 1), np.int32)
    rows[:, :width] = context[len(context) - width :]
    rows[:, width] = np.arange(size)
    depth = np.tile(np.arange(width + 1, dtype=np.int32), size)
    scores = (
        model.score_stream(rows.reshape(-1), depth)[0]
        .reshape(size, width + 1)[:, width]
        .astype(np.float64)
    )
    scores[BOS] = -np.inf
    return scores


def check_sampling(temperature: float, top_k: int, top_p: float) -> None:
    """Raise `ConfigError` for settings that nothing can be drawn by."""
    if temperature < 0 or top_k < 0 or not 0 < top_p <= 1:
        raise ConfigError("temperature and top_k are 0 or more, top_p is above 0 and at most 1")


def draw_words(
    model: Model,
    prompt: str,
    rng: np.random.Generator,
    *,
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
) -> Iterator[str]:
    """The words that `Model.generate` draws, one by one, without those of `prompt`."""
    words = model.words
    ids = model.vocabulary.encode(model.cutter(block_of([prompt])))[0][:-1]
    context = np.concatenate([[BOS], np.where(ids < 0, UNK, ids)]).astype(np.int32)
    for _ in range(length):
        scores = distribution(model, context)
        scores[UNK] = -np.inf
        if not np.isfinite(scores).any():
            return  # nothing but <unk> can follow
        choice = _draw(scores * np.log(10), temperature, top_k, top_p, rng)
        if choice == EOS:
            return
        yield words[choice]
        context = np.append(context, np.int32(choice))[-model.order :]


def _draw(
    logs: NDArray[np.float64],
    temperature: float,
    top_k: int,
    top_p: float,
    rng: np.random.Generator,
) -> int:
    if temperature == 0:
        return int(np.argmax(logs))
    logs = (logs - logs.max()) / temperature
    order = np.argsort(-logs, kind="stable")[: top_k or None]
    shares = np.exp(logs[order])
    shares /= shares.sum()
    inside = np.cumsum(shares) - shares < top_p
    shares = np.where(inside, shares, 0)
    return int(rng.choice(order, p=shares / shares.sum()))
