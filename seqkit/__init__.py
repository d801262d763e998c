"""Train and run sequence models.

    import seqkit
    translator = seqkit.load()                       # the shipped model, or a run: "runs/mine"
    translator.translate(["How are you?"], beam=5)   # -> list[str]
    run = seqkit.train("recipe.toml", out="runs/mine", overrides={"train.steps": 500})
    seqkit.load("lm.arpa").perplexity(["a line"])    # an n-gram model by seqkit.ngram.train

Importing seqkit imports neither torch nor numpy; the names below are resolved when they are used.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from pathlib import Path

    from . import data as data
    from . import errors as errors
    from . import language as language
    from . import metrics as metrics
    from . import ngram as ngram
    from . import search as search
    from . import text as text
    from . import training as training
    from . import translation as translation
    from .errors import SeqkitError
    from .language.language_model import LanguageModel
    from .runs.start import Run, train
    from .text import Tokenizer, Vocab
    from .translation.glossary import Glossary
    from .translation.translator import Translation, Translator

    @overload
    def load(
        model: None = None,
        *,
        device: str = ...,
        task: None = None,
        engine: str = ...,
        compute: str = ...,
    ) -> Translator: ...
    @overload
    def load(
        model: str | Path | None = None,
        *,
        device: str = ...,
        task: Literal["translation"],
        engine: str = ...,
        compute: str = ...,
    ) -> Translator: ...
    @overload
    def load(
        model: str | Path, *, device: str = ..., task: Literal["language-modelling"]
    ) -> LanguageModel | ngram.Model: ...
    @overload
    def load(
        model: str | Path,
        *,
        device: str = ...,
        task: str | None = ...,
        engine: str = ...,
        compute: str = ...,
    ) -> Any: ...
    def load(model: Any = None, **options: Any) -> Any:
        """See `seqkit.runs.load.load`; these signatures say what it returns."""


__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent unless a program listens

_MODULE_OF = {
    "Glossary": ".translation.glossary",
    "LanguageModel": ".language.language_model",
    "Run": ".runs.start",
    "SeqkitError": ".errors",
    "Tokenizer": ".text",
    "Translation": ".translation.translator",
    "Translator": ".translation.translator",
    "Vocab": ".text",
    "load": ".runs.load",
    "train": ".runs.start",
}
_MODULES = (
    "data",
    "errors",
    "language",
    "metrics",
    "ngram",
    "search",
    "text",
    "training",
    "translation",
)
__all__ = [
    "Glossary",
    "LanguageModel",
    "Run",
    "SeqkitError",
    "Tokenizer",
    "Translation",
    "Translator",
    "Vocab",
    "__version__",
    "data",
    "errors",
    "language",
    "load",
    "metrics",
    "ngram",
    "search",
    "text",
    "train",
    "training",
    "translation",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _MODULE_OF:
        module = importlib.import_module(_MODULE_OF[name], __name__)
        found = getattr(module, name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'seqkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
