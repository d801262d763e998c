"""From state to state, word by word: the inner loop of a decoder.

Both classes give the scores of `GramTables.score`. `BackoffSteps` needs a microsecond or two for a
word and keeps states minimal; `PlainSteps` takes whatever model there is.

Letters: B states of a beam, N the order, V the words of the model, n_k its k-grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import WrongValue
from .sorting import Longs, find, sort
from .states import NOTHING, State, States, Step, check_state
from .tables import Depths, Floats, Grams, Tables
from .text import BOS, EOS, Ids
from .walking import Walker

Mask = NDArray[np.bool_]

_FEW = 24  # states: for so many, plain Python takes less time than NumPy's calls


class Steps(Protocol):
    """The states of a model. Words are ids, which are in range."""

    longest: int  # words in a state, at most

    def start(self, words: Sequence[int]) -> State:
        """The state after these words, and nothing before them."""

    def step(self, state: State, word: int) -> Step:
        """One word; raises `WrongValue` for the state of another model."""

    def line(self, words: Sequence[int], *, bos: bool) -> tuple[list[float], list[int]]:
        """log10 score of each word of a line, and the length of the n-gram found."""

    def step_batch(self, states: States, words: Ids) -> tuple[Floats, States]:
        """A word for each state, (B,) -> log10 scores (B,) and the states after them."""

    def score_all(self, state: State) -> NDArray[np.float64]:
        """log10 scores of every word of the model after one state. -> (V,)

        `<s>` never follows.
        """


def steps_of(tables: Tables) -> Steps:
    """The fast way for back-off models, unless n-grams lack the shorter ones that they begin with.

    Such files are legal: a state that held the words found would miss the longer n-gram.
    """
    if tables.kind != "backoff":
        return PlainSteps(tables)
    extends = _extensions(tables.grams, tables.size)
    return PlainSteps(tables) if extends is None else BackoffSteps(tables, extends)


def check_words(words: Ids, states: States, size: int) -> Ids:
    """The ids of words for these states; raises `WrongValue` for what is none. (B,) -> (B,)

    `size` is V.
    """
    given = np.asarray(words)
    if given.shape != (len(states),) or not np.issubdtype(given.dtype, np.integer):
        raise WrongValue(
            f"expected {len(states):,} ids of words, one for each state, not an array of "
            f"{given.dtype} {given.shape}"
        )
    if len(given) and not 0 <= given.min() <= given.max() < size:
        raise WrongValue(
            f"the ids of words are 0 to {size - 1:,}, not {given.min()} to {given.max()}"
        )
    return given.astype(np.int32, copy=False)


class BackoffSteps:
    """The steps of a back-off model."""

    def __init__(self, tables: Tables, extends: list[Mask]) -> None:
        """`extends` (n_k,) says for each k-gram, k < N, whether it matters to words that follow."""
        self.tables = tables
        self.longest = tables.order - 1  # words in a state
        self._extends = [mask.tobytes() for mask in extends]
        self._extensions = extends
        self._walker = Walker(tables)
        self._places = np.arange(1, self.longest + 1)

    def start(self, words: Sequence[int]) -> State:
        state = State(self)
        for word in words:
            state = self.step(state, word).state
        return state

    def step(self, state: State, word: int) -> Step:
        if getattr(state, "_owner", None) is not self:
            check_state(state, self)
        score, length, kept = self._extend(word, state._words, state._backoffs)
        if not kept:
            return Step(score, length, State(self))

        words = (word, *state._words[: len(kept) - 1])
        backoffs = tuple(self._walker.weights(kept))
        return Step(score, length, State(self, words, backoffs))

    def _extend(
        self, word: int, before: Sequence[int], backoffs: Sequence[float]
    ) -> tuple[float, int, list[int]]:
        """Score, and length of the n-gram found; indexes of the histories that matter from here.

        `before` are the words of a state, the newest first, `backoffs` the weights of these.
        """
        found = self._walker.match(word, before)
        length = self._walker.length(found)
        score: float = self._walker.scores[length - 1][found[length - 1]]
        if length <= len(backoffs):
            score += sum(backoffs[length - 1 :])

        kept = min(len(found), self.longest)
        while kept and not self._extends[kept - 1][found[kept - 1]]:
            kept -= 1
        return score, length, found[:kept]

    def line(self, words: Sequence[int], *, bos: bool) -> tuple[list[float], list[int]]:
        return self._walker.sentence(words, bos=bos)

    def step_batch(self, states: States, words: Ids) -> tuple[Floats, States]:
        check_state(states, self)
        if len(words) <= _FEW:
            return self._step_few(states, words)
        scores, indexes = self._scores(states, words)
        return scores, self._after(states, words, indexes)

    def _step_few(self, states: States, words: Ids) -> tuple[Floats, States]:
        """`step_batch` row by row, which is faster than arrays of a dozen elements."""
        scores = np.empty(len(words), np.float32)
        newest = np.full((len(words), self.longest), NOTHING, np.int32)
        backoffs = np.zeros((len(words), self.longest), np.float32)
        before = zip(words.tolist(), states.words.tolist(), states.backoffs.tolist(), strict=True)
        for row, (word, history, weights) in enumerate(before):
            scores[row], _, kept = self._extend(word, history, weights)
            if kept:
                newest[row, : len(kept)] = [word, *history[: len(kept) - 1]]
                backoffs[row, : len(kept)] = self._walker.weights(kept)
        return scores, States(self, newest, backoffs)

    def score_all(self, state: State) -> NDArray[np.float64]:
        scores, _ = self._scores(*_with_every_word(state, self))
        return _predicted(scores)

    def _scores(self, states: States, words: Ids) -> tuple[Floats, list[Longs]]:
        """Scores, and the index of each k-gram that ends in a word, or -1. (B,), N x (B,)"""
        index = words.astype(np.int64)
        indexes = [index]
        scores = self.tables.grams[0].scores[words]
        lengths = np.ones(len(words), np.int64)

        alive = np.arange(len(words))
        for k in range(2, self.tables.order + 1):
            first = states.words[alive, k - 2]
            keys = np.where(first == NOTHING, NOTHING, index[alive] * self.tables.size + first)
            if k == 2:  # the longer n-grams of states are near each other where the bigrams are
                order, keys = sort(keys)
                alive = alive[order]
            hits = self.tables.lookup.find(k, keys, ordered=True)

            is_found = hits >= 0
            alive = alive[is_found]
            index = np.full(len(words), NOTHING, np.int64)
            index[alive] = hits[is_found]
            indexes.append(index)

            own = self.tables.grams[k - 1].scores[index[alive]]
            scored = alive
            if self.tables.blanks:
                has_score = ~np.isnan(own)
                scored, own = alive[has_score], own[has_score]
            scores[scored] = own
            lengths[scored] = k

        is_cut = self._places >= lengths[:, None]
        cut = np.where(is_cut, states.backoffs, np.float64(0))
        scores += np.einsum("ij->i", cut)  # sums, but faster
        return scores, indexes

    def _after(self, states: States, words: Ids, indexes: list[Longs]) -> States:
        """The states after these words, each cut to what matters."""
        kept = np.zeros(len(words), np.int64)
        backoffs = np.zeros((len(words), self.longest), np.float32)
        levels = zip(indexes, self._extensions, self.tables.grams, strict=False)
        for k, (index, extends, level) in enumerate(levels, 1):
            rows = np.flatnonzero(index >= 0)
            places = index[rows]
            backoffs[rows, k - 1] = level.backoffs[places]
            kept[rows[extends[places]]] = k

        newest = np.empty((len(words), self.longest), np.int32)
        newest[:, :1] = words[:, None]
        newest[:, 1:] = states.words[:, :-1]
        is_cut = self._places > kept[:, None]
        newest[is_cut] = NOTHING
        backoffs[is_cut] = 0
        return States(self, newest, backoffs)


class PlainSteps:
    """The steps of any model: a state holds the last N - 1 words, and the tables score them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.longest = tables.order - 1

    def start(self, words: Sequence[int]) -> State:
        newest = tuple(reversed(words))
        return State(self, newest[: self.longest])

    def step(self, state: State, word: int) -> Step:
        check_state(state, self)
        row = _as_row(state, self.longest)
        scores, lengths = self._scores(row, np.array([word], np.int32))

        words = (word, *state._words)[: self.longest]
        return Step(float(scores[0]), int(lengths[0]), State(self, words))

    def line(self, words: Sequence[int], *, bos: bool) -> tuple[list[float], list[int]]:
        scores = []
        lengths = []
        state = self.start([BOS] if bos else [])
        for word in words:
            score, length, state = self.step(state, word)
            scores.append(score)
            lengths.append(length)
        return scores, lengths

    def step_batch(self, states: States, words: Ids) -> tuple[Floats, States]:
        check_state(states, self)
        scores, _ = self._scores(states, words)
        newest = np.concatenate([words[:, None], states.words], axis=1)
        return scores, States(self, newest[:, : self.longest], states.backoffs)

    def score_all(self, state: State) -> NDArray[np.float64]:
        scores, _ = self._scores(*_with_every_word(state, self))
        return _predicted(scores)

    def _scores(self, states: States, words: Ids) -> tuple[Floats, NDArray[np.int16]]:
        """Each row is a stream of its own: its history, the oldest word first, then the word."""
        oldest_first = states.words[:, ::-1]
        rows = np.concatenate([oldest_first, words[:, None]], axis=1)
        missing = (rows == NOTHING).sum(axis=1)
        places = np.arange(rows.shape[1]) - missing[:, None]
        depth: Depths = np.maximum(places, 0).astype(np.int32)

        stream = np.where(rows == NOTHING, np.int32(EOS), rows)
        scores, lengths = self.tables.score(stream.ravel(), depth.ravel())
        last = slice(self.longest, None, self.longest + 1)
        return scores[last], lengths[last]


