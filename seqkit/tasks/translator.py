"""A trained translator: raw text in, raw text out."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..config import build, plain
from ..search.decode import BATCH_TOKENS, decode
from ..search.decoder import Hypothesis
from ..search.settings import SearchConfig
from ..text.sentences import halve, split_sentences
from ..text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Translation:
    """One translation of one input."""

    text: str
    score: float  # what n-best lists are ranked by: log_probability after the length penalty
    log_probability: float  # nats: the plain sum over all target tokens and `<eos>`
    tokens: list[str]  # as the model made them


@dataclass(frozen=True)
class _Part:
    """A stretch of an input line that is translated by itself, and the white space that follows it."""

    line: int
    ids: list[int]
    space: str


class Translator:
    """`translator.translate(["…"])`. Settings are those of `SearchConfig`; those not given are the model's own."""

    def __init__(
        self,
        model: nn.Module,
        source: Tokenizer,
        target: Tokenizer,
        *,
        search: SearchConfig | None = None,
        longest: int = 100,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        """`longest` is how many tokens a source may have had in training: longer ones are cut up."""
        self.model, self.source, self.target = model, source, target
        self.search = search or SearchConfig()
        self.longest, self.batch_tokens = longest, batch_tokens

    def translate(self, texts: Iterable[str], **settings: Any) -> list[str]:
        """The best translation of each text, in order; an empty one for an empty text.

        `settings` are keys of `SearchConfig`, such as `beam=5`; raises `ConfigError` for an unknown one.
        """
        _check(texts)
        return [found[0].text for found in self.translate_nbest(texts, **settings)]

    def translate_nbest(self, texts: Iterable[str], **settings: Any) -> list[list[Translation]]:
        """Up to `nbest` translations of each text, best first."""
        _check(texts)
        search = build(SearchConfig, {**plain(self.search), **settings}, "search settings")
        lines = list(texts)
        parts = [part for number, line in enumerate(lines) for part in self._cut(number, line, search.split)]
        training = self.model.training
        self.model.eval()
        device = next(self.model.parameters()).device
        try:
            found = decode(self.model, [p.ids for p in parts], search, batch_tokens=self.batch_tokens, device=device)  # type: ignore[arg-type]
        finally:
            self.model.train(training)
        joined: list[list[_Joined]] = [[_Joined("", [], 0.0, 0)] for _ in lines]
        for part, hypotheses in zip(parts, found, strict=True):
            joined[part.line] = self._append(joined[part.line], hypotheses, part.space, search)
        return [[j.translation(search) for j in candidates] for candidates in joined]

    def _cut(self, number: int, line: str, split: bool) -> list[_Part]:
        """The parts of a line that are short enough to be translated well; none if it is empty."""
        pieces = split_sentences(line) if split else [(line, "")]
        parts = []
        while pieces:
            text, space = pieces.pop(0)
            if not self.source.normalizer(text).strip():
                continue
            ids = self.source.encode(text, eos=True)
            if split and len(ids) > self.longest + 1 and len(text) > 1:
                left, right = halve(text)
                gap = left[len(left.rstrip()) :] + right[: len(right) - len(right.lstrip())]
                pieces[:0] = [(left.rstrip(), gap), (right.lstrip(), space)]
                continue
            parts.append(_Part(number, ids, space))
        return parts

    def _append(
        self, before: list[_Joined], hypotheses: list[Hypothesis], space: str, search: SearchConfig
    ) -> list[_Joined]:
        """The best ways to go on from `before` with one of `hypotheses`."""
        grown = [old.add(h, self.target, space) for old in before for h in hypotheses]
        if len(before) == 1:
            return grown
        return heapq.nlargest(search.nbest, grown, key=lambda joined: joined.score(search))


@dataclass(frozen=True)
class _Joined:
    """The translation of the first parts of a line."""

    text: str
    tokens: list[str]
    log_probability: float
    length: int  # tokens, each part's `<eos>` included

    def add(self, hypothesis: Hypothesis, target: Tokenizer, space: str) -> _Joined:
        return _Joined(
            self.text + target.decode(hypothesis.ids) + space,
            self.tokens + [target.vocab.tokens[i] for i in hypothesis.ids],
            self.log_probability + hypothesis.log_probability,
            self.length + len(hypothesis.ids) + 1,
        )

    def score(self, search: SearchConfig) -> float:
        penalty = 0.0 if search.sample else search.length_penalty
        return float(self.log_probability / max(1, self.length) ** penalty)

    def translation(self, search: SearchConfig) -> Translation:
        return Translation(self.text.rstrip(), self.score(search), self.log_probability, self.tokens)


def _check(texts: object) -> None:
    if isinstance(texts, str):
        raise TypeError('give a list of texts, not one string: translate(["…"])')
