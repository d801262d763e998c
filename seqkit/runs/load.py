"""`seqkit.load`: whatever seqkit can open, by what is found at the path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from .. import ngram
    from ..language.language_model import LanguageModel
    from ..translation.translator import Translator


@overload
def load(model: None = None, *, device: str = "auto", task: None = None) -> Translator: ...
@overload
def load(model: str | Path | None = None, *, device: str = "auto", task: Literal["translation"]) -> Translator: ...
@overload
def load(
    model: str | Path, *, device: str = "auto", task: Literal["language-modelling"]
) -> LanguageModel | ngram.Model: ...
@overload
def load(model: str | Path | None = None, *, device: str = "auto", task: str | None = None) -> Any: ...
def load(model: str | Path | None = None, *, device: str = "auto", task: str | None = None) -> Any:
    """Open a run folder, a step folder, an n-gram model, or a shipped model by name; without `model`, the translator.

    A translation model gives a `Translator`, a neural language model a `LanguageModel`, an ARPA file or seqkit's
    binary an `ngram.Model`, which needs no torch and takes "auto" for the CPU. With `task`, a run of another task is
    refused. Raises `CheckpointError` for what cannot be opened.
    """
    if model is not None and Path(model).is_file() and task in (None, "language-modelling"):
        from .. import ngram

        return ngram.load(model, device="cpu" if device == "auto" else device)
    from .start import open_run

    return open_run(model, device=device, task=task)
