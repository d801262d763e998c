"""A model without the n-grams that a vocabulary cannot spell, as KenLM's `filter` makes it."""

from __future__ import annotations

from collections.abc import Collection
from itertools import compress

import numpy as np

from ..errors import DataError
from .model import Model
from .tables import Grams
from .text import SPECIALS


def restrict(model: Model, words: Collection[bytes]) -> Model:
    """`model` with nothing but n-grams of these words, `<unk>`, `<s>` and `</s>`.

    Numbers stay as they are, so that a text of these words has the same score; the probabilities no
    longer sum to 1. Raises `DataError` if it knows none of the words.
    """
    own = model.vocabulary.words
    kept = np.array([word in words or word in SPECIALS for word in own], np.bool_)
    if kept.sum() == len(SPECIALS) < len(own):
        raise DataError(f"the model knows none of these {len(words):,} words")

    new_ids = np.cumsum(kept) - 1
    size = int(kept.sum())
    grams = []
    mask, new_index = kept, new_ids
    for k, level in enumerate(model.grams, 1):
        keys = np.arange(size)
        if k > 1:
            suffixes, first = np.divmod(level.keys, len(own))
            mask = mask[suffixes] & kept[first]
            keys = new_index[suffixes[mask]] * size + new_ids[first[mask]]
            new_index = np.cumsum(mask) - 1
        grams.append(Grams(keys, level.scores[mask], level.backoffs[mask]))

    return Model(
        list(compress(own, kept.tolist())),
        grams,
        kind=model.kind,
        metadata=model.metadata,
        pre_tokenizer=model.pre_tokenizer,
    )