def as_batch(states: Sequence[State], owner: Steps, longest: int) -> States:
    """These states as rows; raises as `check_state`."""
    rows = []
    for state in states:
        check_state(state, owner)
        rows.append(_as_row(state, longest))

    none = States(owner, np.empty((0, longest), np.int32), np.empty((0, longest), np.float32))
    words = np.concatenate([none.words, *(row.words for row in rows)])
    backoffs = np.concatenate([none.backoffs, *(row.backoffs for row in rows)])
    return States(owner, words, backoffs)


def _with_every_word(state: State, steps: BackoffSteps | PlainSteps) -> tuple[States, Ids]:
    """The state again and again, and every word of the model."""
    check_state(state, steps)
    size = steps.tables.size
    same = _as_row(state, steps.longest)[np.zeros(size, np.int64)]
    return same, np.arange(size, dtype=np.int32)


def _predicted(scores: Floats) -> NDArray[np.float64]:
    """Scores of every word, of which `<s>` never follows. (V,)"""
    found = scores.astype(np.float64)
    found[BOS] = -np.inf
    return found


def _as_row(state: State, longest: int) -> States:
    words = np.full((1, longest), NOTHING, np.int32)
    words[0, : len(state)] = state._words
    backoffs = np.zeros((1, longest), np.float32)
    backoffs[0, : len(state._backoffs)] = state._backoffs
    return States(state._owner, words, backoffs)


