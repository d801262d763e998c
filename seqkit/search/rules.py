"""What an output must and must not hold, in token ids.

Shapes: R rows of a search, V vocabulary, t tokens of each row so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..text.vocab import EOS

Phrase = tuple[int, ...]


class Stem:
    """A word that is begun: tokens that together spell `text`, or go beyond it."""

    def __init__(self, text: str, spelling: Sequence[str], *, whole: bool) -> None:
        """`spelling` holds every token as it is written, '' if it may not be used; `whole`: one token is the word."""
        self.text, self.spelling, self.whole = text, spelling, whole
        ways: dict[
            int, frozenset[int]
        ] = {}  # by how much is spelt: the tokens from which the rest can be spelt too
        for done in reversed(range(len(text))):
            rest = text[done:]
            ways[done] = frozenset(
                i
                for i, token in enumerate(spelling)
                if token
                and (
                    token.startswith(rest)
                    or (not whole and rest.startswith(token) and ways[done + len(token)])
                )
            )
        self._ways = ways

    @property
    def can_be_spelt(self) -> bool:
        return bool(self._ways[0])

    def allowed(self, ids: list[int]) -> frozenset[int] | None:
        """What may follow `ids`, the tokens of this word so far; None if all of it is there."""
        done = sum(len(self.spelling[i]) for i in ids)
        return None if ids and (self.whole or done >= len(self.text)) else self._ways[done]


@dataclass(frozen=True)
class Rules:
    suppress: frozenset[int] = frozenset()  # tokens that are never produced
    min_length: int = 0  # tokens, <eos> not counted
    no_repeat: int = 0  # no n-gram of this length occurs twice (Paulus et al. 2018, arXiv:1705.04304); 0: any may
    prefix: tuple[
        frozenset[int], ...
    ] = ()  # an output begins so: the tokens that are allowed at each place
    stem: Stem | None = None  # and goes on with this word
    phrases: tuple[
        Phrase, ...
    ] = ()  # each occurs in the output (Hokamp & Liu 2017, arXiv:1704.07138)

    @property
    def follow_history(self) -> bool:
        """Whether what is allowed depends on the tokens so far."""
        return bool(self.min_length or self.no_repeat or self.prefix or self.stem or self.phrases)

    @property
    def least(self) -> int:
        """Tokens that an output needs to obey, `<eos>` included."""
        stem = len(self.stem.text) if self.stem else 0
        return max(self.min_length, len(self.prefix) + stem + sum(map(len, self.phrases))) + 1

    def beginning(self, ids: list[int]) -> frozenset[int] | None:
        """What may follow `ids` for the output to begin as it must; None where its beginning is complete."""
        if len(ids) < len(self.prefix):
            return self.prefix[len(ids)]
        return self.stem.allowed(ids[len(self.prefix) :]) if self.stem else None

    def forbidden(self, history: Tensor, vocab: int) -> Tensor | None:
        """What may not follow: tokens so far (R, t) -> True for what is barred (R, V); None if nothing is."""
        rows, t = history.shape
        repeats = self._repeats(history) if 0 < self.no_repeat <= t else None
        begins = (
            [self.beginning(ids) for ids in history.tolist()] if self.prefix or self.stem else []
        )
        if (
            not self.suppress
            and t >= self.min_length
            and repeats is None
            and all(allowed is None for allowed in begins)
        ):
            return None
        barred = torch.zeros(rows, vocab, dtype=torch.bool, device=history.device)
        barred[:, list(self.suppress)] = True
        barred[:, EOS] |= t < self.min_length
        if repeats is not None:
            barred[repeats] = True
        for row, allowed in enumerate(begins):
            if allowed is not None:
                barred[row] = True
                barred[row, list(allowed)] = False
        return barred

    def _repeats(self, history: Tensor) -> tuple[Tensor, Tensor]:
        """Row and token of whatever would repeat an n-gram of the row."""
        n = self.no_repeat
        grams = history.unfold(1, n, 1)  # (R, t - n + 1, n)
        last = history[:, history.size(1) - n + 1 :]  # the n - 1 tokens that the next one follows
        row, place = (grams[:, :, : n - 1] == last[:, None]).all(-1).nonzero(as_tuple=True)
        return row, grams[row, place, n - 1]


NO_RULES = Rules()


def missing_tokens(ids: list[int], phrases: tuple[Phrase, ...]) -> int:
    """Tokens that are enough to complete the phrases that `ids` lacks, one after the other; 0 if it lacks none."""
    found = _missing(ids, phrases)
    return sum(len(phrase) for phrase, _ in found) - max((done for _, done in found), default=0)


def next_tokens(ids: list[int], phrases: tuple[Phrase, ...]) -> list[int]:
    """The tokens that go on with a phrase that `ids` lacks."""
    return list(dict.fromkeys(phrase[done] for phrase, done in _missing(ids, phrases)))


def _missing(ids: list[int], phrases: tuple[Phrase, ...]) -> list[tuple[Phrase, int]]:
    """The phrases that are not in `ids`, and how far the end of `ids` has got in each."""
    found = []
    for phrase in phrases:
        size = len(phrase)
        if not any(tuple(ids[i : i + size]) == phrase for i in range(len(ids) - size + 1)):
            done = next((k for k in range(size - 1, 0, -1) if tuple(ids[-k:]) == phrase[:k]), 0)
            found.append((phrase, done))
    return found
