"""Drawing words from an n-gram model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..parsing import check_count, check_number
from .sorting import Longs
from .states import State
from .stepping import Steps
from .text import EOS, UNK


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
    steps: Steps, state: State, sampling: Sampling, rng: np.random.Generator, length: int
) -> Iterator[int]:
    """Up to `length` ids after `state`, to the end of the sentence; `<unk>` is never drawn."""
    for _ in range(length):
        scores = steps.score_all(state)
        scores[UNK] = -np.inf
        if not np.isfinite(scores).any():
            return  # only <unk> can follow

        choice = sampling.draw(scores, rng)
        if choice == EOS:
            return
        yield choice
        state = steps.step(state, choice).state


def pieces(
    tokens: list[str], following: Iterable[str], join: Callable[[Sequence[str]], str]
) -> Iterator[str]:
    """The text of `tokens`, then what each token that follows adds to it."""
    shown = join(tokens)
    yield shown
    for token in following:
        tokens.append(token)
        text = join(tokens)
        yield text[len(shown) :]
        shown = text


def likeliest(scores: NDArray[np.float64], among: Longs, top: int) -> Longs:
    """The `top` ids in `among` (n,) that have the highest scores (V,), the best first."""
    found = scores[among]
    if top < len(among):
        chosen = np.argpartition(-found, top)[:top]
        among = np.sort(among[chosen])  # so that ties stay in the order of ids
        found = scores[among]
    order = np.argsort(-found, kind="stable")[:top]
    return among[order]
