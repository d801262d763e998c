"""The methods of KenLM's Python class that write into a state; `Model` has them under its names."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .states import State, Step


class FullScoreReturn(NamedTuple):
    """What `BaseFullScore` returns."""

    log_prob: float
    ngram_length: int
    oov: bool


class Stepping(Protocol):
    """What these methods need of a model."""

    def begin(self) -> State:
        """The state at the beginning of a sentence."""

    def null(self) -> State:
        """The state without any context."""

    def full_step(self, state: State, word: str) -> tuple[Step, bool]:
        """What came of a word, and whether it is out of vocabulary."""


def begin_sentence_write(model: Stepping, state: State) -> None:
    """Write the state at the beginning of a sentence into `state`."""
    state.become(model.begin())


def null_context_write(model: Stepping, state: State) -> None:
    """Write the state without any context into `state`."""
    state.become(model.null())


def base_score(model: Stepping, in_state: State, word: str, out_state: State) -> float:
    """The log10 probability of `word` after `in_state`; the state after it goes to `out_state`."""
    found, _ = model.full_step(in_state, word)
    out_state.become(found.state)
    return found.score


def base_full_score(
    model: Stepping, in_state: State, word: str, out_state: State
) -> FullScoreReturn:
    """`base_score` with the length of the n-gram found, and whether the word is unknown."""
    found, is_oov = model.full_step(in_state, word)
    out_state.become(found.state)
    return FullScoreReturn(found.score, found.length, is_oov)
