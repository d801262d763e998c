"""From a model to its outputs."""

from .beam import beam_search
from .decode import decode
from .decoder import Hypothesis, StepDecoder
from .sampling import sample
from .settings import SearchConfig

__all__ = ["Hypothesis", "SearchConfig", "StepDecoder", "beam_search", "decode", "sample"]
