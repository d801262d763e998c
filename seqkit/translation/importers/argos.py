"""Argos packages: a zip with a CTranslate2 folder, its tokenizer and a description.

Text is cut by a SentencePiece model, or by the codes of subword-nmt. The sentence splitter in it is
a pickle, and stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from ...data.archives import names_in, unpack
from ...errors import DataError, reason
from ...parsing import json_of
from ...text.moses_bpe import MosesBpeTokenizer
from ...text.pieces import PieceTokenizer
from . import ctranslate2
from .ctranslate2_file import FILE
from .foreign import Foreign, card_in
from .target_pieces import target_pieces

METADATA = "metadata.json"
_TRANSLATES = "translate"  # the type of packages that are translators
_PIECES = "sentencepiece.model"
_CODES = "bpe.model"
_WANTED = (METADATA, _PIECES, _CODES, "README.md", "model/")


def is_package(path: Path) -> bool:
    """Whether `path` is a zip with a description of languages, or a folder of what was in one."""
    if path.is_dir():
        return (path / METADATA).is_file() and (path / "model" / FILE).is_file()
    return any(PurePosixPath(name).name == METADATA for name in names_in(path))


def read(path: Path) -> Foreign:
    """Read a package or what it unpacks to; raises `DataError` naming the file."""
    with _unpacked(path) as folder:
        metadata = _read_metadata(folder / METADATA)
        return _in_package(folder, metadata, ctranslate2.read(folder / "model"))


def read_stored(path: Path) -> tuple[Foreign, bytes] | None:
    """See `ctranslate2.read_stored`."""
    with _unpacked(path) as folder:
        metadata = _read_metadata(folder / METADATA)
        found = ctranslate2.read_stored(folder / "model")
        if found is None:
            return None
        foreign, model = found
        return _in_package(folder, metadata, foreign), model


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """A folder with what is in a package, for as long as the block takes."""
    if path.is_dir():
        yield path
        return
    with TemporaryDirectory() as folder:
        unpack(path, Path(folder), place=_inside)
        try:
            yield Path(folder)
        except DataError as error:
            raise DataError(str(error).replace(f"{folder}/", f"{path}: ")) from None


def _inside(name: str) -> str:
    """Where a member goes: below the folder that everything in a package is in, if it is needed."""
    inner = "/".join(PurePosixPath(name).parts[1:])
    return inner if inner.startswith(_WANTED) else ""


def _in_package(folder: Path, metadata: Mapping[str, Any], model: Foreign) -> Foreign:
    """The model with what the package says of it, and its tokenizer."""
    source, target = metadata["from_code"], metadata["to_code"]
    found = replace(
        model,
        format="Argos",
        languages=(source, target),
        card=card_in(folder),
    )

    if (folder / _CODES).exists() and not (folder / _PIECES).exists():
        return replace(
            found,
            source_pieces=MosesBpeTokenizer.read(folder / _CODES, source),
            target_pieces=MosesBpeTokenizer.read(folder / _CODES, target),
        )
    pieces = PieceTokenizer.read(folder / _PIECES)
    return replace(
        found,
        source_pieces=pieces,
        target_pieces=target_pieces(pieces, found.target.tokens),
    )


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        metadata: Any = json_of(path.read_text(encoding="utf-8"))
        kind = metadata.get("type", _TRANSLATES)
        if kind != _TRANSLATES:
            raise DataError(f"{path}: the package is of type {kind!r}, and no translator")
        codes = [metadata["from_code"], metadata["to_code"]]
        prefix = metadata.get("target_prefix")
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{path} is damaged: it lacks from_code or to_code") from None
    if not all(isinstance(code, str) for code in codes):
        raise DataError(f"{path} is damaged: a language is no text")
    if prefix:
        raise DataError(f"{path}: packages with a target_prefix ({prefix!r}) are not supported")
    return dict(metadata)
