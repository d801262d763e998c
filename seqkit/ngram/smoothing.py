"""From counts to probabilities: the smoothings by name, and what can be asked of them."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import ConfigError, DataError, hint
from .backoff import add_k, katz, maximum_likelihood, stupid_backoff
from .counts import Counts
from .estimates import Estimate, Options
from .interpolation import absolute_discounting, kneser_ney, modified_kneser_ney, witten_bell
from .tables import Kind

__all__ = ["SMOOTHINGS", "Options", "check", "estimate", "kind_of"]

SMOOTHINGS: dict[str, Callable[[Counts, Options], Estimate]] = {
    "modified-kneser-ney": modified_kneser_ney,
    "kneser-ney": kneser_ney,
    "absolute-discounting": absolute_discounting,
    "witten-bell": witten_bell,
    "katz": katz,
    "add-k": add_k,
    "maximum-likelihood": maximum_likelihood,
    "stupid-backoff": stupid_backoff,
}
_INTERPOLATED = {"modified-kneser-ney", "kneser-ney", "absolute-discounting", "witten-bell"}
_KINDS: dict[str, Kind] = {"add-k": "add-k", "stupid-backoff": "stupid"}
_UNPRUNED = {"add-k", "maximum-likelihood", "stupid-backoff"}


def kind_of(smoothing: str) -> Kind:
    """How a model of this smoothing combines its numbers."""
    return _KINDS.get(smoothing, "backoff")


def check(smoothing: str, options: Options, order: int) -> None:
    """Raise `ConfigError` for what cannot be done, before any text is read."""
    if not isinstance(smoothing, str) or smoothing not in SMOOTHINGS:
        raise ConfigError(f"no smoothing {smoothing!r}.{hint(smoothing, SMOOTHINGS)}")
    _check_pruning(options.prune, order)

    if not options.interpolate_unigrams and smoothing not in _INTERPOLATED:
        raise ConfigError(f"{smoothing} interpolates no unigrams: leave the switch alone")
    if smoothing == "add-k" and not 0 < options.k < math.inf:
        raise ConfigError(f"add-k needs a k above 0, not {options.k}")

    is_pruned = any(options.prune) or options.vocabulary is not None
    if smoothing in _UNPRUNED and is_pruned:
        raise ConfigError(
            f"{smoothing} has nowhere to put the probability of what is pruned: "
            "choose another smoothing"
        )


def _check_pruning(prune: tuple[int, ...], order: int) -> None:
    rising = list(prune) == sorted(prune)
    too_many = len(prune) > order
    if not rising or too_many or min(prune, default=0) < 0:
        given = ",".join(map(str, prune))
        raise ConfigError(f"prune {given} is not a list of at most {order} rising numbers")


def estimate(counts: Counts, smoothing: str, options: Options) -> Estimate:
    """Smooth `counts`; raises `DataError` if there are too few, and `ConfigError` as `check`."""
    check(smoothing, options, counts.order)
    if not counts.tokens:
        raise DataError("the training text is empty")
    if not len(counts.tables[-1].keys):
        longest = len([size for size in counts.sizes if size])
        raise DataError(
            f"no sentence is long enough for order {counts.order}: "
            f"with its ends, the longest has {longest} words"
        )
    return SMOOTHINGS[smoothing](counts, options)
