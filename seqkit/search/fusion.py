"""A language model that is heard in a search: shallow fusion.

Gulcehre et al. 2015, arXiv:1503.03535, section 4.1: hypotheses are ranked by the log probability of
the model plus a weight times that of the language model.

Shapes: R rows (hypotheses), V tokens of the search, L tokens of the language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..text.vocab import BOS, EOS
from ..wanted import check_wanted
from .decoder import StateT, StepDecoder
from .scorer import LanguageScorer, Nats, StatesT

HeardT = TypeVar("HeardT")


class Heard(Protocol[HeardT]):
    """A language model that scores the tokens of a search, whatever its own tokens are."""

    def start(self, rows: int) -> HeardT:
        """The state before the first token, R times."""

    def step(self, ids: Tensor, state: HeardT) -> tuple[Tensor, HeardT]:
        """(R,) last tokens -> what each next token costs (R, V), nats, the state after the last"""

    def select(self, state: HeardT, rows: Tensor) -> HeardT:
        """The state of `rows` (R',), in that order; a row may be taken several times, or never."""


@dataclass(frozen=True)
class Fusion:
    """A language model, and what its log probabilities are multiplied by."""

    lm: Heard[Any]
    weight: float


class Fused(Generic[StateT]):
    """A model with the language model that is heard beside it, or with none."""

    def __init__(self, model: StepDecoder[StateT], fusion: Fusion | None) -> None:
        self.model = model
        self.fusion = fusion

    def start(self, source: Tensor, rows: int = 1) -> tuple[StateT, Any]:
        """(B, S) ids -> the state before the first token, with so many rows for each sentence"""
        heard = self.fusion.lm.start(len(source)) if self.fusion else None
        state = self.model.start(source), heard
        if rows == 1:
            return state
        sentences = torch.arange(len(source), device=source.device)
        return self.select(state, sentences.repeat_interleave(rows))

    def step(
        self, ids: Tensor, state: tuple[StateT, Any]
    ) -> tuple[Tensor, Tensor | None, tuple[StateT, Any]]:
        """(R,) last tokens -> logits (R, V), what the language model adds (R, V), the state after

        What is added are log probabilities times the weight; None without a language model. Raises
        `Unwanted` if nobody waits for what is searched for (see `seqkit.wanted`).
        """
        check_wanted()
        own, heard = state
        logits, own = self.model.step(ids, own)
        if self.fusion is None:
            return logits, None, (own, heard)

        scores, heard = self.fusion.lm.step(ids, heard)
        added = scores.to(logits.device) * self.fusion.weight
        return logits, added, (own, heard)

    def select(self, state: tuple[StateT, Any], rows: Tensor) -> tuple[StateT, Any]:
        """The state of `rows` (R',)"""
        own, heard = state
        if self.fusion is not None:
            heard = self.fusion.lm.select(heard, rows)
        return self.model.select(own, rows), heard


# The same tokens


class _Next(NamedTuple, Generic[StatesT]):
    """The states of hypotheses; before the first token there is nothing to step over."""

    states: StatesT
    is_first: bool


class SameTokens(Generic[StatesT]):
    """A language model of the tokens that are searched for: it scores each as it comes."""

    def __init__(self, scorer: LanguageScorer[StatesT], ids: Sequence[int]) -> None:
        """`ids` (V,) are the language model's, that of `<unk>` for tokens that it lacks."""
        self.scorer = scorer
        self._ids = np.asarray(ids, np.int64)

    def __repr__(self) -> str:
        return f"SameTokens({self.scorer!r})"

    def start(self, rows: int) -> _Next[StatesT]:
        return _Next(self.scorer.begin(rows), is_first=True)

    def step(self, ids: Tensor, state: _Next[StatesT]) -> tuple[Tensor, _Next[StatesT]]:
        states = state.states
        if not state.is_first:
            _, states = self.scorer.step(states, self._ids[ids.cpu().numpy()])

        scores = self.scorer.following(states)[:, self._ids]  # (R, L) -> (R, V)
        scores[:, EOS] = self.scorer.finish(states)
        return torch.from_numpy(scores), _Next(states, is_first=False)

    def select(self, state: _Next[StatesT], rows: Tensor) -> _Next[StatesT]:
        return state._replace(states=self.scorer.select(state.states, rows.cpu().numpy()))


# Other tokens


class Spelling(Protocol):
    """How the tokens of a search make up the units that a language model scores."""

    @property
    def begins(self) -> NDArray[np.bool_]:
        """(V,) Tokens that end the unit before them."""

    @property
    def glues(self) -> NDArray[np.bool_]:
        """(V,) Tokens that no unit ends after, whatever follows."""

    def encode(self, before: int | None, tokens: tuple[int, ...]) -> list[int]:
        """The language model's ids of a unit, given its tokens and the one before them."""


class _Unit(NamedTuple):
    """The unit of a hypothesis that is not scored yet."""

    before: int | None  # the token before it
    tokens: tuple[int, ...]


class _Pending(NamedTuple, Generic[StatesT]):
    """Hypotheses whose last unit may go on."""

    states: StatesT  # before it
    after: StatesT  # after it, should it end here
    units: list[_Unit]


class AtUnitEnds(Generic[StatesT]):
    """A language model of other tokens, such as words: it scores each unit when it is complete.

    A unit is complete when a token comes that begins another one, or the output ends. So all that
    such tokens cost is one number for each hypothesis, and the others cost nothing yet.
    """

    def __init__(self, scorer: LanguageScorer[StatesT], spelling: Spelling) -> None:
        self.scorer = scorer
        self.spelling = spelling
        self._begins = torch.from_numpy(spelling.begins)

    def __repr__(self) -> str:
        return f"AtUnitEnds({self.scorer!r})"

    def start(self, rows: int) -> _Pending[StatesT]:
        states = self.scorer.begin(rows)
        return _Pending(states, states, [_Unit(None, ())] * rows)

    def step(self, ids: Tensor, state: _Pending[StatesT]) -> tuple[Tensor, _Pending[StatesT]]:
        before = self._extended(ids.tolist(), state)
        costs, after = self._score(before)
        ends = costs + self.scorer.finish(after)

        cost = torch.from_numpy(costs)[:, None]
        scores = torch.where(self._begins & self._may_end(before.units), cost, 0.0)  # (R, V)
        scores[:, EOS] = torch.from_numpy(ends)
        return scores, before._replace(after=after)

    def select(self, state: _Pending[StatesT], rows: Tensor) -> _Pending[StatesT]:
        index = rows.cpu().numpy()
        units = [state.units[row] for row in index.tolist()]
        states = self.scorer.select(state.states, index)
        return _Pending(states, self.scorer.select(state.after, index), units)

    def _extended(self, ids: list[int], state: _Pending[StatesT]) -> _Pending[StatesT]:
        """With the last tokens, each of which continues the unit before it or begins another."""
        rows = len(ids)
        origin = np.arange(rows)
        units = []
        for row, (token, unit) in enumerate(zip(ids, state.units, strict=True)):
            if token == BOS:
                units.append(unit)
            elif self._ends(unit, token):
                units.append(_Unit(unit.tokens[-1], (token,)))
                origin[row] += rows
            else:
                units.append(_Unit(unit.before, (*unit.tokens, token)))

        both = self.scorer.join([state.states, state.after])
        return _Pending(self.scorer.select(both, origin), state.after, units)

    def _ends(self, unit: _Unit, token: int) -> bool:
        """Whether a token that follows a unit ends it."""
        if not unit.tokens or not self.spelling.begins[token]:
            return False
        return not self.spelling.glues[unit.tokens[-1]]

    def _may_end(self, units: Sequence[_Unit]) -> Tensor:
        """(R, 1) Whether another unit may begin after these."""
        last = [unit.tokens[-1] if unit.tokens else BOS for unit in units]
        may_end = ~self.spelling.glues[last]
        return torch.from_numpy(may_end)[:, None]

    def _score(self, pending: _Pending[StatesT]) -> tuple[Nats, StatesT]:
        """The log probability of each unit as it stands (R,), and the states after it."""
        rows = [self.spelling.encode(unit.before, unit.tokens) for unit in pending.units]
        return score_rows(self.scorer, pending.states, rows)


def score_rows(
    scorer: LanguageScorer[StatesT], states: StatesT, rows: Sequence[Sequence[int]]
) -> tuple[Nats, StatesT]:
    """The log probability of several tokens after each state, and the states after them. -> (R,)"""
    total = np.zeros(len(rows), np.float32)
    lengths = np.array([len(ids) for ids in rows], np.int64)
    for place in range(lengths.max(initial=0)):
        longer = np.flatnonzero(lengths > place)
        ids = [rows[row][place] for row in longer.tolist()]
        scores, after = scorer.step(scorer.select(states, longer), ids)
        total[longer] += scores

        origin = np.arange(len(rows))
        origin[longer] = len(rows) + np.arange(len(longer))
        states = scorer.select(scorer.join([states, after]), origin)
    return total, states
