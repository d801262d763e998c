"""Several classifiers as one, by the mean of their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ...errors import ConfigError, shortened

_Classifier = TypeVar("_Classifier")


def ensemble_of(make: Callable[..., _Classifier], members: Sequence[Any]) -> _Classifier:
    """What `make` makes of classifiers; the first one's tokenizer and run are its own.

    Raises `ConfigError` if they know different classes.
    """
    first, *rest = members
    for number, other in enumerate(rest, 2):
        _check_compatible(first, other, number)

    return make(
        first.model,
        first.inputs,
        first.labels,
        several=first.several,
        name=first.name,
        settings=first.settings,
        run=first.run,
        others=[*first.others, *(one for other in rest for one in (other, *other.others))],
    )


def _check_compatible(first: Any, other: Any, number: int) -> None:
    """Raise `ConfigError` unless the answers of model `number` mean what the first one's do."""
    pair = f"model 1 ({first.name}) and model {number} ({other.name}) are no ensemble"
    if other.classes != first.classes:
        differing = sorted({*first.classes} ^ {*other.classes})
        raise ConfigError(
            f"{pair}: they know different classes: only one has {shortened(differing)}"
        )
    if other.several != first.several:
        raise ConfigError(
            f"{pair}: they differ in whether a text may have several labels (data.several)"
        )
