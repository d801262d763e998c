"""Every figure is computed in one place and says how.

scoring.py         what a language model says of a text; perplexity.py: its figure
overlap.py         BLEU and chrF; comparison.py: two systems by them; text_metric.py: what a
                   plugin's metric is; tuning.py: weights by which outputs are ranked
classification.py  accuracy, F1, confusion; several.py: of several labels; spans.py: of spans
probabilities.py   log loss, AUC; calibration.py: is it as often right as it is sure?
regression.py      errors of numbers
intervals.py       bootstrap intervals, and p-values of a difference; mcnemar.py: the exact test
signatures.py      what a figure depends on, in a line
"""

from .overlap import bleu, chrf
from .perplexity import Perplexity
from .text_metric import Score, TextMetric

__all__ = ["Perplexity", "Score", "TextMetric", "bleu", "chrf"]
