"""Text → counts → a smoothed model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..errors import ConfigError
from ..text import TokenizerLookup, built_in
from . import smoothing as smoothings
from .counts import Counts, NgramCounter
from .model import Grams, Model
from .text import GrowingVocabulary, PreTokenizer, Unknown, from_lines

MEMORY = 4 << 30  # bytes


def train(
    lines: Iterable[str],
    *,
    order: int = 5,
    smoothing: str = "modified-kneser-ney",
    prune: Sequence[int] = (),
    tokenizer: str = "whitespace",
    vocabulary: Iterable[str] | None = None,
    unk: Unknown = "refuse",
    interpolate_unigrams: bool = True,
    k: float = 1.0,
    memory: int = MEMORY,
    tokenizers: TokenizerLookup = built_in,
) -> Model:
    """Count and smooth `lines`, by default as KenLM's lmplz does.

    `prune` drops k-grams seen so often or less, for each k; `vocabulary` is all the words that the model may know;
    `unk` says what a literal <unk>, <s> or </s> in the text means: an error ("refuse"), white space ("skip"), or for
    <unk> a word ("keep"); `k` is that of add-k; counting keeps to `memory` bytes by sorting on disk, the finished
    model is held in memory. Raises `DataError` or `ConfigError` for what cannot be trained on.
    """
    return train_blocks(
        _named(lines),
        order=order,
        smoothing=smoothing,
        options=smoothings.Options(
            tuple(prune),
            frozenset(word.encode() for word in vocabulary) if vocabulary is not None else None,
            interpolate_unigrams,
            k=k,
        ),
        unk=unk,
        cutter=PreTokenizer.find(tokenizer, tokenizers),
        memory=memory,
    )


def train_blocks(
    blocks: Iterable[tuple[str, bytes]],
    *,
    order: int,
    smoothing: str,
    options: smoothings.Options,
    unk: Unknown = "refuse",
    cutter: PreTokenizer | None = None,
    memory: int = MEMORY,
) -> Model:
    """`train` for blocks of raw, whole lines, each with the name of where it comes from."""
    cutter = cutter or PreTokenizer()
    counts = count_blocks(blocks, order=order, unk=unk, cutter=cutter, memory=memory)
    found = smoothings.estimate(counts, smoothing, options)
    with np.errstate(divide="ignore"):
        grams = [
            Grams(level.keys, np.log10(level.probabilities), np.log10(level.backoffs))
            for level in found.levels
        ]
    about = {"smoothing": smoothing, "unk": "keep" if unk == "keep" else "unk", "unit": cutter.name}
    return Model(
        found.words,
        grams,
        kind=smoothings.kind_of(smoothing),
        about=about,
        tokenizer=cutter.tokenizer,
        tokenizers=cutter.tokenizers,
        notes=found.notes,
        training_tokens=counts.tokens,
    )


def count(
    lines: Iterable[str],
    *,
    order: int = 5,
    tokenizer: str = "whitespace",
    unk: Unknown = "refuse",
    memory: int = MEMORY,
    tokenizers: TokenizerLookup = built_in,
) -> Counts:
    """Count all n-grams of `lines` up to `order`; see `train`."""
    return count_blocks(
        _named(lines),
        order=order,
        unk=unk,
        cutter=PreTokenizer.find(tokenizer, tokenizers),
        memory=memory,
    )


def count_blocks(
    blocks: Iterable[tuple[str, bytes]],
    *,
    order: int,
    unk: Unknown = "refuse",
    cutter: PreTokenizer | None = None,
    memory: int = MEMORY,
) -> Counts:
    """`count` for blocks of raw, whole lines, each with the name of where it comes from."""
    if order < 1:
        raise ConfigError(f"the order of an n-gram model is at least 1, not {order}")
    cutter = cutter or PreTokenizer()
    vocabulary, counter = GrowingVocabulary(unk), NgramCounter(order, memory)
    for name, block in blocks:
        counter.add(vocabulary.encode(cutter(block), name))
    return counter.finish(vocabulary.words)


def _named(lines: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    return (("the text", block) for block in from_lines(lines))
