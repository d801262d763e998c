"""`seqkit.load`: open whatever seqkit can open, by what is found at the path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..parsing import path_of
from ..plugins import components
from .imported import importer_of
from .zipped import is_zipped_run


def load(model: str | Path | None = None, *, device: str = "auto", task: str | None = None) -> Any:
    """Open a run folder or a zip of one, a step folder, an n-gram model, a shipped model by name.

    Translators of other programs are opened, too: a CTranslate2 folder, an Argos package, a Hugging
    Face folder of a Marian model, or one of the hub as "hf:OWNER/NAME". `seqkit import` makes run
    folders of them once for all. Without `model`, the shipped translator. A run folder gives its
    task's predictor: a `Translator`, a `LanguageModel`, or what a plugin makes of it. An ARPA file
    or seqkit's binary gives an `ngram.Model`, which needs no torch and takes "auto" for the CPU.
    With `task`, a model for another task is refused. Raises `CheckpointError` or `DataError` if it
    cannot be opened.
    """
    may_be_counted = task in (None, "language-modelling")
    if model is not None and may_be_counted and _is_counted(path_of(model, "model")):
        from .. import ngram

        place = "cpu" if device == "auto" else device
        return ngram.load(model, device=place, tokenizers=components().tokenizers.load)

    from .open import open_run  # imports torch, which n-gram models do without

    return open_run(model, device=device, task=task)


def _is_counted(path: Path) -> bool:
    """Whether a path can only be an n-gram model: files of other programs have their importers."""
    return path.is_file() and importer_of(path) is None and not is_zipped_run(path)
