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
    for other in rest:
        _check_compatible(first, other)

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


def _check_compatible(first: Any, other: Any) -> None:
    if other.classes != first.classes:
        differing = sorted({*first.classes} ^ {*other.classes})
        raise ConfigError(
            f"the models are no ensemble: {first.name} and {other.name} know different classes, "
            f"such as {shortened(differing)}"
        )
    if other.several != first.several:
        raise ConfigError(
            f"the models are no ensemble: {first.name} and {other.name} differ in whether a text "
            "may have several labels (data.several)"
        )
