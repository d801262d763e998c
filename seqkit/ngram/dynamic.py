"""Several models in place of one, mixed as they run: p(w|h) is the weighted mean of theirs.

Exact where `mixing` approximates, and as slow as all of them together. `mixture_files` keeps one in
a file, `mixed_model` takes trained networks, too.

Letters: T ids of a stream, M models, V words of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..text.identity import WIDTH
from .mixed_steps import MixedSteps
from .mixing import (
    Unknown,
    check_tokens,
    check_unknown,
    check_weights,
    share_of_unknown,
    union_of_words,
)
from .model import Model
from .tables import Depths, Floats, Grams, HostLookup, Kind, Lengths, Lookup, with_starts
from .text import UNK, Ids

Doubles = NDArray[np.float64]


class MixedTables:
    """The tables of several models, which score a stream of ids of all their words."""

    kind: Kind = "mixture"
    blanks = False

    def __init__(self, models: Sequence[Model], weights: Sequence[float], unknown: Unknown) -> None:
        self.models = models
        self.unknown = unknown
        self.weights = weights
        self.words = union_of_words([model.vocabulary.words for model in models])
        self.size = len(self.words)
        self.grams: list[Grams] = []  # it has none of its own
        self.lookup: Lookup = HostLookup([])
        self._ids = [_ids_in(model, self.words) for model in models]
        self._shares = [
            self._share(model, ids) for model, ids in zip(models, self._ids, strict=True)
        ]

    @property
    def order(self) -> int:
        return max(model.order for model in self.models)

    @property
    def sizes(self) -> str:
        return " and ".join(f"({model.tables.sizes})" for model in self.models)

    def score(self, stream: Ids, depth: Depths) -> tuple[Floats, Lengths]:
        """As `GramTables.score`; the length is that of the longest n-gram of any model."""
        scores, lengths = self.score_each(stream, depth)
        with np.errstate(divide="ignore"):
            log_weights = np.log10(np.array(self.weights))
        nats = (scores + log_weights[:, None]) * np.log(10)
        mixed = np.logaddexp.reduce(nats, axis=0) / np.log(10)
        return mixed.astype(np.float32), lengths.max(axis=0)

    def score_each(self, stream: Ids, depth: Depths) -> tuple[Doubles, Lengths]:
        """log10 scores and lengths of n-grams of each model. (M, T) each."""
        all_scores = []
        all_lengths = []
        for model, ids, share in zip(self.models, self._ids, self._shares, strict=True):
            scores, lengths = model.tables.score(np.maximum(ids[stream], UNK), depth)
            all_scores.append(scores + share[stream])
            all_lengths.append(lengths)
        return np.stack(all_scores), np.stack(all_lengths)

    def _share(self, model: Model, ids: Ids) -> Doubles:
        """log10 of what the score of each word by a model is multiplied by. (V,)"""
        lacking = self.size - len(model.vocabulary)
        share = share_of_unknown(lacking, self.unknown)
        found = np.zeros(self.size)
        found[ids == UNK] = share
        found[ids < 0] = share if self.unknown == "share" else -np.inf
        return found

    def steps(self) -> MixedSteps:
        """The states of the mixture."""
        ids = [np.maximum(own, UNK) for own in self._ids]
        return MixedSteps(self, self.models, self.weights, ids, self._shares)


def _ids_in(model: Model, words: Sequence[bytes]) -> Ids:
    """The ids in one model of all words, -1 for those that it lacks. (V,)"""
    ids = {word: i for i, word in enumerate(model.vocabulary.words)}
    return np.array([ids.get(word, -1) for word in words], np.int32)


def mixture(
    models: Sequence[Model], weights: Sequence[float], *, unknown: Unknown = "share"
) -> Model:
    """The linear mixture of `models`, which stay as they are.

    Raises `WrongValue` for weights that do not sum to 1, `ConfigError` for models that split text
    in different ways, or whose scores are no probabilities.
    """
    weights = check_weights(weights, len(models))
    check_unknown(unknown)
    check_tokens(models)
    for number, model in enumerate(models, 1):
        if model.kind == "stupid":
            raise ConfigError(
                f"model {number} of the mixture: stupid backoff gives no probabilities"
            )

    tables = MixedTables(models, weights, unknown)
    keeps = any(model.metadata.get("unk") == "keep" for model in models)
    metadata = {"smoothing": "mixture", "unk": "keep" if keeps else "unk", "unknown": unknown}
    mixed = Model(
        tables.words, [], kind="mixture", metadata=metadata, pre_tokenizer=models[0].pre_tokenizer
    )
    mixed.tables = tables
    mixed.steps = tables.steps()
    mixed.digest = _digest(models, weights, unknown)
    return mixed


def _digest(models: Sequence[Model], weights: Sequence[float], unknown: str) -> str:
    parts = [f"{weight!r} {model.digest}" for weight, model in zip(weights, models, strict=True)]
    text = "\n".join([unknown, *parts])
    return blake2b(text.encode(), digest_size=WIDTH).hexdigest()


def log_probabilities(model: Model, blocks: Sequence[bytes]) -> list[Doubles]:
    """Log probabilities (nats) that each part of a mixture gives to every token. M x (T,)"""
    tables = model.tables
    if not isinstance(tables, MixedTables):
        raise ConfigError("not a mixture of models")

    parts: list[list[Doubles]] = [[] for _ in tables.models]
    for block in blocks:
        ids, ends = model.vocabulary.encode(model.pre_tokenizer.segment(block))
        stream, depth = with_starts(np.maximum(ids, UNK), ends)
        scores, _ = tables.score_each(stream, depth)
        for part, row in zip(parts, scores, strict=True):
            part.append(row[depth > 0] * np.log(10))
    return [np.concatenate([np.empty(0), *part]) for part in parts]
