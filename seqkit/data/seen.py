"""Which texts of a test were trained on: hashes of the training texts, kept beside the weights.

Five bytes of a hash for each distinct text: 5 MB for a million. A text that was not trained on is
taken for one that was with probability texts / 2^40: one in a million for a million of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ..errors import DataError
from .files import open_up, reading

FILE = "seen.safetensors"
_WIDTH = 5  # bytes of a hash
_TEXTS = 10_000  # that are hashed together
_BETWEEN = "\0"  # the parts of an item

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Seen:
    """How many items of a test are items of the training, byte for byte."""

    kind: str  # what the items are, such as "lines"
    found: int
    total: int  # blank ones left out

    def __str__(self) -> str:
        share = self.found / self.total if self.total else 0.0
        return (
            f"{self.found:,} of {self.total:,} {self.kind} ({share:.2%}) are in the training text, "
            "byte for byte"
        )


class SeenTexts:
    """The texts that a model was trained on, of one kind or several, as hashes."""

    def __init__(self, hashes: Mapping[str, Hashes]) -> None:
        """`hashes` are ascending, by kind."""
        self._hashes = dict(hashes)

    @classmethod
    def of(cls, **texts: Iterable[str]) -> SeenTexts:
        """The hashes of texts by their kind; a second or so for a million."""
        return cls({kind: np.unique(_hashes(each)) for kind, each in texts.items()})

    def __repr__(self) -> str:
        sizes = [f"{len(hashes):,} {kind}" for kind, hashes in self._hashes.items()]
        return f"<SeenTexts: {', '.join(sizes)}>"

    def count(self, **texts: Iterable[str]) -> list[Seen]:
        """How many of these texts were trained on; of the kinds that are known."""
        found: list[Seen] = []
        for kind, each in texts.items():
            if kind not in self._hashes:
                continue
            hashes = _hashes(each)
            hits = _are_among(hashes, self._hashes[kind])
            found.append(Seen(kind, hits, len(hashes)))
        return found

    def save(self, folder: Path) -> None:
        """Write the file into an existing `folder`."""
        columns: dict[str, NDArray[np.uint8]] = {}
        for kind, hashes in self._hashes.items():
            rows = hashes.astype("<u8").view(np.uint8).reshape(-1, 8)
            columns[kind] = np.ascontiguousarray(rows[:, :_WIDTH])
        path = folder / FILE
        save_file(columns, path)
        open_up(path)

    @classmethod
    def load(cls, folder: Path) -> SeenTexts | None:
        """Read what `save` wrote; None where there is no such file. Raises `DataError`."""
        path = folder / FILE
        if not path.exists():
            return None

        try:
            with reading(path):
                columns = load_file(path)
        except (SafetensorError, ValueError, KeyError) as error:
            raise _damaged(path, str(error)) from None

        for rows in columns.values():
            if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != _WIDTH:
                raise _damaged(path, "a table has the wrong type or size")
        return cls({kind: _numbers(rows) for kind, rows in columns.items()})


def joined(*parts: str) -> str:
    """An item of several parts, such as a sentence pair, as one text."""
    return _BETWEEN.join(parts)


def _hashes(texts: Iterable[str]) -> Hashes:
    """The hash of each text that is not blank."""
    rest = iter(texts)
    parts = [np.zeros(0, np.uint64)]
    while block := list(islice(rest, _TEXTS)):
        parts.append(_hashes_of_block(block))
    return np.concatenate(parts)


def _hashes_of_block(texts: list[str]) -> Hashes:
    digests = [
        blake2b(text.encode("utf-8", "replace"), digest_size=_WIDTH).digest()
        for text in texts
        if not text.isspace() and text
    ]
    rows = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, _WIDTH)
    return _numbers(rows)


def _are_among(hashes: Hashes, known: Hashes) -> int:
    """How many of the hashes are among the known ones, which are ascending."""
    if not len(known):
        return 0
    places = np.searchsorted(known, hashes)
    at_most_last = np.minimum(places, len(known) - 1)
    return int((known[at_most_last] == hashes).sum())


def _numbers(rows: NDArray[np.uint8]) -> Hashes:
    """(N, 5) bytes -> (N,) numbers"""
    wide = np.zeros((len(rows), 8), np.uint8)
    wide[:, :_WIDTH] = rows
    numbers: Hashes = wide.view("<u8")[:, 0].astype(np.uint64)
    return numbers


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} is damaged ({why}): delete it, and tests are no longer compared with the training"
    )
