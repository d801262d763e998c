"""The vocabularies in a folder of CTranslate2: lists of tokens as JSON, or a token a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError, reason
from ...parsing import json_of
from .foreign import Vocabulary

_NAMES = ("shared_vocabulary", "source_vocabulary", "target_vocabulary")


def has_vocabulary(folder: Path) -> bool:
    """Whether a file is called as they are."""
    return any(_find(folder, name) for name in _NAMES)


def read_vocabularies(folder: Path, unknown: str) -> tuple[Vocabulary, Vocabulary]:
    """The source's and the target's; the same object if there is one for both.

    `unknown` is the token of unknown words. Raises `DataError` for what is damaged or missing.
    """
    shared_name, *names = _NAMES
    shared = _find(folder, shared_name)
    if shared is not None:
        both = _read_vocabulary(shared, unknown)
        return both, both

    paths = [path for name in names if (path := _find(folder, name))]
    if len(paths) < 2:
        raise DataError(
            f"{folder} lacks a vocabulary: shared_vocabulary.json, or source_vocabulary.json and "
            "target_vocabulary.json (or .txt)"
        )
    source, target = (_read_vocabulary(path, unknown) for path in paths)
    return source, target


def _find(folder: Path, name: str) -> Path | None:
    paths = [folder / f"{name}.json", folder / f"{name}.txt"]
    return next((path for path in paths if path.exists()), None)


def _read_vocabulary(path: Path, unknown: str) -> Vocabulary:
    try:
        text = path.read_text(encoding="utf-8")
        tokens: Any = json_of(text) if path.suffix == ".json" else _lines(text)
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except ValueError:
        raise DataError(f"{path} is damaged: not a list of tokens in UTF-8") from None

    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise DataError(f"{path} is damaged: not a list of tokens")
    return Vocabulary(path, _with_unknown(tokens, unknown))


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _with_unknown(tokens: Sequence[str], unknown: str) -> list[str]:
    """CTranslate2 gives the unknown token the last id where the list has none."""
    return [*tokens] if unknown in tokens else [*tokens, unknown]
