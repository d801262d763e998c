"""The states of a trained language model: what `ngram.Model.begin`, `step` and `finish` are to it.

Shapes: T tokens so far, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ..errors import WrongType, WrongValue
from ..ngram.generation import likeliest
from ..parsing import check_count
from ..text.lines import check_one
from ..text.tokenizer import Tokenizer
from ..text.vocab import EOS, SPECIALS
from .models.contract import NextTokenModel
from .reading import Reading, TokenReader, log_probabilities


class NetworkState:
    """The tokens so far, and what a network makes of them. Equal after the same tokens."""

    __slots__ = ("_ids", "_nats", "_owner", "_reading")

    def __init__(
        self, owner: NetworkSteps, ids: tuple[int, ...], reading: Reading, nats: Tensor
    ) -> None:
        """`nats` (V,) is what may come next."""
        self._owner = owner
        self._ids = ids
        self._reading = reading
        self._nats = nats

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NetworkState):
            return NotImplemented
        return self._ids == other._ids and self._owner is other._owner

    def __hash__(self) -> int:
        return hash(self._ids)

    def __repr__(self) -> str:
        return f"<NetworkState after {len(self._ids) - 1} tokens>"


class NetworkSteps:
    """Goes from state to state, token by token, with the scores of the whole line."""

    def __init__(
        self, model: NextTokenModel, tokenizer: Tokenizer, *, steps: int, stride: int
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.reader = TokenReader(model, steps=steps, stride=stride)

    def start(self, ids: Sequence[int] = ()) -> NetworkState:
        """The state after the beginning of a line, and these tokens of it."""
        return self._after((EOS, *ids), None)

    def step(self, state: NetworkState, token: str) -> tuple[float, NetworkState]:
        """The log10 probability of a token, and the state after it."""
        check_state(state, self)
        check_one(token, "token")
        following = self.tokenizer.vocab[token]
        score = float(state._nats[following]) / math.log(10)
        return score, self._after((*state._ids, following), state._reading)

    def finish(self, state: NetworkState) -> float:
        """The log10 probability that the line ends here."""
        return float(self.scores(state)[EOS])

    def scores(self, state: NetworkState) -> Tensor:
        """log10 probabilities of every token. -> (V,)"""
        check_state(state, self)
        return state._nats / math.log(10)

    def _after(self, ids: tuple[int, ...], before: Reading | None) -> NetworkState:
        logits, reading = self.reader.read([ids], before)
        nats = log_probabilities(logits)[0]
        return NetworkState(self, ids, reading, nats.cpu())


def next_tokens(
    steps: NetworkSteps, ids: Sequence[int], top: int, start: str
) -> list[tuple[str, float]]:
    """The likeliest tokens after these that begin with `start`, with their log10 scores."""
    check_count(top=top)
    check_one(start, "start")
    scores = steps.scores(steps.start(ids)).double().numpy()

    tokens = steps.tokenizer.vocab.tokens
    words = range(len(SPECIALS), len(tokens))
    chosen = [i for i in words if tokens[i].startswith(start)]
    best = likeliest(scores, np.array(chosen, np.int64), top)
    return [(tokens[i], float(scores[i])) for i in best.tolist()]


def check_state(state: object, owner: NetworkSteps) -> None:
    """Raise `WrongType` for what is no state, `WrongValue` for that of another model."""
    if not isinstance(state, NetworkState):
        raise WrongType(f"give a state of this language model, not {type(state).__name__}")
    if state._owner is not owner:
        raise WrongValue("this state is of another model: begin with begin() of this model")
