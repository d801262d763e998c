"""The formats of other programs' translators: how each is known, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import argos, ctranslate2, huggingface
from .foreign import Dtype, Foreign


@dataclass(frozen=True)
class Format:
    """A format, as `Plugin.importer` wants it."""

    name: str
    fits: Callable[[Path], bool]
    read: Callable[[Path], Foreign]

    def write_run(self, path: Path, folder: Path, *, dtype: Dtype) -> None:
        """Write the run folder `folder`; raises `DataError` for a model that is no good."""
        from .run_folder import write_run

        write_run(self.read(path), folder, source=str(path), dtype=dtype)


CTRANSLATE2 = Format("CTranslate2", ctranslate2.is_folder, ctranslate2.read)
ARGOS = Format("Argos", argos.is_package, argos.read)
HUGGINGFACE = Format("Hugging Face", huggingface.is_folder, huggingface.read)
