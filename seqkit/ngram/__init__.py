"""n-gram language models: counted, not trained by gradient. Needs no torch, but to look n-grams up on a GPU.

model = seqkit.ngram.train(["a line of text", "another"], order=3)
model.score("a line"), model.perplexity(["a line of text"])
seqkit.ngram.save(model, "lm.arpa"); seqkit.ngram.load("lm.arpa")
"""

from .counts import Counts
from .files import load, save
from .model import Model
from .smoothing import SMOOTHINGS
from .training import count, train

__all__ = ["SMOOTHINGS", "Counts", "Model", "count", "load", "save", "train"]