def _extensions(grams: Sequence[Grams], size: int) -> list[Mask] | None:
    """For k < N: which k-grams have a backoff weight, or begin a longer one. (n_k,) each.

    A blank counts only if it does so itself. None where a longer n-gram begins with one that is not
    there.
    """
    contexts = context_indexes([level.keys for level in grams], size)
    if any((found < 0).any() for found in contexts):
        return None

    masks = [level.backoffs != 0 for level in grams[:-1]]
    matters = ~np.isnan(grams[-1].scores)
    for k in range(len(masks), 0, -1):
        begun = contexts[k - 1][matters]
        masks[k - 1][begun] = True
        matters = masks[k - 1] | ~np.isnan(grams[k - 1].scores)
    return masks


def context_indexes(keys: Sequence[Longs], size: int) -> list[Longs]:
    """For k = 2, 3, …: the index of each k-gram without its last word, or -1. (n_k,) each.

    `keys` are those of the k-grams for k = 1, 2, …, `size` is V.
    """
    found: list[Longs] = []
    for shorter, own in pairwise(keys):
        suffixes, first = np.divmod(own, size)
        if found:
            between = found[-1][suffixes]  # all words but the first and the last
            wanted = np.where(between < 0, NOTHING, between * size + first)
            first = find(shorter, wanted)
        found.append(first)
    return found
