"""What a model remembers of the words so far: the state from which a decoder asks for the next one.

A state holds no more context than scores to come depend on, as KenLM's does (Heafield et al. 2011,
section 4.1; Li & Khudanpur 2008): hypotheses that cannot differ any more compare equal.

Letters: B states of a beam, N the order, V words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import WrongType, WrongValue
from .tables import Floats
from .text import Ids

NOTHING = -1  # stands where an array of words has none


class State:
    """The words that scores to come depend on; made by `Model.begin`, `null` and `step`.

    `State()` is an empty one for the methods that kenlm's class has: they write into it.
    """

    __slots__ = ("_backoffs", "_owner", "_words")

    def __init__(
        self, owner: Any = None, words: tuple[int, ...] = (), backoffs: tuple[float, ...] = ()
    ) -> None:
        """`owner` is what made it; `words` are ids, the newest first.

        `backoffs[k]` is the log10 weight of the history of the newest k + 1 words.
        """
        self._owner = owner
        self._words = words
        self._backoffs = backoffs

    def __len__(self) -> int:
        """How many words it holds."""
        return len(self._words)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        return self._words == other._words and self._owner is other._owner

    def __hash__(self) -> int:
        return hash(self._words)

    def __copy__(self) -> State:
        return State(self._owner, self._words, self._backoffs)

    def __deepcopy__(self, _: Any) -> State:
        return self.__copy__()

    def become(self, other: State) -> None:
        """Hold what `other` holds, as kenlm's methods write into a state."""
        self._owner = other._owner
        self._words = other._words
        self._backoffs = other._backoffs

    def __repr__(self) -> str:
        return f"<ngram.State of {len(self)} words>"


class Step(NamedTuple):
    """What came of one word."""

    score: float  # log10 probability
    length: int  # of the n-gram found
    state: State  # after the word


@dataclass(frozen=True, repr=False)
class States:
    """The states of a beam, as rows of arrays; made by `Model.begin_batch` and `step_batch`."""

    owner: Any
    words: Ids  # (B, N - 1): the newest first, then -1
    backoffs: Floats  # (B, N - 1): log10 weights of the histories of 1, 2, … words, then 0

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, rows: slice | NDArray[Any] | Sequence[int]) -> States:
        """Those of some rows: a slice, indexes or a mask, as in NumPy."""
        return States(self.owner, self.words[rows], self.backoffs[rows])

    def distinct(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first row of each distinct state, and which of these each row is. -> (D,), (B,)

        Hypotheses in equal states can be recombined: nothing that follows tells them apart.
        """
        rows = np.ascontiguousarray(self.words)
        width = rows.shape[1] * rows.itemsize
        if not width:
            return np.zeros(min(len(rows), 1), np.int64), np.zeros(len(rows), np.int64)

        whole = rows.view(np.dtype((np.void, width))).ravel()
        _, first, which = np.unique(whole, return_index=True, return_inverse=True)
        return first, which

    def __repr__(self) -> str:
        return f"<ngram.States: {len(self):,}>"


def check_state(state: object, owner: object) -> None:
    """Raise `WrongType` for what is no state, `WrongValue` for that of another model."""
    if not isinstance(state, State | States):
        raise WrongType(f"give a state of an n-gram model, not {type(state).__name__}")

    found = state._owner if isinstance(state, State) else state.owner
    if found is None:
        raise WrongValue("this state is empty: take one from begin() or null()")
    if found is not owner:
        raise WrongValue("this state is of another model: begin with begin() of this model")
