"""Back-off models as sets of n-grams: what pruning and mixing need of them.

Here every n-gram has the shorter one that it ends in, with a score of its own: blanks are filled
with the score that backing off gives them, which changes no score.

Letters: h a history, w a word; n_k k-grams of one k, V words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError
from .model import Model
from .sorting import Longs
from .stepping import context_indexes
from .tables import NEVER, Floats, Grams
from .text import BOS

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]
_NOTHING = 1e-7  # less probability than this is the rounding of float32
_TOLERANCE = 1e-3  # by which the probabilities of all words may miss 1


def check_distribution(model: Model, what: str) -> None:
    """Raise `ConfigError` unless `model` backs off, `DataError` unless its words sum to 1."""
    if model.kind != "backoff":
        raise ConfigError(f"{what}: {model.smoothing} is not a back-off model of probabilities")

    probabilities = probabilities_of(model.grams[0])
    total = float(probabilities.sum() - probabilities[BOS])
    if abs(total - 1) > _TOLERANCE:
        advice = ": if it was filtered, give the whole model, and filter afterwards"
        raise DataError(
            f"{what}: the probabilities of its words sum to {total:.6g}, not to 1"
            f"{advice if total < 1 else ''}"
        )


def filled(model: Model) -> list[Grams]:
    """The n-grams of a model, with scores for its blanks."""
    if not model.tables.blanks:
        return model.grams

    grams = [model.grams[0]]
    contexts = context_indexes([level.keys for level in model.grams], model.tables.size)
    for level, context in zip(model.grams[1:], contexts, strict=True):
        below = grams[-1]
        suffixes = level.keys // model.tables.size
        backoffs = np.where(context < 0, np.float32(0), below.backoffs[context])
        backed_off = below.scores[suffixes] + backoffs
        scores = np.where(np.isnan(level.scores), backed_off, level.scores)
        grams.append(Grams(level.keys, scores, level.backoffs))
    return grams


def probabilities_of(level: Grams) -> Doubles:
    """(n_k,)"""
    found: Doubles = np.power(10.0, level.scores.astype(np.float64))
    return found


def selected(grams: Sequence[Grams], masks: Sequence[Mask], size: int) -> list[Grams]:
    """The n-grams that masks (n_k,) select; each keeps what it ends in. Empty orders are left out.

    Words stay as they are.
    """
    found = [grams[0]]
    new_index: Longs = np.arange(size)
    for level, mask in zip(grams[1:], masks[1:], strict=True):
        if not mask.any():
            break
        suffixes, first = np.divmod(level.keys[mask], size)
        keys = new_index[suffixes] * size + first
        found.append(Grams(keys, level.scores[mask], level.backoffs[mask]))
        new_index = np.cumsum(mask) - 1

    top = found[-1]
    found[-1] = Grams(top.keys, top.scores, np.zeros_like(top.backoffs))
    return found


def backoff_weights(
    own: Doubles, below: Doubles, histories: Longs, size: int
) -> tuple[Floats, Doubles]:
    """log10 of (1 - Σ p(w|h)) / (1 - Σ p(w|h')) for each history, and 1 - Σ p(w|h). (H,) each.

    The sums are over the words w that follow h in the model: `own` (n,) are p(w|h), `below` (n,)
    are p(w|h') after the history without its first word. `histories` (n,) says which h, `size` is
    H. Stolcke 1998, section 2.
    """
    left: Doubles = 1.0 - np.bincount(histories, own, size).astype(np.float64)
    left_below: Doubles = 1.0 - np.bincount(histories, below, size).astype(np.float64)

    ratio = np.maximum(left, _NOTHING) / np.maximum(left_below, _NOTHING)
    nobody_left = (left_below <= _NOTHING) & (left <= _NOTHING)
    ratio[nobody_left] = 1
    return np.log10(ratio).astype(np.float32), left


def log10_of(probabilities: Doubles) -> Floats:
    """Logarithms as ARPA files hold them: -99 for 0, and never above 0."""
    with np.errstate(divide="ignore"):
        found = np.log10(probabilities)
    return np.clip(found, NEVER, 0).astype(np.float32)
