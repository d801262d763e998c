"""n-gram language models: counted, not trained by gradient.

    model = seqkit.ngram.train(["a line of text", "another"], order=3)
    model.score("a line"), model.perplexity(["a line of text"])
    seqkit.ngram.save(model, "lm.arpa")
    seqkit.ngram.load("lm.arpa")

text.py splits lines into words and ids, counts.py counts n-grams, smoothing.py (interpolation.py,
backoff.py) makes probabilities of the counts, tables.py scores text with them, stepping.py goes
from state to state for decoders, model.py is what users hold, arpa.py and binary.py are its files,
identity.py and recognition.py tell models apart, kenlm.py has the names of KenLM's Python module.
Needs no torch, except to look n-grams up on a GPU.
"""

from .counts import Counts
from .files import load, save
from .model import Model
from .smoothing import SMOOTHINGS
from .states import State, States
from .training import count, train

__all__ = ["SMOOTHINGS", "Counts", "Model", "State", "States", "count", "load", "save", "train"]
