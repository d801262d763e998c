"""Every figure is computed in one place and says how."""

from .overlap import bleu, chrf
from .perplexity import Perplexity
from .text_metric import Score, TextMetric

__all__ = ["Perplexity", "Score", "TextMetric", "bleu", "chrf"]
