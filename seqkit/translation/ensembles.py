"""Several translators as one, by the mean of their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..errors import WrongType
from ..text.lines import check_many
from .tokenizers import check_compatible

_Translator = TypeVar("_Translator")


def ensemble_of(kind: type[_Translator], members: Sequence[Any]) -> _Translator:
    """Build one translator from several; settings come from the first.

    Raises `ConfigError` if their vocabularies differ, and `WrongType` for other things.
    """
    check_many(members, "translators")
    if not members or not all(isinstance(one, kind) for one in members):
        raise WrongType("give a list of translators, such as [seqkit.load(run) for run in runs]")

    first, *rest = members
    for other in rest:
        check_compatible(first.source, other.source)
        check_compatible(first.target, other.target)

    models = [model for member in members for model in member.models]
    make: Callable[..., _Translator] = kind
    return make(
        first.model,
        first.source,
        first.target,
        search=first.search,
        longest=min(member.longest for member in members),
        language=first.language,
        target_language=first.target_language,
        copies=first.copies,
        seen=first.seen,
        others=models[1:],
        shortlists=first.shortlists,
    )
