"""From a model to its outputs.

decoder.py        the three functions through which a search talks to a model
decoding.py       outputs of many inputs, in batches (batches.py, side_by_side.py), by one of two
                  searches:
beam.py           beam search; continuations.py: its best next tokens, compiled.py: in C
sampling.py       outputs that are drawn
settings.py       all that can be set; hypothesis.py: what is returned, and its score
rules.py          what outputs must contain, or must not; phrases.py: what is missing of it
shortlist.py      outputs of a list of tokens only
quicker.py        whether it is quicker than CTranslate2
fusion.py         a language model that is heard, by what scorer.py asks of it
forced_decoding.py  outputs that are given: their probability and attention
ctc/              the outputs of speech and handwriting recognisers

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
