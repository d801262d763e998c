"""Pruning by relative entropy: n-grams go whose loss changes the model least.

Stolcke 1998, "Entropy-based pruning of backoff language models". Letters: see `closing`; α are
backoff weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..errors import ConfigError
from ..parsing import check_count, check_number
from .binary import tokenizer_files
from .closing import (
    Doubles,
    Mask,
    backoff_weights,
    check_distribution,
    filled,
    probabilities_of,
    selected,
)
from .model import Model
from .packing import packed_bytes
from .sorting import Longs
from .stepping import context_indexes
from .tables import Grams
from .text import BOS, EOS

BYTES_PER_GRAM = 16  # of seqkit's binary
_HEADER = 2048  # bytes of the header of a binary, at most
_ENTRY = 128  # bytes of it for each file of a tokenizer, at most


def prune(model: Model, threshold: float) -> Model:
    """A model without the n-grams whose loss raises perplexity by less than `threshold`, relative.

    Each is judged by itself: the loss is exp(D) - 1 for the relative entropy D between the model
    with it and the model without it, weighted by the probability of its history (section 3). What
    a longer n-gram that stays begins or ends in stays, too. Backoff weights are computed anew.
    Raises `ConfigError` for a model that is no back-off model, `DataError` for one that does not
    sum to 1, and `ConfigError` for a threshold that leaves nothing but words.
    """
    check_number(threshold=threshold)
    if not 0 <= threshold < math.inf:
        raise ConfigError(f"the threshold of pruning is a number above 0, not {threshold!r}")
    return _Candidates(model).pruned(threshold)


def prune_to_size(model: Model, size: int, *, bits: int = 32) -> Model:
    """A model whose file in seqkit's binary format has at most `size` bytes; raises as `prune`.

    `bits` are those of its numbers, as for `files.save`.
    """
    check_count(1, size=size)
    return _Candidates(model, bits).pruned_to(size)


class _Candidates:
    """The n-grams of a model and what the loss of each would cost."""

    def __init__(self, model: Model, bits: int = 32) -> None:
        check_distribution(model, "pruning")
        self.model = model
        self.bits = bits
        self.size = model.tables.size
        self.grams = filled(model)
        self.contexts = context_indexes([level.keys for level in self.grams], self.size)
        self.probabilities = [probabilities_of(level) for level in self.grams]
        self.losses = losses(self.grams, self.contexts, self.size)

    def pruned(self, threshold: float) -> Model:
        masks = self._kept(threshold)
        if len(masks) > 1 and not any(mask.any() for mask in masks[1:]):
            most = max(float(each.max(initial=0)) for each in self.losses)
            raise ConfigError(
                f"pruning at {threshold:g} leaves nothing but words: the threshold must be at most "
                f"{most:.2g}"
            )

        grams = selected(self._reweighted(masks), masks, self.size)
        pruned = f"entropy {threshold:.3g}"
        metadata = {key: value for key, value in self.model.metadata.items() if key != "holes"}
        return Model(
            self.model.vocabulary.words,
            grams,
            metadata={**metadata, "pruned": pruned},
            pre_tokenizer=self.model.pre_tokenizer,
        )

    def pruned_to(self, size: int) -> Model:
        """The lowest threshold is found by halving the losses that there are."""
        if self._bytes(self._kept(0)) <= size:
            return self.pruned(0)

        ascending = np.unique(np.concatenate([np.zeros(1), *self.losses]))
        low, high = 0, len(ascending) - 1
        if self._bytes(self._kept(float(ascending[high]))) > size:
            smallest = self._bytes(self._kept(math.inf))
            raise ConfigError(
                f"no model of these words has {size:,} bytes: the words alone take {smallest:,}"
            )
        while high - low > 1:
            middle = (low + high) // 2
            if self._bytes(self._kept(float(ascending[middle]))) > size:
                low = middle
            else:
                high = middle
        return self.pruned(float(ascending[high]))

    def _bytes(self, masks: Sequence[Mask]) -> int:
        """The size of a binary of these n-grams, at most."""
        total = self._fixed + BYTES_PER_GRAM * int(masks[0].sum())
        for k, mask in enumerate(masks[1:], 2):
            if self.bits == 32:
                total += BYTES_PER_GRAM * int(mask.sum())
            else:
                suffixes = self.grams[k - 1].keys[mask] // self.size
                total += packed_bytes(suffixes, int(masks[k - 2].sum()), self.size)
        return total

    @cached_property
    def _fixed(self) -> int:
        """The bytes of a binary that are no n-grams."""
        words = sum(len(word) + 1 for word in self.model.vocabulary.words)
        tokenizer = self.model.tokenizer
        files = tokenizer_files(tokenizer).values() if tokenizer else ()
        return _HEADER + words + sum(_ENTRY + len(content) for content in files)

    def _kept(self, threshold: float) -> list[Mask]:
        """Which k-grams stay, for k = 1, 2, … (n_k,) each."""
        masks = [np.ones(len(level.keys), np.bool_) for level in self.grams]
        for k in range(len(self.grams), 1, -1):
            needed = np.zeros(len(masks[k - 1]), np.bool_)
            if k < len(self.grams):
                longer = masks[k]
                needed[self.contexts[k - 1][longer]] = True
                needed[self.grams[k].keys[longer] // self.size] = True
            masks[k - 1] = needed | (self.losses[k - 2] >= threshold)
        return masks

    def _reweighted(self, masks: Sequence[Mask]) -> list[Grams]:
        """All n-grams, with new backoff weights for the histories that lose some followers."""
        found = []
        for k, level in enumerate(self.grams[:-1], 1):
            kept = masks[k]
            histories = self.contexts[k - 1]
            suffixes = self.grams[k].keys // self.size
            weights, _ = backoff_weights(
                self.probabilities[k][kept],
                self.probabilities[k - 1][suffixes[kept]],
                histories[kept],
                len(level.keys),
            )

            loses = np.zeros(len(level.keys), np.bool_)
            loses[histories[~kept]] = True
            backoffs = np.where(loses, weights, level.backoffs)
            found.append(Grams(level.keys, level.scores, backoffs))
        return [*found, self.grams[-1]]


def losses(grams: Sequence[Grams], contexts: Sequence[Longs], size: int) -> list[Doubles]:
    """For k = 2, 3, …: by how much perplexity rises, relative, without each k-gram. (n_k,) each.

    Equation 3 and section 3; `contexts` are the indexes of histories. That of `<s>` is as probable
    as `</s>`.
    """
    below = probabilities_of(grams[0])
    of_histories = below.copy()
    of_histories[BOS] = below[EOS]

    found: list[Doubles] = []
    for level, histories in zip(grams[1:], contexts, strict=True):
        own = probabilities_of(level)
        backed_off = below[level.keys // size]
        loss = _losses_of_order(own, backed_off, histories, of_histories)
        found.append(loss)

        of_histories = of_histories[histories] * own
        below = own
    return found


def _losses_of_order(
    own: Doubles, below: Doubles, histories: Longs, of_histories: Doubles
) -> Doubles:
    """`own` (n,) are p(w|h), `below` (n,) p(w|h'), `of_histories` (H,) p(h)."""
    tiny = np.finfo(np.float64).tiny
    weights, left = backoff_weights(own, below, histories, len(of_histories))
    log_weight = weights.astype(np.float64)[histories] * math.log(10)  # ln α(h)

    left_without = np.maximum(left[histories], 0) + own
    left_below = 1 - np.bincount(histories, below, len(of_histories))
    left_below_without = np.maximum(left_below[histories], 0) + below
    log_without = np.log(np.maximum(left_without, tiny) / np.maximum(left_below_without, tiny))

    own_change = np.log(np.maximum(below, tiny)) + log_without - np.log(np.maximum(own, tiny))
    change = own * own_change + np.maximum(left[histories], 0) * (log_without - log_weight)
    loss: Doubles = np.expm1(-of_histories[histories] * change)
    loss[loss < 0] = 0  # by rounding alone
    return loss
