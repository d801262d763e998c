"""Prefix beam search (Graves et al. 2006; Hannun et al. 2014, arXiv:1408.2873, algorithm 1).

A hypothesis is what is spelled so far, and its last token. Its probability is that of all
alignments that say so, in two parts: those that end in the blank, after which the same token may
come anew, and those that end in the token. Where several tokens spell the same, as subwords do,
the alignments of all of them count together.

Letters: B hypotheses, G distinct spellings of them, K likely tokens of a frame, n hypotheses with a
token more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .alphabet import Alphabet
from .emissions import Frame
from .paths import NO_PATH, Paths
from .spellings import START, Growth, Spellings

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

_NEVER = -np.inf
_NOWHERE = -1
_LOWEST = float(np.finfo(np.float64).min)


class Pruning(NamedTuple):
    """What is given up at each frame."""

    beam: int  # hypotheses that stay
    loss: float  # <= 0: what they may have less than the best, nats
    gain: float  # the most that hotwords can add to the score at once


class Hypotheses:
    """B of them, no two with the same spelling and the same last token."""

    __slots__ = ("blank", "end", "logs", "numbers", "origin", "path", "spelling", "spoken", "token")

    def __init__(self, numbers: Longs, logs: Floats) -> None:
        """(5, B) and (2, B); the attributes are their rows."""
        self.numbers = numbers
        self.spelling: Longs = numbers[0]
        self.token: Longs = numbers[1]  # the last one; at first the blank
        self.origin: Longs = numbers[2]  # the spelling that it was added to; at first -1
        self.path: Longs = numbers[3]  # the tokens of the likeliest alignment
        self.end: Longs = numbers[4]  # the frame after the last token's in it

        self.logs = logs
        self.blank: Floats = logs[0]  # log probability of the alignments that end in the blank
        self.spoken: Floats = logs[1]  # and of those that end in the token

    def total(self) -> Floats:
        """(B,) Log probability of all alignments."""
        return np.logaddexp(self.blank, self.spoken)

    def select(self, rows: Longs) -> Hypotheses:
        """Those of some rows."""
        return Hypotheses(self.numbers.take(rows, axis=1), self.logs.take(rows, axis=1))

    def join(self, others: Hypotheses) -> Hypotheses:
        """These, and others."""
        numbers = np.concatenate([self.numbers, others.numbers], axis=1)
        return Hypotheses(numbers, np.concatenate([self.logs, others.logs], axis=1))


class Grown(NamedTuple):
    """Hypotheses with a token more: the log probability of each spelling with each token."""

    logs: Floats  # (G, K)
    leaders: Longs  # (G,) the likeliest hypothesis of each spelling


class Beam:
    """The hypotheses of one utterance, frame by frame."""

    def __init__(self, alphabet: Alphabet, spellings: Spellings, pruning: Pruning) -> None:
        self.spellings = spellings
        self.paths = Paths()
        self._hypotheses = _first(alphabet)
        self._size = len(alphabet)
        self._ends_word = alphabet.begins.astype(np.int64)
        self._pruning = pruning

        self._column = np.full(len(alphabet), _NOWHERE)  # of a token among the likely ones
        self._group = np.full(spellings.capacity, _NOWHERE)  # of a spelling among those here

    @property
    def hypotheses(self) -> Hypotheses:
        """Those after the last frame."""
        return self._hypotheses

    def advance(self, frame: Frame) -> None:
        """Go on by a frame; raises `DataError` where every hypothesis has the probability 0."""
        now = self.hypotheses
        total = now.total()
        if not len(frame.tokens):
            now.logs[0] = total + frame.blank
            now.logs[1] = _NEVER
            return

        own = self._own_columns(frame)
        said_again = (own >= 0).nonzero()[0]
        stayed = self._stay(frame, total, said_again, own[said_again])
        grown = self._grow(frame, total, said_again, own[said_again])
        self._meet(frame, stayed, grown, said_again, own)

        self._hypotheses = self._best(frame, stayed, grown)

    def _own_columns(self, frame: Frame) -> Longs:
        """Where the last token of each hypothesis is among the likely ones, or -1. -> (B,)"""
        self._column[frame.tokens] = np.arange(len(frame.tokens))
        own = self._column[self.hypotheses.token]
        self._column[frame.tokens] = _NOWHERE
        return own

    def _stay(self, frame: Frame, total: Floats, said_again: Longs, columns: Longs) -> Hypotheses:
        """The hypotheses after the blank, or their last token again."""
        now = self.hypotheses
        logs = np.empty((2, len(total)))
        logs[0] = total + frame.blank
        logs[1] = _NEVER
        logs[1, said_again] = now.spoken[said_again] + frame.logs[columns]

        stayed = Hypotheses(now.numbers.copy(), logs)
        stayed.end[logs[1] > logs[0]] = frame.end
        return stayed

    def _grow(self, frame: Frame, total: Floats, said_again: Longs, columns: Longs) -> Grown:
        """Every spelling with every likely token more; notes where each spelling is."""
        now = self.hypotheses
        logs = total[:, None] + frame.logs
        logs[said_again, columns] = now.blank[said_again] + frame.logs[columns]

        if len(self._group) < self.spellings.capacity:
            self._group = np.full(self.spellings.capacity, _NOWHERE)
        every = np.arange(len(total))
        self._group[now.spelling] = every
        if (self._group[now.spelling] == every).all():
            return Grown(logs, every)

        spellings, which = np.unique(now.spelling, return_inverse=True)
        self._group[spellings] = np.arange(len(spellings))
        leaders = likeliest(which, total, len(spellings))
        together = np.full((len(spellings), logs.shape[1]), _NEVER)
        np.logaddexp.at(together, which, logs)
        return Grown(together, leaders)

    def _meet(
        self, frame: Frame, stayed: Hypotheses, grown: Grown, said_again: Longs, own: Longs
    ) -> None:
        """Take from `grown` what is a hypothesis already, and add it to that one in `stayed`."""
        now = self.hypotheses
        groups = self._group[now.origin[said_again]]  # the last entry of all is free: -1 is nowhere
        self._group[now.spelling] = _NOWHERE

        is_here = groups >= 0
        groups = groups[is_here]
        rows = said_again[is_here]
        if not len(rows):
            return
        columns = own[rows]
        added = grown.logs[groups, columns]
        grown.logs[groups, columns] = _NEVER

        is_likelier = added > stayed.logs.take(rows, axis=1).max(axis=0)
        stayed.spoken[rows] = np.logaddexp(stayed.spoken[rows], added)
        if is_likelier.any():
            later = rows[is_likelier]
            leaders = grown.leaders[groups[is_likelier]]
            stayed.path[later] = self._said(leaders, now.token[later], frame)
            stayed.end[later] = frame.end

    def _best(self, frame: Frame, stayed: Hypotheses, grown: Grown) -> Hypotheses:
        """The best of those that stayed and those with a token more."""
        staying = stayed.total() + self.spellings.scores(stayed.spelling)
        rows, growth, logs = self._promising(frame, grown, staying.max())

        scores = np.concatenate([staying, logs + growth.score])
        best = scores.max()
        if best == _NEVER:
            raise impossible(frame)
        kept = (scores >= max(best + self._pruning.loss, _LOWEST)).nonzero()[0]
        if len(kept) > self._pruning.beam:
            worst = len(kept) - self._pruning.beam
            kept = kept[np.argpartition(scores[kept], worst)[worst:]]

        size = len(staying)
        stays = stayed.select(kept[kept < size])
        new = kept[kept >= size] - size
        if not len(new):
            return stays

        growth = growth.select(new)
        together = stays.join(self._with_token(frame, rows[new], growth, logs[new]))
        return self._merged(together) if growth.ends_words else together

    def _promising(self, frame: Frame, grown: Grown, best: float) -> tuple[Longs, Growth, Floats]:
        """Those with a token more that may come near `best`: (n,) hypotheses before it, logs."""
        table = self.spellings
        spellings = self.hypotheses.spelling[grown.leaders]
        least = max(best + self._pruning.loss - self._pruning.gain, _LOWEST)
        worth = np.array([table.whole(spellings), table.most(spellings)])  # same word, next word
        most = grown.logs + worth[self._ends_word[frame.tokens]].T
        groups, columns = np.nonzero(most >= least)

        growth = table.grow(spellings[groups], frame.tokens[columns])
        return grown.leaders[groups], growth, grown.logs[groups, columns]

    def _with_token(self, frame: Frame, rows: Longs, growth: Growth, logs: Floats) -> Hypotheses:
        """Hypotheses `rows` with a token more each. (n,) each"""
        numbers = np.empty((5, len(rows)), np.int64)
        numbers[0] = self.spellings.add(growth)
        numbers[1] = growth.tokens
        numbers[2] = growth.before
        numbers[3] = self._said(rows, growth.tokens, frame)
        numbers[4] = frame.end

        both = np.empty((2, len(rows)))
        both[0] = _NEVER
        both[1] = logs
        return Hypotheses(numbers, both)

    def _said(self, rows: Longs, tokens: Longs, frame: Frame) -> Longs:
        """The paths of hypotheses `rows` with a token more each. (n,), (n,) -> (n,)"""
        now = self.hypotheses
        return self.paths.add(now.path[rows], tokens, frame.begin, now.end[rows])

    def _merged(self, now: Hypotheses) -> Hypotheses:
        """Make one of hypotheses that are the same: several delimiters in a row are as one."""
        keys = now.spelling * self._size + now.token
        if len(set(keys.tolist())) == len(keys):
            return now

        distinct, which = np.unique(keys, return_inverse=True)
        leaders = likeliest(which, now.total(), len(distinct))
        merged = now.select(leaders)
        merged.logs[:] = _NEVER
        np.logaddexp.at(merged.blank, which, now.blank)
        np.logaddexp.at(merged.spoken, which, now.spoken)
        return merged

    def forget(self) -> None:
        """Drop spellings and tokens that no hypothesis needs any more."""
        now = self.hypotheses
        spellings = self.spellings.keep(now.numbers[[0, 2]])
        paths = self.paths.keep(now.path)
        now.numbers[0] = spellings[now.spelling]
        now.numbers[2] = spellings[now.origin]
        now.numbers[3] = paths[now.path]


def _first(alphabet: Alphabet) -> Hypotheses:
    """The hypothesis of nothing: before the first frame, as after a blank."""
    numbers = np.array([[START], [alphabet.blank], [_NOWHERE], [NO_PATH], [0]])
    return Hypotheses(numbers, np.array([[0.0], [_NEVER]]))


def impossible(frame: Frame) -> DataError:
    """The error of an utterance of which nothing can be spelled."""
    return DataError(f"frame {frame.begin}: all that may be spelled has the probability 0")


def likeliest(which: Longs, total: Floats, groups: int) -> Longs:
    """The likeliest hypothesis of each group; `which` (B,) is the group of each. -> (groups,)"""
    order = np.argsort(total, kind="stable")
    leaders = np.empty(groups, np.int64)
    leaders[which[order]] = order  # the last one of a group stays
    return leaders
