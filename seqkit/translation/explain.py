"""What a model attended to in a translation, how sure it was, and what it nearly said instead.

Shapes: T tokens of the translation with `<eos>`, S of the source with `<eos>`, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

from ..text.tokenizer import Tokenizer
from ..text.vocab import BOS, EOS
from .cutting import without_end
from .segments import Segment
from .stand_ins import StandIns
from .weights import Array

if TYPE_CHECKING:  # what is found is kept and joined without torch, which only finding it needs
    import torch
    from torch import Tensor

    from ..search.forced_decoding import EncoderDecoder

_RUNNERS_UP = 3

Alignment = list[tuple[int, int]]
"""Pairs of a source word and a target word that belong together, counted from 0, sorted."""


class Aligned(Protocol):
    """A segment as an alignment of words needs it; fields are as in `Explanation`."""

    @property
    def words(self) -> tuple[int, int]: ...
    @property
    def joined(self) -> bool: ...
    @property
    def copied(self) -> str: ...

    def alignment(self) -> Alignment: ...


@dataclass(frozen=True)
class Written:
    """Where the words of a segment are in a line that has other words for its stand-ins."""

    stand_ins: StandIns
    source: list[int]  # where each word begins, and where the last one ends
    target: list[int]
    copied: Alignment  # the words that stand-ins become

    @classmethod
    def of(cls, stand_ins: StandIns, source: str, target: str) -> Written:
        """Of a segment and its translation as the model has them."""
        starts = [list(accumulate(stand_ins.sizes(text), initial=0)) for text in (source, target)]
        copied: Alignment = []
        for places in stand_ins.twins(source, target):
            pair = zip(starts, places, strict=True)
            ranges = [range(*begins[at : at + 2]) for begins, at in pair]
            copied += zip(*ranges, strict=False)
        return cls(stand_ins, starts[0], starts[1], copied)

    def alignment(self, read: Alignment) -> Alignment:
        """The alignment of the line, given the one of what the model has."""
        pairs = {(self.source[i], self.target[j]) for i, j in read}
        return sorted(pairs.union(self.copied))


@dataclass(frozen=True)
class Attended:
    """What a segment's translation attended to, and nothing else of its `Explanation`."""

    mean_attention: Tensor | Array  # (T, S)
    source_words: list[int]
    target_words: list[int]
    joined: bool = False
    copied: str = ""
    written: Written | None = None

    @property
    def words(self) -> tuple[int, int]:
        return _counts(self)

    def alignment(self) -> Alignment:
        return _most_attended(self)


@dataclass(frozen=True)
class Explanation:
    """One segment of a translation, token by token."""

    source: list[str]  # tokens, `<eos>` last
    target: list[str]
    attention: Tensor | None  # (layers, heads, T, S); None if the model has none
    probabilities: list[float]  # of each target token, given the ones before it
    runners_up: list[list[tuple[str, float]]]  # for each target token, the likeliest other ones
    source_words: list[int]  # the word of each source token but `<eos>`; -1: a language's tag
    target_words: list[int]  # those of tokens at the end are left out where the line lacks them
    joined: bool = False  # whether the next segment continues this one's last word
    copied: str = ""  # what stands between this segment and the next one, other than blanks
    written: Written | None = None  # if it has stand-ins

    @property
    def mean_attention(self) -> Tensor:
        """(T, S), the mean over layers and heads; raises ValueError without attention."""
        if self.attention is None:
            raise ValueError("this model has no attention")
        return self.attention.mean((0, 1))

    @property
    def words(self) -> tuple[int, int]:
        """How many words source and target have in the line."""
        return _counts(self)

    def alignment(self) -> Alignment:
        """For each target token, its word and the word of the source token most attended to.

        Words are counted as in the line. Raises ValueError without attention.
        """
        return _most_attended(self)

    def __repr__(self) -> str:
        source = " ".join(self.source)
        target = " ".join(self.target)
        return f"Explanation({source!r}, {target!r})"


def alignment(segments: Iterable[Aligned], lead: str = "") -> Alignment:
    """The alignment of a line of several segments, with words counted through.

    Words that are copied, of `lead` before the first segment and between segments, are each other's
    translation.
    """
    pairs: set[tuple[int, int]] = set()
    source_start, target_start = _copy(lead, 0, 0, pairs)
    for segment in segments:
        for i, j in segment.alignment():
            pair = (source_start + i, target_start + j)
            pairs.add(pair)

        source_words, target_words = segment.words
        source_start += _words_before_next(source_words, segment.joined)
        target_start += _words_before_next(target_words, segment.joined)
        source_start, target_start = _copy(segment.copied, source_start, target_start, pairs)

    return sorted(pairs)


def _most_attended(segment: Attended | Explanation) -> Alignment:
    """The words of each target token and of the source token that it attends to most."""
    source_words, target_words = segment.source_words, segment.target_words
    tags = source_words.count(-1)
    of_words = segment.mean_attention[: len(target_words), tags : len(source_words)]  # no `<eos>`
    if 0 in of_words.shape:
        return []

    places = of_words.argmax(1).tolist()
    most_attended = [source_words[tags + place] for place in places]
    found = sorted(set(zip(most_attended, target_words, strict=True)))
    return segment.written.alignment(found) if segment.written else found


def _counts(segment: Attended | Explanation) -> tuple[int, int]:
    """How many words there are, given the word of each token."""
    if segment.written:
        return segment.written.source[-1], segment.written.target[-1]
    return max(segment.source_words, default=-1) + 1, max(segment.target_words, default=-1) + 1


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

    return Explanation(
        source=[source.vocab.tokens[i] for i in source_ids],
        target=[target.vocab.tokens[i] for i in target_ids],
        attention=weights,
        probabilities=of_chosen.tolist(),
        runners_up=runners_up,
        **_words_of(segment, source, target),
    )


def attended(
    segment: Segment, source: Tokenizer, target: Tokenizer, mean_attention: Tensor | Array
) -> Attended:
    """A segment with what its translation attended to: (T, S)"""
    return Attended(mean_attention, **_words_of(segment, source, target))


def _words_of(segment: Segment, source: Tokenizer, target: Tokenizer) -> dict[str, Any]:
    """The fields of an explanation that say what its tokens are words of."""
    source_strings = source.token_strings(segment.source)
    said = target.join(segment.tokens)
    if segment.fragment:
        said = without_end(said)
    left = len(said.split())
    written = None
    if segment.stand_ins:
        tags = source.language_tags.values()
        read = source.join([text for text in source_strings if text not in tags])
        written = Written.of(segment.stand_ins, read, said)
    return {
        "written": written,
        "source_words": _words_of_source(source, source_strings),
        "target_words": [word for word in _words(target, segment.tokens) if word < left],
        "joined": not segment.space,
        "copied": segment.space if segment.space.strip() else "",
    }


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
    start = before = 0  # where the last word begins, and how many are before it
    for end in range(1, len(tokens) + 1):
        words = len(tokenizer.join(tokens[start:end]).split())
        if words > 1:
            before += words - 1
            start = end - 1
        found.append(before)

    in_all = len(tokenizer.join(tokens).split())
    if in_all == max(found, default=-1) + 1:
        return found
    so_far = (tokenizer.join(tokens[:end]).split() for end in range(1, len(tokens) + 1))
    return [max(0, len(words) - 1) for words in so_far]  # tokens that are joined by what is before
