"""From a model to its outputs."""

from .beam import beam_search
from .decode import decode
from .decoder import Ensemble, Hypothesis, Normalize, StepDecoder
from .forced_decoding import attention, log_probabilities
from .rules import Rule, Rules, Stem
from .sampling import sample
from .settings import SearchConfig

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
