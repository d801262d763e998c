"""The names of KenLM's Python module, so that code written for it works:

from seqkit.ngram import kenlm

model = kenlm.Model("lm.arpa")
state, after = kenlm.State(), kenlm.State()
model.BeginSentenceWrite(state)
model.BaseScore(state, "word", after)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .files import load
from .kenlm_methods import FullScoreReturn
from .model import Model as NgramModel
from .states import State

__all__ = ["FullScoreReturn", "LanguageModel", "Model", "State"]


def Model(path: str | bytes | Path, config: Any = None) -> NgramModel:
    """Load a model, as kenlm's class is called; there is nothing that `config` would set."""
    return load(Path(path.decode()) if isinstance(path, bytes) else path)


LanguageModel = Model
