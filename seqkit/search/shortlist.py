"""A search in which outputs have tokens of a list only, one list for each sentence.

Sentences of a batch are searched over the tokens that any of their lists has, in order: these are
the vocabulary of the search, and the model makes logits of no others. Those that are not on the
list of a sentence are as good as impossible in its outputs, so that these do not depend on what
else is in the batch.

Shapes: B sentences, R rows (hypotheses), V vocabulary, U tokens of it on any list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..text.vocab import SPECIALS
from .decoder import Ensemble, StepDecoder
from .fusion import Fusion
from .hypothesis import Hypothesis
from .phrases import Phrases
from .rules import Rules
from .settings import SearchConfig

Tokens = NDArray[np.int64]
"""Ids of a vocabulary, ascending and each once; the special ones, which are the first, are in."""

_NOT_ON_LIST = -1e9  # added to logits; finite, as the compiled library asks


@runtime_checkable
class Narrows(Protocol):
    """A `StepDecoder` that can make logits of some tokens without making those of the others."""

    def over(self, state: Any, tokens: Tensor) -> Any:
        """The state after which steps give the logits of `tokens` (U,) only."""


def usable(
    lists: Sequence[Tokens | None],
    config: SearchConfig,
    rules: Rules,
    fusion: Fusion | None,
    phrases: Sequence[Phrases],
) -> list[Tokens | None]:
    """The lists of those sources that can be searched so, None for the others; [] if none can.

    What a user asks for by its tokens may be on no list, a language model and the rules of plugins
    speak of the whole vocabulary, and what is drawn must not depend on the size of a batch's. A
    list has to have a beam's continuations.
    """
    asked_for = rules.prefix or rules.stem or rules.phrases or rules.further
    if asked_for or fusion is not None or config.draws_outputs:
        return []

    least = 2 * config.beam + len(SPECIALS) + len(rules.suppress)
    found: list[Tokens | None] = []
    for place, own in enumerate(lists):
        has_phrases = bool(phrases) and bool(phrases[place])
        is_usable = own is not None and len(own) >= least and not has_phrases
        found.append(own if is_usable else None)
    return found


class Part:
    """The part of a vocabulary that a batch is searched over."""

    def __init__(self, lists: Sequence[Tokens], device: torch.device | None) -> None:
        """`lists` (B) are those of the sentences."""
        self._ids = np.unique(np.concatenate(lists))
        self.tokens = torch.from_numpy(self._ids).to(device)  # (U,)
        self.barred: Tensor | None = None  # (B, U); None where each sentence has all
        if any(len(own) < len(self._ids) for own in lists):
            self.barred = torch.full((len(lists), len(self._ids)), _NOT_ON_LIST)
            for row, own in zip(self.barred, lists, strict=True):
                row[torch.from_numpy(np.searchsorted(self._ids, own))] = 0.0
            self.barred = self.barred.to(device)

    def __repr__(self) -> str:
        return f"<Part: {len(self._ids):,} tokens>"

    def decoder(self, model: StepDecoder[Any]) -> StepDecoder[Any]:
        """The model with this part as its vocabulary."""
        if isinstance(model, Ensemble):
            return Ensemble([_Narrowed(member, self) for member in model.models])
        return _Narrowed(model, self)

    def rules(self, rules: Rules) -> Rules:
        """The same rules for the tokens of this part."""
        own = np.flatnonzero(np.isin(self._ids, list(rules.suppress)))
        return replace(rules, suppress=frozenset(own.tolist()))

    def outputs(self, found: list[list[Hypothesis]]) -> list[list[Hypothesis]]:
        """What was found over this part, with the ids of the whole vocabulary."""
        return [[self._output(hypothesis) for hypothesis in nbest] for nbest in found]

    def _output(self, hypothesis: Hypothesis) -> Hypothesis:
        ids: list[int] = self._ids[hypothesis.ids].tolist() if hypothesis.ids else []
        return hypothesis._replace(ids=ids)


class _State(NamedTuple):
    """Of the model itself, and which sentence each row is of, (R,)."""

    own: Any
    sentence: Tensor


class _Narrowed:
    """A model as a `StepDecoder` over a part of its vocabulary."""

    def __init__(self, model: StepDecoder[Any], part: Part) -> None:
        self._model = model
        self._part = part

    def start(self, source: Tensor) -> _State:
        """(B, S) ids of the source's own vocabulary"""
        own = self._model.start(source)
        if isinstance(self._model, Narrows):
            own = self._model.over(own, self._part.tokens)
        return _State(own, torch.arange(len(source), device=source.device))

    def step(self, ids: Tensor, state: _State) -> tuple[Tensor, _State]:
        """(R,) -> (R, U)"""
        logits, own = self._model.step(self._part.tokens[ids], state.own)
        if not isinstance(self._model, Narrows):
            logits = logits[:, self._part.tokens]
        if self._part.barred is not None:
            logits = logits + self._part.barred[state.sentence]
        return logits, state._replace(own=own)

    def select(self, state: _State, rows: Tensor) -> _State:
        return _State(self._model.select(state.own, rows), state.sentence[rows])
