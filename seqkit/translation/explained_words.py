"""Explanations by words, as people read them, instead of by tokens.

Shapes: T words of the translation, S of the source.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .explain import Explanation
from .translator import Translator

Join = Callable[[list[str]], str]
Alternative = dict[str, Any]  # a word and its probability


@dataclass
class ExplainedWords:
    """The words of a line and of its translation, and what each of these looked at."""

    source: list[str] = field(default_factory=list)
    target: list[str] = field(default_factory=list)
    attention: list[list[float]] = field(default_factory=list)  # T rows of S shares
    probabilities: list[float] = field(default_factory=list)  # of all tokens of a word together
    alternatives: list[list[Alternative]] = field(default_factory=list)  # to its first token

    def record(self) -> dict[str, Any]:
        return dict(vars(self))


def explained_words(translator: Translator, explanations: Iterable[Explanation]) -> ExplainedWords:
    """What the words of all segments of a translation looked at; each at words of its segment."""
    found = ExplainedWords()
    segments = list(explanations)
    join, join_source = translator.target.join, translator.source.join
    sources = [
        _restored(one, _words(one.source, one.source_words, join_source)) for one in segments
    ]
    total = sum(len(words) for words in sources)

    for explanation, source in zip(segments, sources, strict=True):
        words = _words(explanation.target, explanation.target_words, join)
        target = _restored(explanation, words)
        before = len(found.source)
        found.source += source
        found.target += target
        for number in range(len(target)):
            tokens = [i for i, word in enumerate(explanation.target_words) if word == number]
            found.attention.append(_shares(explanation, tokens, before, total))
            found.probabilities.append(math.prod(explanation.probabilities[i] for i in tokens))
            found.alternatives.append(_others(explanation, tokens[0], join))
    return found


def _shares(
    explanation: Explanation, tokens: Sequence[int], before: int, total: int
) -> list[float]:
    """How much of the attention of `tokens` went to each of `total` source words: (S,)

    `before` words are those of earlier segments.
    """
    row = [0.0] * total
    mean = explanation.mean_attention[list(tokens)].mean(0).tolist()  # over source tokens
    for place, word in enumerate(explanation.source_words):
        if word >= 0:  # not a language's tag
            row[before + word] += mean[place]
    seen = sum(row) or 1.0
    return [share / seen for share in row]


def _others(explanation: Explanation, token: int, join: Join) -> list[Alternative]:
    runners_up = explanation.runners_up[token]
    return [{"word": join([name]), "probability": share} for name, share in runners_up]


def _restored(explanation: Explanation, words: list[str]) -> list[str]:
    """Words of a segment as the line has them."""
    written = explanation.written
    return [written.stand_ins.restored(word) for word in words] if written else words


def _words(tokens: Sequence[str], word_of: Sequence[int], join: Join) -> list[str]:
    """The words that tokens spell; `<eos>` and the tag of a language are none."""
    count = max(word_of, default=-1) + 1
    groups: list[list[str]] = [[] for _ in range(count)]
    for token, word in zip(tokens, word_of, strict=False):
        if word >= 0:
            groups[word].append(token)
    return [join(group) for group in groups]
