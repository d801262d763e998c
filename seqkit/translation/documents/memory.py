"""A translation memory: what a model translated once, kept in SQLite, found again exactly.

Written while a document is being translated, so that a killed run goes on where it was.
"""

from __future__ import annotations

import copy
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import DataError
from ...parsing import json_of, to_json
from .segment import Translated

# A table `translations`, which an older version has made, is neither read nor deleted.
_TABLE = """
CREATE TABLE IF NOT EXISTS segments (
    key BLOB NOT NULL, source TEXT NOT NULL, translation TEXT NOT NULL, alignment TEXT,
    unplaced TEXT, PRIMARY KEY (key, source)
) WITHOUT ROWID
"""
_BUSY = 30  # seconds to wait for another process that writes
_MOST_VARIABLES = 500  # in one question


class Memory:
    """The translations by one model, which `model` names: whatever tells it from others."""

    def __init__(self, path: Path, model: str) -> None:
        """Raises `DataError` if the file is not a memory, or cannot be written."""
        self.path = path
        self._name = model
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=_BUSY)
            with self._checked():
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise self._failed(error) from None

    def __repr__(self) -> str:
        return f"<Memory: {self.path}>"

    def under(self, settings: str) -> Memory:
        """The same memory for what the model translates with settings that a text names."""
        other = copy.copy(self)
        other._name = f"{self._name}\n{settings}"
        return other

    def find(self, sources: Iterable[str], *, aligned: bool) -> dict[str, Translated]:
        """The translations that are there; with `aligned`, those with an alignment."""
        wanted = list(sources)
        key = self._key
        found: dict[str, Translated] = {}
        with self._checked():
            for start in range(0, len(wanted), _MOST_VARIABLES):
                part = wanted[start : start + _MOST_VARIABLES]
                marks = ",".join("?" * len(part))
                rows = self._database.execute(
                    f"SELECT source, translation, alignment, unplaced FROM segments "
                    f"WHERE key = ? AND source IN ({marks})",
                    [key, *part],
                )
                for source, *kept in rows:
                    translated = _translated(*kept)
                    if translated.alignment is not None or not aligned:
                        found[source] = translated
        return found

    def keep(self, pairs: Iterable[tuple[str, Translated]]) -> None:
        """Add translations, on the disk when this returns."""
        key = self._key
        rows: list[tuple[bytes, str, str, str | None, str | None]] = []
        for source, translated in pairs:
            alignment = translated.alignment
            kept = None if alignment is None else to_json([list(pair) for pair in alignment])
            unplaced = to_json(list(translated.unplaced)) if translated.unplaced else None
            rows.append((key, source, translated.text, kept, unplaced))
        with self._checked(), self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?)", rows
            )

    def close(self) -> None:
        self._database.close()

    @property
    def _key(self) -> bytes:
        """Short, since it stands in every row."""
        return hashlib.blake2b(self._name.encode(), digest_size=16).digest()

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> DataError:
        return DataError(
            f"cannot use the translation memory {self.path} ({error}): delete it, or leave it out "
            "by --document memory=off"
        )


def _translated(translation: str, alignment: str | None, unplaced: str | None) -> Translated:
    terms = tuple(json_of(unplaced)) if unplaced else ()
    if alignment is None:
        return Translated(translation, None, terms)
    pairs = [(int(source), int(target)) for source, target in json_of(alignment)]
    return Translated(translation, pairs, terms)
