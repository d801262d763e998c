"""What an output must and must not contain, in token ids.

Shapes: R rows of a search, V vocabulary, t tokens of each row so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol

from ..text.vocab import EOS
from .phrases import Phrases

if TYPE_CHECKING:  # rules are made without torch, and obeyed with it
    import torch
    from torch import Tensor


class Rule(Protocol):
    """What may not follow the tokens of an output so far: the contract of `Plugin.rule`.

    `forbidden` is called at every step, for all open outputs of a batch at once. A row may be any
    output of any sentence, and rows change place between steps, so a rule decides by the tokens of
    a row alone and remembers nothing.

    An output for which every token is forbidden is given up. At its length limit an output ends
    even if a rule forbids `<eos>`; `least` raises the limit to what the rule needs. The beginning
    and the phrases that a user asks for go before all other rules.
    """

    @property
    def least(self) -> int:
        """Tokens an output needs to obey, `<eos>` not counted; 0 if any length will do."""

    def forbidden(self, history: Tensor, vocab: int) -> Tensor | None:
        """Tokens so far (R, t), without `<bos>` -> mask (R, V), True for what may not follow.

        (V,) if the mask is the same for all rows, None if everything may follow. `vocab` is V; the
        mask is on the device of `history`.
        """


@dataclass(frozen=True)
class Suppress:
    """Tokens that are never produced."""

    tokens: frozenset[int]
    least: ClassVar[int] = 0

    def forbidden(self, history: Tensor, vocab: int) -> Tensor | None:
        """(R, t) -> (V,)"""
        return _mask(self.tokens, vocab, history.device)


@dataclass(frozen=True)
class MinLength:
    """Outputs of at least `least` tokens, `<eos>` not counted."""

    least: int

    def forbidden(self, history: Tensor, vocab: int) -> Tensor | None:
        """(R, t) -> (V,)"""
        if history.size(1) >= self.least:
            return None
        return _mask(frozenset([EOS]), vocab, history.device)


@dataclass(frozen=True)
class NoRepeatNgram:
    """No `n` tokens in a row occur twice (Paulus et al. 2018, arXiv:1705.04304, section 2.5)."""

    n: int
    least: ClassVar[int] = 0

    def forbidden(self, history: Tensor, vocab: int) -> Tensor | None:
        """(R, t) -> (R, V)"""
        rows, length = history.shape
        if length < self.n:
            return None

        ngrams = history.unfold(1, self.n, 1)  # (R, t - n + 1, n)
        beginnings = ngrams[:, :, :-1]
        first = length - self.n + 1
        latest = history[:, first:]  # (R, n - 1), what the next token follows

        same_token = beginnings == latest[:, None]
        same_beginning = same_token.all(-1)
        row, place = same_beginning.nonzero(as_tuple=True)
        repeated = ngrams[row, place, -1]

        barred = _nothing(rows, vocab, history.device)
        barred[row, repeated] = True
        return barred


class Stem:
    """A word that has been begun: tokens that together spell `text`, or go beyond it."""

    def __init__(self, text: str, spelling: Sequence[str], *, whole: bool) -> None:
        """`spelling` is how each token of the vocabulary is written, '' for those not to be used.

        With `whole`, a single token is the whole word.
        """
        self.text = text
        self.spelling = spelling
        self.whole = whole
        # By the number of characters spelt: the tokens after which the rest can be spelt, too.
        self._continuations: dict[int, frozenset[int]] = {}
        for spelt in reversed(range(len(text))):
            tokens = [i for i, token in enumerate(spelling) if self._leads_on(token, spelt)]
            self._continuations[spelt] = frozenset(tokens)

    def __repr__(self) -> str:
        return f"Stem({self.text!r})"

    def _leads_on(self, token: str, spelt: int) -> bool:
        """Whether the text can be spelt with `token` after its first `spelt` characters."""
        rest = self.text[spelt:]
        if not token:
            return False
        if token.startswith(rest):
            return True
        if self.whole or not rest.startswith(token):
            return False

        after = spelt + len(token)
        return bool(self._continuations[after])

    @property
    def can_be_spelt(self) -> bool:
        return bool(self._continuations[0])

    def allowed(self, ids: list[int]) -> frozenset[int] | None:
        """What may follow `ids`, the tokens of this word so far; None if the word is complete."""
        spelling = [self.spelling[i] for i in ids]
        spelt = sum(map(len, spelling))
        enough = self.whole or spelt >= len(self.text)
        if ids and enough:
            return None
        return self._continuations[spelt]


@dataclass(frozen=True)
class Beginning:
    """How every output begins: tokens allowed at each of the first positions, then a word."""

    prefix: tuple[frozenset[int], ...] = ()
    stem: Stem | None = None

    @property
    def least(self) -> int:
        tokens = len(self.prefix)
        if self.stem is not None:
            tokens += len(self.stem.text)
        return tokens

    def allowed(self, ids: list[int]) -> frozenset[int] | None:
        """What may follow `ids`; None if the beginning is complete."""
        done = len(ids)
        prefix_length = len(self.prefix)
        if done < prefix_length:
            return self.prefix[done]
        if self.stem is None:
            return None

        of_stem = ids[prefix_length:]
        return self.stem.allowed(of_stem)

    def forbidden(self, history: Tensor, vocab: int) -> Tensor | None:
        """(R, t) -> (R, V); nothing is forbidden in a row whose beginning is complete."""
        past_prefix = history.size(1) >= len(self.prefix)
        if past_prefix and self.stem is None:
            return None

        outputs = history.tolist()
        allowed = [self.allowed(ids) for ids in outputs]
        if all(tokens is None for tokens in allowed):
            return None

        barred = _nothing(len(allowed), vocab, history.device)
        for row, tokens in enumerate(allowed):
            if tokens is None:
                continue
            barred[row] = True
            barred[row, list(tokens)] = False
        return barred


def _mask(tokens: frozenset[int], vocab: int, device: torch.device) -> Tensor:
    """(V,) True at `tokens`"""
    import torch

    mask = torch.zeros(vocab, dtype=torch.bool, device=device)
    mask[list(tokens)] = True
    return mask


def _nothing(rows: int, vocab: int, device: torch.device) -> Tensor:
    """(R, V) False everywhere: a mask that forbids nothing."""
    import torch

    return torch.zeros(rows, vocab, dtype=torch.bool, device=device)


@dataclass(frozen=True)
class Rules:
    """All rules of a search."""

    suppress: frozenset[int] = frozenset()  # tokens that are never produced
    min_length: int = 0  # tokens, <eos> not counted
    no_repeat_ngram: int = 0  # no n-gram of this length occurs twice; 0: any may
    prefix: tuple[frozenset[int], ...] = ()  # tokens allowed at each of the first positions
    stem: Stem | None = None  # the word that follows the prefix
    phrases: Phrases = ()  # all of them occur (Hokamp & Liu 2017, arXiv:1704.07138)
    further: tuple[Rule, ...] = ()  # of plugins

    def with_phrases(self, phrases: Phrases) -> Rules:
        """The same rules, and these phrases besides."""
        return replace(self, phrases=(*self.phrases, *phrases)) if phrases else self

    @cached_property
    def _beginning(self) -> Beginning:
        return Beginning(self.prefix, self.stem)

    @cached_property
    def _by_history(self) -> tuple[Rule, ...]:
        """The rules that depend on the tokens so far, but for the beginning."""
        found: list[Rule] = []
        if self.min_length:
            found.append(MinLength(self.min_length))
        if self.no_repeat_ngram:
            found.append(NoRepeatNgram(self.no_repeat_ngram))
        return (*found, *self.further)

    @cached_property
    def _all(self) -> tuple[Rule, ...]:
        """All rules but the beginning and the phrases, which go before them."""
        if not self.suppress:
            return self._by_history
        return (Suppress(self.suppress), *self._by_history)

    @cached_property
    def follow_history(self) -> bool:
        """Whether what is allowed depends on the tokens so far."""
        asked_for = self.prefix or self.stem or self.phrases
        return bool(asked_for or self._by_history)

    @cached_property
    def least(self) -> int:
        """Tokens an output needs to obey, `<eos>` included."""
        phrases = sum(len(phrase) for phrase in self.phrases)
        asked_for = self._beginning.least + phrases

        needs = [rule.least for rule in self._by_history]
        needs.append(asked_for)
        return max(needs) + 1

    def beginning(self, ids: list[int]) -> frozenset[int] | None:
        """What may follow `ids` for the output to begin as it must; None if it has begun."""
        return self._beginning.allowed(ids)

    def forbidden(self, history: Tensor, vocab: int) -> Tensor | None:
        """Tokens so far (R, t) -> mask (R, V), True for what may not follow; None if all may.

        Phrases are not looked at: they need certain tokens, but forbid none.
        """
        begins = self._beginning.forbidden(history, vocab)
        of_rules = [rule.forbidden(history, vocab) for rule in self._all]
        masks = [mask for mask in of_rules if mask is not None]
        if begins is None and not masks:
            return None

        barred = _nothing(len(history), vocab, history.device)
        for mask in masks:
            barred |= mask

        if begins is not None:
            unfinished = begins.any(1, keepdim=True)
            barred = begins.where(unfinished, barred)
        return barred


NO_RULES = Rules()
