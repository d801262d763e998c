"""Argos packages: a zip with a CTranslate2 folder, its SentencePiece model and a description.

The sentence splitter in it is a pickle, and stays where it is.
"""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from ...errors import DataError, reason
from ...parsing import json_of
from ...text.pieces import PieceTokenizer
from . import ctranslate2
from .ctranslate2_file import FILE
from .foreign import Foreign
from .target_pieces import target_pieces

METADATA = "metadata.json"
_PIECES = "sentencepiece.model"
_WANTED = (METADATA, _PIECES, "README.md", "model/")
_LARGEST = 4 << 30  # bytes of a package, unpacked
_RATIO = 200  # a file is unpacked to at most so many times its size


def is_package(path: Path) -> bool:
    """Whether `path` is a zip with a description of languages, or a folder of what was in one."""
    if path.is_dir():
        return (path / METADATA).is_file() and (path / "model" / FILE).is_file()
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as package:
        return any(PurePosixPath(name).name == METADATA for name in package.namelist())


def read(path: Path) -> Foreign:
    """Read a package or what it unpacks to; raises `DataError` naming the file."""
    if path.is_dir():
        return _read_folder(path)
    with TemporaryDirectory() as folder:
        _unpack(path, Path(folder))
        return _read_folder(Path(folder))


def _read_folder(folder: Path) -> Foreign:
    metadata = _read_metadata(folder / METADATA)
    if (folder / "bpe.model").exists() and not (folder / _PIECES).exists():
        raise DataError(
            f"{folder / 'bpe.model'}: packages with subword-nmt codes are not supported"
        )

    found = ctranslate2.read(folder / "model")
    pieces = PieceTokenizer.read(folder / _PIECES)
    readme = folder / "README.md"
    card = readme.read_text(encoding="utf-8", errors="replace") if readme.exists() else ""
    return replace(
        found,
        format="Argos",
        source_pieces=pieces,
        target_pieces=target_pieces(pieces, found.target.tokens),
        languages=(metadata["from_code"], metadata["to_code"]),
        card=card,
    )


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        metadata: Any = json_of(path.read_text(encoding="utf-8"))
        codes = [metadata["from_code"], metadata["to_code"]]
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{path} is damaged: it lacks from_code or to_code") from None
    if not all(isinstance(code, str) for code in codes):
        raise DataError(f"{path} is damaged: a language is no text")
    return dict(metadata)


def _unpack(path: Path, folder: Path) -> None:
    """Write what is wanted of a package into `folder`."""
    try:
        with zipfile.ZipFile(path) as package:
            total = 0
            for member in package.infolist():
                name = _inside(member.filename)
                if member.is_dir() or not name.startswith(_WANTED):
                    continue
                total += member.file_size
                is_bomb = member.file_size > _RATIO * max(member.compress_size, 1 << 10)
                if is_bomb or total > _LARGEST:
                    raise DataError(f"{path}: {member.filename} unpacks to too much, left as it is")
                _extract(package, member, folder / name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise DataError(f"{path} is damaged: not a whole zip file") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None


def _inside(name: str) -> str:
    """The name of a member below the folder that everything in a package is in; '' for others."""
    parts = PurePosixPath(name).parts
    is_plain = name and not name.startswith("/") and ".." not in parts and "\\" not in name
    return "/".join(parts[1:]) if is_plain else ""


def _extract(package: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with package.open(member) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
