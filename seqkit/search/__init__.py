"""From a model to its outputs.

Importing it imports no torch; the names below are resolved when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .beam import beam_search
    from .decoder import Ensemble, StepDecoder
    from .decoding import decode
    from .forced_decoding import attention, log_probabilities
    from .hypothesis import Hypothesis, Normalize
    from .rules import Rule, Rules, Stem
    from .sampling import sample
    from .settings import SearchConfig

_MODULE_OF = {
    "Ensemble": ".decoder",
    "Hypothesis": ".hypothesis",
    "Normalize": ".hypothesis",
    "Rule": ".rules",
    "Rules": ".rules",
    "SearchConfig": ".settings",
    "Stem": ".rules",
    "StepDecoder": ".decoder",
    "attention": ".forced_decoding",
    "beam_search": ".beam",
    "decode": ".decoding",
    "log_probabilities": ".forced_decoding",
    "sample": ".sampling",
}

__all__ = [
    "Ensemble",
    "Hypothesis",
    "Normalize",
    "Rule",
    "Rules",
    "SearchConfig",
    "Stem",
    "StepDecoder",
    "attention",
    "beam_search",
    "decode",
    "log_probabilities",
    "sample",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_MODULE_OF[name], __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
