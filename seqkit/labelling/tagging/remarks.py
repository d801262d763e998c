"""What a person should know of the sentences that a tagger learns from."""

from __future__ import annotations

from itertools import chain

import numpy as np

from ...errors import shortened
from ..numbered import Ints
from .data_config import TaggingData
from .learned import count_broken
from .reading import NO_VALUE
from .sentences import Sentences
from .tags import TagSet


def remarks(train: Sentences, valid: Sentences, tags: TagSet, data: TaggingData) -> list[str]:
    """Broken sequences, tags that are seen once or in one part alone, long sentences."""
    notes = [] if data.unit == "characters" else _on_tags(train, valid, tags)
    long = int((lengths_of(train, data.unit) > data.longest).sum())
    if long:
        notes.append(
            f"{long:,} training sentences of more than {data.longest:,} {data.unit} (data.longest) "
            "are cut apart"
        )
    return notes


def lengths_of(sentences: Sentences, unit: str) -> Ints:
    """How many words or characters each sentence has: (N,)"""
    words = sentences.words
    if unit == "words":
        return words.lengths.astype(np.int64)

    letters = np.fromiter(map(len, words.names), np.int64, len(words.names))
    sums = np.concatenate([[0], np.cumsum(letters[words.ids])])
    ends = np.cumsum(words.lengths, dtype=np.int64)
    found: Ints = sums[ends] - sums[ends - words.lengths]
    return found


def _on_tags(train: Sentences, valid: Sentences, tags: TagSet) -> list[str]:
    notes: list[str] = []
    broken = count_broken(chain(train, valid), tags.written)
    if broken:
        notes.append(
            f"{broken:,} sentences have tags that are not {tags.written} (an I without its B): "
            "their spans are those of conlleval, and are learned so"
        )

    in_training = train.tags.counts()
    if NO_VALUE in in_training:
        notes.append(
            f"{in_training[NO_VALUE]:,} words have the tag {NO_VALUE}, which in CoNLL-U stands for "
            "no value and is learned like any other: data.tag chooses another column"
        )

    in_validation = valid.tags.counts()
    lists = {
        "tags that only validation has, and that cannot be learned": in_validation.keys()
        - in_training.keys(),
        "tags seen once in training": {tag for tag, n in in_training.items() if n == 1},
        "tags that validation does not have": in_training.keys() - in_validation.keys(),
    }
    notes += [f"{what}: {shortened(sorted(found))}" for what, found in lists.items() if found]
    return notes
