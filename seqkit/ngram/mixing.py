"""One back-off model in place of several: their linear mixture, n-gram by n-gram.

p(w|h) is the weighted mean of what the models give, for every n-gram that one of them has; backoff
weights are computed anew, so that every history sums to 1. Words that no n-gram spells out after a
history are approximated, which costs next to nothing. Stolcke 2002, section 3 ("static"
interpolation). Letters: see `closing`; M models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from ..errors import ConfigError, WrongType, WrongValue
from ..text.identity import digest_of
from .closing import Doubles, backoff_weights, check_distribution, filled, log10_of
from .model import Model
from .sorting import Longs, find
from .stepping import context_indexes
from .tables import NEVER, Grams
from .text import BOS, UNK

Unknown = Literal["share", "keep"]
"""What a model says of a word that it lacks and another one has. "share": its `<unk>` is divided
evenly among these words and `<unk>` itself; "keep": nothing, and its `<unk>` stays whole."""

_OFF = 1e-6  # by which weights may miss 1


def check_weights(weights: Sequence[float], models: int) -> list[float]:
    """The weights as numbers.

    Raises `WrongType` for what is no list of numbers, `WrongValue` unless there is one for each
    model, none is below 0, and they sum to 1.
    """
    try:
        given = [float(weight) for weight in weights]
    except (TypeError, ValueError):
        raise WrongType(f"weights are numbers, one for each model, not {weights!r}") from None

    if not models:
        raise WrongValue("give models to mix")
    shown = ", ".join(f"{weight:g}" for weight in given)
    if len(given) != models:
        raise WrongValue(f"{len(given)} weights for {models} models: {shown}")
    if not all(0 <= weight < math.inf for weight in given):
        raise WrongValue(f"a weight is a number from 0 to 1: {shown}")
    if abs(sum(given) - 1) > _OFF:
        raise WrongValue(f"the weights {shown} sum to {sum(given):g}, not to 1")
    return given


def check_unknown(unknown: str) -> None:
    """Raise `ConfigError` for a policy on unknown words that is none."""
    if unknown not in get_args(Unknown):
        raise ConfigError(f"unknown is 'share' or 'keep', not {unknown!r}")


def check_tokens(models: Sequence[Model]) -> None:
    """Raise `ConfigError` unless all models split text in one way."""
    units = dict.fromkeys(model.unit for model in models)
    if len(units) > 1:
        raise ConfigError(f"models of the tokens {', '.join(units)} cannot be mixed")

    if len({_splitting(model) for model in models}) > 1:
        raise ConfigError(
            f"the tokenizers {models[0].unit} of the models differ: count both texts with one"
        )


def _splitting(model: Model) -> str:
    """What decides, besides the name of a tokenizer, how it splits text."""
    tokenizer = model.tokenizer
    if tokenizer is None:
        return ""
    if tokenizer.model.has_own_vocab:
        return digest_of(tokenizer).hex()
    return "+".join(tokenizer.normalizer.steps)


def union_of_words(vocabularies: Sequence[Sequence[bytes]]) -> list[bytes]:
    """All words, in the order in which they first come."""
    return list(dict.fromkeys(word for words in vocabularies for word in words))


def share_of_unknown(lacking: int, unknown: str) -> float:
    """log10 of what `<unk>` keeps of its probability in a model that lacks so many words."""
    return -math.log10(lacking + 1) if unknown == "share" else 0.0


def interpolate(
    models: Sequence[Model], weights: Sequence[float], *, unknown: Unknown = "share"
) -> Model:
    """The linear mixture of `models` as one back-off model.

    Raises `WrongValue` for weights that do not sum to 1, `ConfigError` for models that split text
    in different ways or are no back-off models, `DataError` for one that does not sum to 1.
    """
    weights = check_weights(weights, len(models))
    check_unknown(unknown)
    for number, model in enumerate(models, 1):
        check_distribution(model, f"model {number} of the mixture")
    check_tokens(models)

    union = _Union(models)
    mixed = [np.zeros(len(keys)) for keys in union.keys]
    for number, weight in enumerate(weights):
        for total, scores in zip(mixed, union.scores_of(number, unknown), strict=True):
            total += weight * np.power(10.0, scores)

    mixed[0][BOS] = 10.0**NEVER
    grams = _with_backoffs(union, mixed)
    keeps = any(model.metadata.get("unk") == "keep" for model in models)
    metadata = {
        "smoothing": "mixture",
        "unk": "keep" if keeps else "unk",
        "unit": models[0].unit,
        "weights": " ".join(f"{weight:.6g}" for weight in weights),
        "unknown": unknown,
    }
    return Model(union.words, grams, metadata=metadata, pre_tokenizer=models[0].pre_tokenizer)


class _Union:
    """All n-grams of several models, and where those of each model are among them."""

    def __init__(self, models: Sequence[Model]) -> None:
        self.models = models
        self.words = union_of_words([model.vocabulary.words for model in models])
        self.size = len(self.words)
        self.grams = [filled(model) for model in models]

        ids = {word: i for i, word in enumerate(self.words)}
        self.places: list[list[Longs]] = []  # for each model and k: among those of the union
        for model in models:
            of_words = np.array([ids[word] for word in model.vocabulary.words], np.int64)
            self.places.append([of_words])

        self.keys: list[Longs] = [np.arange(self.size)]
        for k in range(2, max(model.order for model in models) + 1):
            self._add_order(k)
        self.contexts = context_indexes(self.keys, self.size)

    def _add_order(self, k: int) -> None:
        found = []
        for model, grams, places in zip(self.models, self.grams, self.places, strict=True):
            if k > model.order:
                continue
            suffixes, first = np.divmod(grams[k - 1].keys, model.tables.size)
            keys = places[k - 2][suffixes] * self.size + places[0][first]
            places.append(keys)
            found.append(keys)

        union = np.unique(np.concatenate(found))
        self.keys.append(union)
        for places in self.places:
            if len(places) == k:
                places[k - 1] = find(union, places[k - 1])

    def scores_of(self, number: int, unknown: Unknown) -> list[Doubles]:
        """log10 of what one model gives to each n-gram of the union. (n_k,) for each k"""
        grams, places = self.grams[number], self.places[number]
        share = share_of_unknown(self.size - len(places[0]), unknown)
        unseen = float(grams[0].scores[UNK]) + share
        unigrams = np.full(self.size, unseen if unknown == "share" else -np.inf)
        unigrams[places[0]] = grams[0].scores
        unigrams[UNK] = unseen

        found = [unigrams]
        for k in range(2, len(self.keys) + 1):
            backoffs = np.zeros(len(self.keys[k - 2]))
            if k <= len(grams):
                backoffs[places[k - 2]] = grams[k - 2].backoffs

            suffixes = self.keys[k - 1] // self.size
            contexts = self.contexts[k - 2]
            weight = np.where(contexts < 0, 0.0, backoffs[contexts])
            scores = found[-1][suffixes] + weight
            if k <= len(grams):
                scores[places[k - 1]] = grams[k - 1].scores
            found.append(scores)
        return found


def _with_backoffs(union: _Union, probabilities: Sequence[Doubles]) -> list[Grams]:
    """The n-grams of a mixture, with the weights that make every history sum to 1."""
    found = []
    for k, keys in enumerate(union.keys, 1):
        scores = log10_of(probabilities[k - 1])
        backoffs = np.zeros(len(keys), np.float32)
        if k < len(union.keys):
            known = union.contexts[k - 1] >= 0
            suffixes = union.keys[k][known] // union.size
            backoffs, _ = backoff_weights(
                probabilities[k][known],
                probabilities[k - 1][suffixes],
                union.contexts[k - 1][known],
                len(keys),
            )
        found.append(Grams(keys, scores, backoffs))
    return found
