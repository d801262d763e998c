"""n-gram language models: counted, not trained by gradient.

    model = seqkit.ngram.train(["a line of text", "another"], order=3)
    model.score("a line"), model.perplexity(["a line of text"])
    seqkit.ngram.save(model, "lm.arpa")
    seqkit.ngram.load("lm.arpa")

text.py       lines as words and ids
counts.py     n-grams counted by sorting (sorting.py), beyond memory on disk (storage.py);
              count_files.py: SRILM's files of them; statistics.py: Zipf's law
training.py   text → counts → a smoothed model
smoothing.py  the smoothings: interpolation.py, backoff.py, and what both share, estimates.py
tables.py     the numbers of a model, and the scores of a text; walking.py finds its n-grams
stepping.py   from state to state for decoders; states.py: what a state holds; following.py: all
              words at once; scorer.py: what a search asks; device.py: by a GPU
model.py      what users hold; generation.py draws words; kenlm.py, kenlm_methods.py: KenLM's names
pruning.py    fewer n-grams; filtering.py: of fewer words; closing.py: what pruning and mixing need
mixing.py     one model of several; dynamic.py mixes counted ones as they run (mixed_steps.py),
              mixed_model.py networks, too (mixed_scorer.py); mixture_files.py: the file of it
files.py      models on disk: arpa.py (arpa_parser.py, arpa_tables.py), binary.py (packing.py,
              consistency.py); identity.py and recognition.py tell models and files apart

Needs no torch, except to look n-grams up on a GPU. The names below are resolved when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .counts import Counts
    from .files import load, save
    from .model import Model
    from .smoothing import SMOOTHINGS
    from .states import State, States
    from .training import count, train

__all__ = ["SMOOTHINGS", "Counts", "Model", "State", "States", "count", "load", "save", "train"]

_MODULE_OF = {
    "SMOOTHINGS": ".smoothing",
    "Counts": ".counts",
    "Model": ".model",
    "State": ".states",
    "States": ".states",
    "count": ".training",
    "load": ".files",
    "save": ".files",
    "train": ".training",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_MODULE_OF[name], __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
