"""What a search asks of a language model, counted or neural: scores for a batch of hypotheses.

Shapes: R rows (hypotheses), V tokens of the language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Nats = NDArray[np.float32]
"""Natural logarithms of probabilities, as those of a search."""

Rows = Sequence[int] | NDArray[np.integer[Any]]
"""Which rows: they may be taken several times, or never."""

StatesT = TypeVar("StatesT")


class LanguageScorer(Protocol[StatesT]):
    """A language model that goes from token to token, for many hypotheses at once.

    States are rows that belong together: whatever the model remembers of each hypothesis. A model
    has its scorer by `ngram.Model.scorer()` or `LanguageModel.scorer()`.
    """

    @property
    def tokens(self) -> Sequence[str]:
        """(V,) The tokens by id, as they are written in a text; specials stand for themselves."""

    @property
    def unknown(self) -> int:
        """The id of `<unk>`, which unknown tokens are scored as."""

    def encode(self, text: str) -> list[int]:
        """The ids of the tokens of a text."""

    def begin(self, rows: int) -> StatesT:
        """The states at the beginning of a line, R times."""

    def step(self, states: StatesT, ids: Rows) -> tuple[Nats, StatesT]:
        """A token after each state: its log probability (R,), and the states after it."""

    def following(self, states: StatesT) -> Nats:
        """The log probabilities of every token after each state. -> (R, V)"""

    def finish(self, states: StatesT) -> Nats:
        """The log probability that the line ends after each state. -> (R,)"""

    def select(self, states: StatesT, rows: Rows) -> StatesT:
        """The states of `rows`, in that order."""

    def join(self, states: Sequence[StatesT]) -> StatesT:
        """The rows of several states, one after the other."""
