"""Language models of any kind, mixed for many hypotheses at once.

Shapes: R rows (hypotheses), V tokens of all models, M models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .tables import Floats

Doubles = NDArray[np.float64]
Rows = Sequence[int] | NDArray[np.integer[Any]]
PartStates = tuple[Any, ...]  # M: the states of each model

UNKNOWN = "<unk>"
_NATS = math.log(10)


class PartScorer(Protocol):
    """What is asked of each model; see `seqkit.search.scorer.LanguageScorer`."""

    unknown: int

    @property
    def tokens(self) -> Sequence[str]:
        """The tokens by id."""

    def begin(self, rows: int) -> Any:
        """The states at the beginning of a line, R times."""

    def step(self, states: Any, ids: Rows) -> tuple[Floats, Any]:
        """A token after each state: its log probability (R,), and the states after it."""

    def following(self, states: Any) -> Floats:
        """The log probabilities of every token of the model after each state. -> (R, own V)"""

    def finish(self, states: Any) -> Floats:
        """The log probability that the line ends after each state. -> (R,)"""

    def select(self, states: Any, rows: Rows) -> Any:
        """The states of `rows`, in that order."""

    def join(self, states: Sequence[Any]) -> Any:
        """The rows of several states, one after the other."""


class MixedScorer:
    """The weighted mean of what several models give; log probabilities are nats."""

    unknown = 0

    def __init__(
        self,
        parts: Sequence[PartScorer],
        weights: Sequence[float],
        known: Sequence[frozenset[str]],
        shares: Sequence[tuple[float, float]],
        split: Callable[[str], list[str]],
    ) -> None:
        """`known` are the tokens of each model but its `<unk>`; `split` gives those of a text.

        `shares` are log10 of what a model's probability of `<unk>` is multiplied by: for `<unk>`
        itself, and for a token that another model knows.
        """
        self.parts = parts
        self._split = split
        with np.errstate(divide="ignore"):
            self._log_weights: Doubles = np.log(np.array(weights))

        of_all = dict.fromkeys(
            token
            for part, own in zip(parts, known, strict=True)
            for token in part.tokens
            if token in own
        )
        self.tokens = [UNKNOWN, *of_all]
        self._ids = {token: i for i, token in enumerate(self.tokens)}

        rows = [
            self._row(part, own, share)
            for part, own, share in zip(parts, known, shares, strict=True)
        ]
        self._own_ids = [ids for ids, _ in rows]
        self._shares = [row for _, row in rows]

    def __repr__(self) -> str:
        return f"<MixedScorer of {len(self.parts)} models, {len(self.tokens):,} tokens>"

    def _row(
        self, part: PartScorer, known: frozenset[str], share: tuple[float, float]
    ) -> tuple[NDArray[np.int64], Doubles]:
        """The ids in one model of all tokens, and nats to add to their scores. (V,) each."""
        of_unknown, of_lacking = share
        ids = np.full(len(self.tokens), part.unknown, np.int64)
        added = np.full(len(self.tokens), of_lacking * _NATS)
        added[self.unknown] = of_unknown * _NATS
        for own, token in enumerate(part.tokens):
            if token in known:
                place = self._ids[token]
                ids[place] = own
                added[place] = 0
        return ids, added

    def encode(self, text: str) -> list[int]:
        """The ids of the tokens of a text, that of `<unk>` for unknown ones."""
        return [self._ids.get(token, self.unknown) for token in self._split(text)]

    def begin(self, rows: int) -> PartStates:
        return tuple(part.begin(rows) for part in self.parts)

    def step(self, states: PartStates, ids: Rows) -> tuple[Floats, PartStates]:
        chosen = np.asarray(ids, np.int64)
        scores = []
        after = []
        columns = zip(self.parts, states, self._own_ids, self._shares, strict=True)
        for part, state, own, added in columns:
            found, following = part.step(state, own[chosen])
            scores.append(found + added[chosen])
            after.append(following)
        return self._mean(scores), tuple(after)

    def following(self, states: PartStates) -> Floats:
        columns = zip(self.parts, states, self._own_ids, self._shares, strict=True)
        return self._mean(
            [part.following(state)[:, own] + added for part, state, own, added in columns]
        )

    def finish(self, states: PartStates) -> Floats:
        return self._mean(
            [part.finish(state) for part, state in zip(self.parts, states, strict=True)]
        )

    def select(self, states: PartStates, rows: Rows) -> PartStates:
        return tuple(
            part.select(state, rows) for part, state in zip(self.parts, states, strict=True)
        )

    def join(self, states: Sequence[PartStates]) -> PartStates:
        of_each = zip(*states, strict=True)
        return tuple(part.join(each) for part, each in zip(self.parts, of_each, strict=True))

    def _mean(self, scores: Sequence[NDArray[Any]]) -> Floats:
        """The log of the weighted mean of probabilities, all of one shape."""
        weighted = [
            log_weight + found for log_weight, found in zip(self._log_weights, scores, strict=True)
        ]
        found: Floats = np.logaddexp.reduce(np.stack(weighted), axis=0).astype(np.float32)
        return found
