"""SentencePiece models of others: they cut text, a vocabulary of its own gives the ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from ..errors import DataError, reason
from .subword_sampling import SPACE
from .tokenizer_models import Unit

T = TypeVar("T")


class PieceTokenizer:
    """Text → pieces of any SentencePiece model, normalised as that model says.

    Other programs number pieces by a vocabulary beside the model, often one for two languages.
    Kudo & Richardson 2018, arXiv:1808.06226.
    """

    has_own_vocab: ClassVar[bool] = False
    unit: ClassVar[Unit] = "subword"
    NAME = "pieces"  # in tokenizer.json; it is never trained, and nobody can choose it
    FILE = "sentencepiece.model"

    def __init__(self, model: bytes) -> None:
        """`model` is the content of a model file; raises `DataError` if it is damaged."""
        self.content = model
        self._processor, self.pieces = processor_of(model)

    def __repr__(self) -> str:
        return f"<PieceTokenizer: {len(self.pieces):,} pieces>"

    def split(self, text: str) -> list[str]:
        pieces: list[str] = self._processor.encode(text, out_type=str)
        return pieces

    def join(self, tokens: Sequence[str]) -> str:
        text: str = self._processor.decode_pieces(list(tokens))
        # Pieces that only the vocabulary knows, such as those of the other language, stay marked.
        return text.replace(SPACE, " ").strip()

    def save(self, folder: Path) -> None:
        (folder / self.FILE).write_bytes(self.content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read `folder`/sentencepiece.model; raises `DataError` naming the file."""
        return cls.read(folder / cls.FILE)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a model file; raises `DataError` naming it."""
        return read_with(cls, path)


def processor_of(model: bytes) -> tuple[Any, tuple[str, ...]]:
    """The library's processor of a model file's content, and its pieces by id.

    Raises `DataError` if it is damaged.
    """
    from sentencepiece import SentencePieceProcessor

    try:
        # Nothing at all would give a processor that complains on stderr whenever it is used.
        processor = SentencePieceProcessor(model_proto=model or b"nothing")
        pieces = tuple(processor.id_to_piece(i) for i in range(processor.get_piece_size()))
    except (RuntimeError, UnicodeDecodeError):  # the latter in a piece, or in the complaint
        raise DataError("not a sentencepiece model, or a damaged one") from None
    return processor, pieces


def read_with(make: Callable[[bytes], T], path: Path) -> T:
    """What `make` makes of a model file; raises `DataError` naming it."""
    try:
        return make(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
