"""`seqkit.load`: whatever seqkit can open, by what is found at the path."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load(model: str | Path | None = None, *, device: str = "auto", task: str | None = None) -> Any:
    """Open a run folder, a step folder, an n-gram model, or a shipped model by name; without `model`, the translator.

    A translation model gives a `Translator`, a neural language model a `LanguageModel`, an ARPA file or seqkit's
    binary an `ngram.Model`, which needs no torch. With `task`, a run of another task is refused.
    """
    if model is not None and Path(model).is_file() and task in (None, "language-modelling"):
        from . import ngram

        return ngram.load(model, device="cpu" if device == "auto" else device)
    from . import runs

    return runs.load(model, device=device, task=task)
