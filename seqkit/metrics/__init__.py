"""Every figure is computed in one place and says how."""

from .bleu import Score, bleu, chrf

__all__ = ["Score", "bleu", "chrf"]
