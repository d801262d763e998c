"""Parallel text of a translation task: read, split for validation, encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..data.batching import Rows
from ..data.parallel import ParallelText, read_parallel
from ..errors import ConfigError, DataError
from ..recipes import corpora


class EncodedPairs(NamedTuple):
    """Sentence pairs as ids, each side ending in `<eos>`."""

    sources: Rows
    targets: Rows


def read_training_text(
    corpus: str, files: Sequence[str], columns: tuple[int, int], limit: int
) -> ParallelText:
    """The first `limit` training pairs, 0 for all; raises an error if there are none."""
    if not files:
        raise ConfigError("[data]: no training text: set data.train to [source, target] or [tsv]")
    text = read_parallel(corpora("translation").locate(corpus, files), columns)
    if not len(text):
        raise DataError(f"{', '.join(files)}: the training text is empty")
    if limit:
        return ParallelText(text.sources[:limit], text.targets[:limit], text.skipped)
    return text


def read_validation_text(
    corpus: str, files: Sequence[str], columns: tuple[int, int]
) -> ParallelText:
    text = read_parallel(corpora("translation").locate(corpus, files), columns)
    if not len(text):
        raise DataError(f"{', '.join(files)}: the validation text is empty")
    return text


def split_off(text: ParallelText, size: int, seed: int) -> tuple[ParallelText, ParallelText]:
    """Training and validation text from one text: `size` pairs, at most a tenth, are split off.

    Training pairs whose source is a validation source as well are left out.
    """
    size = min(size, len(text) // 10)
    if not size:
        raise DataError(
            f"{len(text)} pairs are too few to cut validation text off: "
            "give 10 or more, or data.valid"
        )

    order = np.random.default_rng(seed).permutation(len(text))
    valid = _pairs_at(text, order[:size].tolist())

    held_out = set(valid.sources)
    rest = [i for i, source in enumerate(text.sources) if source not in held_out]
    if not rest:
        raise DataError(
            "the training text repeats so few sentences that none is left "
            "after cutting off validation text"
        )
    train = _pairs_at(text, rest)
    train.skipped = text.skipped
    return train, valid


def _pairs_at(text: ParallelText, places: Sequence[int]) -> ParallelText:
    return ParallelText([text.sources[i] for i in places], [text.targets[i] for i in places])


def encoded_pairs(
    sources: Sequence[list[int]], targets: Sequence[list[int]], *, longest: int | None
) -> EncodedPairs:
    """The pairs of at most `longest` tokens a side, `<eos>` not counted; None for all pairs."""
    pairs = list(zip(sources, targets, strict=True))
    if longest is not None:
        pairs = [(s, t) for s, t in pairs if max(len(s), len(t)) <= longest + 1]
    return EncodedPairs(Rows([s for s, _ in pairs]), Rows([t for _, t in pairs]))
