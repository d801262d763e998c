"""The formats of other programs' translators: how each is known, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import argos, ctranslate2, huggingface, marian
from .foreign import Dtype, Foreign


@dataclass(frozen=True)
class Format:
    """A format, as `Plugin.importer` wants it."""

    name: str
    fits: Callable[[Path], bool]
    read: Callable[[Path], Foreign]

    check_kind: Callable[[Path], None] = lambda folder: None

    def write_run(
        self, path: Path, folder: Path, *, dtype: Dtype, source: str = "", to: str = ""
    ) -> None:
        """Write the run folder `folder`; raises `DataError` for a model that is no good."""
        from .run_folder import write_run

        write_run(self.read(path), folder, source=source or str(path), dtype=dtype, to=to)


CTRANSLATE2 = Format("CTranslate2", ctranslate2.is_folder, ctranslate2.read)
ARGOS = Format("Argos", argos.is_package, argos.read)
HUGGINGFACE = Format(
    "Hugging Face", huggingface.is_folder, huggingface.read, huggingface.check_kind
)
MARIAN = Format("Marian", marian.is_model, marian.read)
