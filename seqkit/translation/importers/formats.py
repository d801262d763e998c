"""The formats of other programs' translators: how each is known, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from . import argos, ctranslate2, huggingface, marian
from .foreign import Dtype, Foreign

if TYPE_CHECKING:
    from ..translator import Translator


@dataclass(frozen=True)
class Format:
    """A format, as `Plugin.importer` wants it."""

    name: str
    fits: Callable[[Path], bool]
    read: Callable[[Path], Foreign]
    task: ClassVar[str] = "translation"

    check_kind: Callable[[Path], None] = lambda folder: None

    # A model whose file CTranslate2 reads itself, and that file.
    read_stored: Callable[[Path], tuple[Foreign, bytes] | None] = lambda path: None

    def write_run(
        self, path: Path, folder: Path, *, dtype: Dtype, source: str = "", to: str = ""
    ) -> None:
        """Write the run folder `folder`; raises `DataError` for a model that is no good."""
        from .run_folder import write_run

        write_run(self.read(path), folder, source=source or str(path), dtype=dtype, to=to)

    def open_light(
        self, path: Path, *, device: str, engine: str, compute: str
    ) -> Translator | None:
        """The translator at `path` without a run folder; None if it is to be opened with torch."""
        from ..engines.foreign import open_foreign

        return open_foreign(
            path, self.read, self.read_stored, device=device, engine=engine, compute=compute
        )


CTRANSLATE2 = Format(
    "CTranslate2",
    ctranslate2.is_folder,
    ctranslate2.read,
    read_stored=ctranslate2.read_stored,
)
ARGOS = Format("Argos", argos.is_package, argos.read, read_stored=argos.read_stored)
HUGGINGFACE = Format(
    "Hugging Face", huggingface.is_folder, huggingface.read, check_kind=huggingface.check_kind
)
MARIAN = Format("Marian", marian.is_model, marian.read)
