"""Every figure is computed in one place and says how."""

from .perplexity import Perplexity
from .translation import Score, bleu, chrf

__all__ = ["Perplexity", "Score", "bleu", "chrf"]
