"""Drawing words from an n-gram model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..parsing import check_count, check_number
from .tables import GramTables
from .text import EOS, UNK, Ids


@dataclass(frozen=True)
class Sampling:
    """How the next word is drawn; see `Model.generate`."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        check_sampling(self.temperature, self.top_k, self.top_p)

    def draw(self, scores: NDArray[np.float64], rng: np.random.Generator) -> int:
        """A word by its log10 score. (V,) -> an id"""
        nats = scores * np.log(10)
        if self.temperature == 0:
            return int(np.argmax(nats))

        nats = (nats - nats.max()) / self.temperature
        order = np.argsort(-nats, kind="stable")
        if self.top_k:
            order = order[: self.top_k]
        shares = np.exp(nats[order])
        shares /= shares.sum()

        before = np.cumsum(shares) - shares
        nucleus = np.where(before < self.top_p, shares, 0)
        return int(rng.choice(order, p=nucleus / nucleus.sum()))


def check_sampling(
    temperature: float, top_k: int, top_p: float, *, length: int = 0, seed: int | None = None
) -> None:
    """Raise `ConfigError` for settings by which nothing can be drawn."""
    check_number(temperature=temperature, top_p=top_p)
    check_count(top_k=top_k, length=length, seed=0 if seed is None else seed)
    possible = temperature >= 0 and top_k >= 0 and 0 < top_p <= 1
    if not possible:
        raise ConfigError("temperature and top_k are 0 or more, top_p is above 0 and at most 1")


def draw_ids(
    tables: GramTables,
    context: Ids,
    sampling: Sampling,
    rng: np.random.Generator,
    length: int,
) -> Iterator[int]:
    """Up to `length` ids after `context`, to the end of the sentence; `<unk>` is never drawn."""
    for _ in range(length):
        scores = tables.next_word(context)
        scores[UNK] = -np.inf
        if not np.isfinite(scores).any():
            return  # only <unk> can follow

        choice = sampling.draw(scores, rng)
        if choice == EOS:
            return
        yield choice
        context = np.append(context, np.int32(choice))
        context = context[-tables.order :]
