"""Every figure is computed in one place and says how."""

from .overlap import Score, bleu, chrf
from .perplexity import Perplexity

__all__ = ["Perplexity", "Score", "bleu", "chrf"]
