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
    gain: float  # the most that a token can add to the score besides its log probability


class Hypotheses(NamedTuple):
    """B of them, no two with the same spelling and the same last token."""

    spelling: Longs  # (B,)
    token: Longs  # (B,) the last one; at first the blank
    origin: Longs  # (B,) the spelling that the token was added to, -1 if it is forgotten
    path: Longs  # (B,) the tokens of the likeliest alignment
    end: Longs  # (B,) the frame after the last token's in it
    blank: Floats  # (B,) log probability of the alignments that end in the blank
    spoken: Floats  # (B,) and of those that end in the token

    def total(self) -> Floats:
        """Log probability of all alignments. -> (B,)"""
        return np.logaddexp(self.blank, self.spoken)

    def select(self, rows: Longs) -> Hypotheses:
        """Those of some rows."""
        return Hypotheses(*(column[rows] for column in self))

    def join(self, others: Hypotheses) -> Hypotheses:
        """These, and others."""
        return Hypotheses(*map(np.concatenate, zip(self, others, strict=True)))


class Grown(NamedTuple):
    """Hypotheses with a token more: the log probability of each spelling with each token."""

    logs: Floats  # (G, K)
    leaders: Longs  # (G,) the likeliest hypothesis of each spelling


class Beam:
    """The hypotheses of one utterance, frame by frame."""

    def __init__(self, alphabet: Alphabet, spellings: Spellings, pruning: Pruning) -> None:
        self.spellings = spellings
        self.paths = Paths()
        self.hypotheses = _first(alphabet)
        self._size = len(alphabet)
        self._pruning = pruning

        self._column = np.full(len(alphabet), _NOWHERE)  # of a token among the likely ones
        self._group = np.full(spellings.capacity, _NOWHERE)  # of a spelling among those here

    def advance(self, frame: Frame) -> None:
        """Go on by a frame; raises `DataError` where every hypothesis has the probability 0."""
        now = self.hypotheses
        total = now.total()
        if not len(frame.tokens):
            never = np.full(len(total), _NEVER)
            self.hypotheses = now._replace(blank=total + frame.blank, spoken=never)
            return

        own = self._own_columns(frame)
        said_again = np.flatnonzero(own >= 0)
        stayed = self._stay(frame, total, said_again, own)
        grown = self._grow(frame, total, said_again, own)
        stayed = self._meet(frame, stayed, grown, said_again, own)

        self.hypotheses = self._best(frame, stayed, grown)
        self._merge_equal()

    def _own_columns(self, frame: Frame) -> Longs:
        """Where the last token of each hypothesis is among the likely ones, or -1. -> (B,)"""
        self._column[frame.tokens] = np.arange(len(frame.tokens))
        own = self._column[self.hypotheses.token]
        self._column[frame.tokens] = _NOWHERE
        return own

    def _stay(self, frame: Frame, total: Floats, said_again: Longs, own: Longs) -> Hypotheses:
        """The hypotheses after the blank, or their last token again."""
        now = self.hypotheses
        blank = total + frame.blank
        spoken = np.full(len(total), _NEVER)
        spoken[said_again] = now.spoken[said_again] + frame.logs[own[said_again]]

        end = np.where(spoken > blank, frame.end, now.end)
        return now._replace(end=end, blank=blank, spoken=spoken)

    def _grow(self, frame: Frame, total: Floats, said_again: Longs, own: Longs) -> Grown:
        """Every spelling with every likely token more; notes where each spelling is."""
        now = self.hypotheses
        logs = total[:, None] + frame.logs
        columns = own[said_again]
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
    ) -> Hypotheses:
        """Add what grows into a hypothesis that is there already, and take it from `grown`."""
        now = self.hypotheses
        groups = self._group[now.origin[said_again]]  # the last entry of all is free: -1 is nowhere
        self._group[now.spelling] = _NOWHERE

        is_here = groups >= 0
        groups = groups[is_here]
        rows = said_again[is_here]
        if not len(rows):
            return stayed
        columns = own[rows]
        added = grown.logs[groups, columns]
        grown.logs[groups, columns] = _NEVER

        before = np.maximum(stayed.blank[rows], stayed.spoken[rows])
        stayed.spoken[rows] = np.logaddexp(stayed.spoken[rows], added)

        is_likelier = added > before
        if is_likelier.any():
            later = rows[is_likelier]
            leaders = grown.leaders[groups[is_likelier]]
            path = stayed.path.copy()
            path[later] = self._said(leaders, now.token[later], frame)
            stayed.end[later] = frame.end
            return stayed._replace(path=path)
        return stayed

    def _best(self, frame: Frame, stayed: Hypotheses, grown: Grown) -> Hypotheses:
        """The best of those that stayed and those with a token more."""
        staying = stayed.total() + self.spellings.scores(stayed.spelling)
        rows, growth, logs = self._promising(frame, grown, staying.max())

        scores = np.concatenate([staying, logs + growth.score])
        best = scores.max()
        if best == _NEVER:
            raise DataError(f"frame {frame.begin}: all that may be spelled has the probability 0")
        kept = np.flatnonzero(scores >= max(best + self._pruning.loss, _LOWEST))
        if len(kept) > self._pruning.beam:
            worst = len(kept) - self._pruning.beam
            kept = kept[np.argpartition(scores[kept], worst)[worst:]]

        size = len(staying)
        stays = stayed.select(kept[kept < size])
        new = kept[kept >= size] - size
        return stays.join(self._with_token(frame, rows[new], growth.select(new), logs[new]))

    def _promising(
        self, frame: Frame, grown: Grown, best: float
    ) -> tuple[Longs, Growth, Floats]:
        """Those with a token more that may come near `best`: (n,) hypotheses before it, logs."""
        spellings = self.hypotheses.spelling[grown.leaders]
        needed = best + self._pruning.loss - self._pruning.gain - self.spellings.whole(spellings)
        groups, columns = np.nonzero(grown.logs >= np.maximum(needed, _LOWEST)[:, None])

        growth = self.spellings.grow(spellings[groups], frame.tokens[columns])
        return grown.leaders[groups], growth, grown.logs[groups, columns]

    def _with_token(self, frame: Frame, rows: Longs, growth: Growth, logs: Floats) -> Hypotheses:
        """Hypotheses `rows` with a token more each. (n,) each"""
        return Hypotheses(
            spelling=self.spellings.add(growth),
            token=growth.tokens,
            origin=growth.before,
            path=self._said(rows, growth.tokens, frame),
            end=np.full(len(rows), frame.end),
            blank=np.full(len(rows), _NEVER),
            spoken=logs,
        )

    def _said(self, rows: Longs, tokens: Longs, frame: Frame) -> Longs:
        """The paths of hypotheses `rows` with a token more each. (n,), (n,) -> (n,)"""
        now = self.hypotheses
        return self.paths.add(now.path[rows], tokens, frame.begin, now.end[rows])

    def _merge_equal(self) -> None:
        """Two ways to one spelling: several delimiters in a row, and after spellings were forgotten."""
        now = self.hypotheses
        keys = now.spelling * self._size + now.token
        if len(set(keys.tolist())) == len(keys):
            return

        distinct, which = np.unique(keys, return_inverse=True)
        leaders = likeliest(which, now.total(), len(distinct))
        blank = np.full(len(distinct), _NEVER)
        spoken = np.full(len(distinct), _NEVER)
        np.logaddexp.at(blank, which, now.blank)
        np.logaddexp.at(spoken, which, now.spoken)
        self.hypotheses = now.select(leaders)._replace(blank=blank, spoken=spoken)

    def forget(self) -> None:
        """Drop spellings and tokens that no hypothesis needs any more."""
        now = self.hypotheses
        spellings = self.spellings.keep(now.spelling)
        paths = self.paths.keep(now.path)
        self.hypotheses = now._replace(
            spelling=spellings[now.spelling], origin=spellings[now.origin], path=paths[now.path]
        )


def _first(alphabet: Alphabet) -> Hypotheses:
    """The hypothesis of nothing: before the first frame, as after a blank."""
    return Hypotheses(
        spelling=np.array([START]),
        token=np.array([alphabet.blank]),
        origin=np.array([_NOWHERE]),
        path=np.array([NO_PATH]),
        end=np.array([0]),
        blank=np.array([0.0]),
        spoken=np.array([_NEVER]),
    )


def likeliest(which: Longs, total: Floats, groups: int) -> Longs:
    """The likeliest hypothesis of each group; `which` (B,) is the group of each. -> (groups,)"""
    order = np.argsort(total, kind="stable")
    leaders = np.empty(groups, np.int64)
    leaders[which[order]] = order  # the last one of a group stays
    return leaders
