"""What a model attended to in a translation, how sure it was, and what it nearly said instead.

Shapes: T tokens of the translation with `<eos>`, S of the source with `<eos>`, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text.tokenizer import Tokenizer
from ..text.vocab import BOS, EOS
from .segments import Segment

if TYPE_CHECKING:  # what is found is kept and joined without torch, which only finding it needs
    import torch
    from torch import Tensor

    from ..search.forced_decoding import EncoderDecoder

_RUNNERS_UP = 3

Alignment = list[tuple[int, int]]
"""Pairs of a source word and a target word that belong together, counted from 0, sorted."""


@dataclass(frozen=True)
class Explanation:
    """One segment of a translation, token by token."""

    source: list[str]  # tokens, `<eos>` last
    target: list[str]
    attention: Tensor | None  # (layers, heads, T, S); None if the model has none
    probabilities: list[float]  # of each target token, given the ones before it
    runners_up: list[list[tuple[str, float]]]  # for each target token, the likeliest other ones
    source_words: list[int]  # the word of each source token but `<eos>`; -1: a language's tag
    target_words: list[int]
    joined: bool = False  # whether the next segment continues this one's last word
    copied: str = ""  # what stands between this segment and the next one, other than blanks

    @property
    def mean_attention(self) -> Tensor:
        """(T, S), the mean over layers and heads; raises ValueError without attention."""
        if self.attention is None:
            raise ValueError("this model has no attention")
        return self.attention.mean((0, 1))

    @property
    def words(self) -> tuple[int, int]:
        """How many words source and target have."""
        last_of_source = max(self.source_words, default=-1)
        last_of_target = max(self.target_words, default=-1)
        return last_of_source + 1, last_of_target + 1

    def alignment(self) -> Alignment:
        """For each target token, its word and the word of the source token most attended to."""
        steps = len(self.target_words)
        places = len(self.source_words)
        tags = self.source_words.count(-1)
        weights = self.mean_attention[:steps, tags:places]  # without `<eos>`
        if not weights.numel():
            return []

        most_attended = weights.argmax(1).tolist()
        source_words = [self.source_words[tags + place] for place in most_attended]
        pairs = zip(source_words, self.target_words, strict=True)
        return sorted(set(pairs))

    def __repr__(self) -> str:
        source = " ".join(self.source)
        target = " ".join(self.target)
        return f"Explanation({source!r}, {target!r})"


def alignment(explanations: Iterable[Explanation], lead: str = "") -> Alignment:
    """`Explanation.alignment` of a line of several segments, with words counted through.

    Words that are copied, of `lead` before the first segment and between segments, are each other's
    translation.
    """
    pairs: set[tuple[int, int]] = set()
    source_start, target_start = _copy(lead, 0, 0, pairs)
    for segment in explanations:
        for i, j in segment.alignment():
            pair = (source_start + i, target_start + j)
            pairs.add(pair)

        source_words, target_words = segment.words
        source_start += _words_before_next(source_words, segment.joined)
        target_start += _words_before_next(target_words, segment.joined)
        source_start, target_start = _copy(segment.copied, source_start, target_start, pairs)

    return sorted(pairs)


def _copy(
    copied: str, source_start: int, target_start: int, pairs: set[tuple[int, int]]
) -> tuple[int, int]:
    """Add the pairs of words that are copied; return where the words after them begin."""
    words = copied.split()
    if not words:
        return source_start, target_start

    continues = not copied[0].isspace()  # the word before, if there is one
    source_start -= 1 if continues and source_start else 0
    target_start -= 1 if continues and target_start else 0
    for i in range(len(words)):
        pairs.add((source_start + i, target_start + i))

    after = len(words) if copied[-1].isspace() else len(words) - 1
    return source_start + after, target_start + after


def _words_before_next(words: int, joined: bool) -> int:
    """How far the next segment's first word is from this one's."""
    return words - 1 if joined and words else words


def explain(
    model: EncoderDecoder,
    source: Tokenizer,
    target: Tokenizer,
    segment: Segment,
    device: torch.device,
) -> Explanation:
    """Run `model` once more over a segment and its translation."""
    import torch

    from ..search.forced_decoding import attention

    source_ids = source.encode(segment.source, eos=True)
    target_ids = [*segment.ids, EOS]

    probabilities = _probabilities(model, source_ids, segment.ids, device)  # (T, V)
    chosen = torch.tensor(target_ids, device=device)[:, None]  # (T, 1)
    of_chosen = probabilities.gather(1, chosen)[:, 0]
    runners_up = _runners_up(probabilities, chosen, target.vocab.tokens)

    weights = None
    if model.attends:
        weights = attention(model, source_ids, segment.ids, device)

    source_strings = source.token_strings(segment.source)
    return Explanation(
        source=[source.vocab.tokens[i] for i in source_ids],
        target=[target.vocab.tokens[i] for i in target_ids],
        attention=weights,
        probabilities=of_chosen.tolist(),
        runners_up=runners_up,
        source_words=_words_of_source(source, source_strings),
        target_words=_words(target, segment.tokens),
        joined=not segment.space,
        copied=segment.space if segment.space.strip() else "",
    )


def _probabilities(
    model: EncoderDecoder, source_ids: list[int], output_ids: list[int], device: torch.device
) -> Tensor:
    """Distributions over the token at each place of an output and its end: (T, V)"""
    import torch

    from ..data.batching import pad

    source = pad([source_ids]).to(device)
    inputs = pad([[BOS, *output_ids]]).to(device)
    with torch.no_grad():
        hidden = model(source, inputs)[0]
        logits = model.logits(hidden).float()
        return logits.softmax(-1)


def _runners_up(
    probabilities: Tensor, chosen: Tensor, names: tuple[str, ...]
) -> list[list[tuple[str, float]]]:
    """The likeliest tokens other than the chosen ones: (T, V), (T, 1) -> names and probabilities"""
    others = probabilities.size(1) - 1
    most = min(_RUNNERS_UP, others)
    values, ids = probabilities.scatter(1, chosen, -1.0).topk(most)

    found: list[list[tuple[str, float]]] = []
    for row_ids, row_values in zip(ids.tolist(), values.tolist(), strict=True):
        row_names = [names[i] for i in row_ids]
        pairs = zip(row_names, row_values, strict=True)
        found.append(list(pairs))
    return found


def _words_of_source(tokenizer: Tokenizer, tokens: list[str]) -> list[int]:
    """As `_words`, but the tag of the target language is none of them."""
    if tokens and tokens[0] in tokenizer.language_tags.values():
        return [-1, *_words(tokenizer, tokens[1:])]
    return _words(tokenizer, tokens)


def _words(tokenizer: Tokenizer, tokens: list[str]) -> list[int]:
    """The number of the word, between white space, that each token belongs to."""
    found: list[int] = []
    for end in range(1, len(tokens) + 1):
        text = tokenizer.join(tokens[:end])
        words_so_far = text.split()
        last = len(words_so_far) - 1
        found.append(max(0, last))
    return found
