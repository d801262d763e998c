"""Text → counts → a smoothed model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import ConfigError
from . import smoothing as smoothings
from .counts import Counter, Counts
from .model import Grams, Model
from .text import Cutter, GrowingVocabulary, Unknown, from_lines

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
) -> Model:
    """Count and smooth `lines`, by default as KenLM's lmplz does.

    `prune` drops k-grams seen so often or less, for each k; `vocabulary` is all the words that the model may know;
    `unk` says what a literal <unk>, <s> or </s> in the text means: an error ("refuse"), white space ("skip"), or for
    <unk> a word ("keep"); `k` is that of add-k; counting keeps to `memory` bytes by sorting on disk, the finished
    model is held in memory. Raises `DataError` or `ConfigError` for what cannot be trained on.
    """
    return train_blocks(
        (("the text", block) for block in from_lines(lines)),
        order=order,
        smoothing=smoothing,
        options=smoothings.Options(
            tuple(prune),
            frozenset(word.encode() for word in vocabulary) if vocabulary is not None else None,
            interpolate_unigrams,
            k=k,
        ),
        unk=unk,
        cutter=Cutter.find(tokenizer),
        memory=memory,
    )


def train_blocks(
    blocks: Iterable[tuple[str, bytes]],
    *,
    order: int,
    smoothing: str,
    options: smoothings.Options,
    unk: Unknown = "refuse",
    cutter: Cutter | None = None,
    memory: int = MEMORY,
) -> Model:
    """`train` for blocks of whole lines, each with the name of where it comes from."""
    cutter = cutter or Cutter()
    counts = count(((name, cutter(block)) for name, block in blocks), order=order, unk=unk, memory=memory)
    found = smoothings.estimate(counts, smoothing, options)
    with np.errstate(divide="ignore"):
        grams = [Grams(level.keys, np.log10(level.probabilities), np.log10(level.backoffs)) for level in found.levels]
    about = {"smoothing": smoothing, "unk": "keep" if unk == "keep" else "unk", "unit": cutter.name}
    return Model(
        found.words,
        grams,
        kind=found.kind,
        about=about,
        tokenizer=cutter.tokenizer,
        notes=found.notes,
        tokens=counts.tokens,
    )


def count(blocks: Iterable[tuple[str, bytes]], *, order: int, unk: Unknown = "refuse", memory: int = MEMORY) -> Counts:
    """Count all n-grams up to `order`."""
    if order < 1:
        raise ConfigError(f"the order of an n-gram model is at least 1, not {order}")
    vocabulary, counter = GrowingVocabulary(unk), Counter(order, memory)
    for name, block in blocks:
        counter.add(vocabulary.encode(block, name))
    return counter.finish(vocabulary.words)
