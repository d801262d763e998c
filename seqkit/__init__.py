"""Train and run sequence models.

    import seqkit
    translator = seqkit.load()                       # the shipped model; or seqkit.load("runs/mine")
    translator.translate(["How are you?"], beam=5)   # -> list[str]
    run = seqkit.train("recipe.toml", out="runs/mine", overrides={"train.steps": 500})
    seqkit.load("lm.arpa").perplexity(["a line"])    # an n-gram model: seqkit.ngram.train(lines, order=5)

Importing seqkit imports neither torch nor numpy; the names below are resolved when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import data as data
    from . import errors as errors
    from . import metrics as metrics
    from . import ngram as ngram
    from . import search as search
    from . import text as text
    from .errors import SeqkitError
    from .loading import load
    from .runs import Run, train
    from .tasks.language_model import LanguageModel
    from .tasks.translator import Translation, Translator
    from .text import Tokenizer, Vocab

__version__ = "0.1.0"
_HOMES = {
    "LanguageModel": ".tasks.language_model",
    "Run": ".runs",
    "SeqkitError": ".errors",
    "Tokenizer": ".text",
    "Translation": ".tasks.translator",
    "Translator": ".tasks.translator",
    "Vocab": ".text",
    "load": ".loading",
    "train": ".runs",
}
_MODULES = ("data", "errors", "metrics", "ngram", "search", "text")
__all__ = [
    "LanguageModel", "Run", "SeqkitError", "Tokenizer", "Translation", "Translator", "Vocab", "__version__", "data",
    "errors", "load", "metrics", "ngram", "search", "text", "train",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOMES:
        globals()[name] = found = getattr(importlib.import_module(_HOMES[name], __name__), name)
        return found
    raise AttributeError(f"module 'seqkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
