"""ARPA files, as KenLM and SRILM write them. Plain, or gzip if named *.gz."""

from __future__ import annotations

import gzip
import operator
import re
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from ..data.files import open_bytes, reading
from ..errors import DataError
from .counts import Longs, find
from .model import Grams, Model
from .smoothing import Floats
from .text import BOS, SPECIALS, UNK, Ids

_COUNT = re.compile(rb"ngram\s+(\d+)\s*=\s*(\d+)\s*")
_UNSEEN_UNKNOWN = -100.0  # log10 of <unk> where a file has none, as KenLM's build_binary takes it
_ZERO = b"-99"  # log10 of 0, as SRILM writes it
_LINES = 1 << 16  # written at a time


def write(model: Model, path: Path) -> None:
    """Write `model`, whose kind is "backoff"; raises OSError."""
    with path.open("wb") as raw:
        if path.suffix != ".gz":
            _write(model, raw)
            return
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, filename="", mtime=0) as packed:
            _write(model, cast(BinaryIO, packed))


def _write(model: Model, file: BinaryIO) -> None:
    real = [~np.isnan(level.scores) for level in model.grams]
    file.write(b"\\data\\\n")
    file.writelines(b"ngram %d=%d\n" % (k, int(mask.sum())) for k, mask in enumerate(real, 1))
    names = model.vocabulary.words
    texts: Sequence[bytes] = names
    for k, (level, mask) in enumerate(zip(model.grams, real, strict=True), 1):
        if k > 1:
            suffixes, first = np.divmod(level.keys, len(names))
            texts = [
                names[a] + b" " + texts[b]
                for a, b in zip(first.tolist(), suffixes.tolist(), strict=True)
            ]
        file.write(b"\n\\%d-grams:\n" % k)
        columns = [_decimals(np.minimum(level.scores, 0)), texts]
        if k < model.order:
            columns.append(_decimals(level.backoffs))
        lines = map(b"\t".join, zip(*columns, strict=True))
        kept = (
            list(lines)
            if mask.all()
            else [line for line, keep in zip(lines, mask, strict=True) if keep]
        )
        for start in range(0, len(kept), _LINES):
            file.write(b"\n".join([*kept[start : start + _LINES], b""]))
    file.write(b"\n\\end\\\n")


def _decimals(values: Floats) -> list[bytes]:
    """The shortest decimals that give each float32 back. Many values repeat: each is written out once."""
    distinct, index = np.unique(values, return_inverse=True)
    shown = [_shortest(text) for text in distinct.astype("S24").tolist()]
    return [shown[i] for i in index.tolist()]


def _shortest(text: bytes) -> bytes:
    if text in (b"-inf", b"nan"):
        return _ZERO
    return b"0" if text == b"-0.0" else text.removesuffix(b".0")


def read(path: Path) -> Model:
    """Read a file by any tool; raises `DataError` naming file and line for a damaged one."""
    with reading(path), open_bytes(path) as file:
        lines = file.read().split(b"\n")
    parser = _Parser(path, lines)
    return parser.model()


class _Parser:
    def __init__(self, path: Path, lines: list[bytes]) -> None:
        self.path, self.lines = path, lines
        self.at = 0  # index of the line to read next
        self.starts: list[int] = []  # index of the first line of each section

    def fail(self, index: int, problem: str) -> DataError:
        return DataError(f"{self.path}:{index + 1}: {problem}")

    def model(self) -> Model:
        sizes = self._header()
        words: list[bytes] = []
        ids: dict[bytes, int] = {}
        rows: list[list[Ids]] = []  # of each k: its words, the last first
        values: list[tuple[Floats, Floats]] = []
        for k, size in enumerate(sizes, 1):
            start, (scores, *names, backoffs) = self._section(k, size)
            self.starts.append(start)
            values.append(self._numbers(k, start, scores, backoffs, top=k == len(sizes)))
            if k == 1:
                words, values[0] = self._vocabulary(start, names[0], values[0])
                ids = {word: i for i, word in enumerate(words)}
                ids.setdefault(b"<UNK>", UNK)
                continue
            columns = []
            for column in reversed(names):
                columns.append(np.fromiter(map(ids.get, column, repeat(-1)), np.int32, count=size))
                unknown = np.flatnonzero(columns[-1] < 0)
                if len(unknown):
                    i = int(unknown[0])
                    raise self.fail(start + i, f"{_shown(column[i])} is not among the 1-grams")
            rows.append(columns)
        self._end()
        return self._assemble(words, rows, values)

    def _header(self) -> list[int]:
        while self.at < len(self.lines) and self.lines[self.at].strip() != b"\\data\\":
            if self.lines[self.at].strip():
                raise self.fail(self.at, "an ARPA file begins with \\data\\")
            self.at += 1
        if self.at == len(self.lines):
            raise self.fail(0, "no ARPA file: there is no \\data\\")
        self.at += 1
        sizes: list[int] = []
        while self.at < len(self.lines) and (found := _COUNT.fullmatch(self.lines[self.at])):
            k, size = int(found[1]), int(found[2])
            if k != len(sizes) + 1:
                raise self.fail(self.at, f"ngram {k} where ngram {len(sizes) + 1} should be")
            sizes.append(size)
            self.at += 1
        if not sizes:
            raise self.fail(self.at, "no line such as ngram 1=1000 follows \\data\\")
        return sizes

    def _section(self, k: int, size: int) -> tuple[int, list[list[bytes]]]:
        """The index of the first line of a section, and its columns: log probability, words, backoff ("0" if none)."""
        self._skip_blank()
        title = b"\\%d-grams:" % k
        if self.at >= len(self.lines) or self.lines[self.at].strip() != title:
            found = (
                _shown(self.lines[self.at]) if self.at < len(self.lines) else "the end of the file"
            )
            raise self.fail(
                min(self.at, len(self.lines) - 1), f"{title.decode()} should be here, not {found}"
            )
        start = self.at + 1
        lines = self.lines[start : start + size]
        whole = _columns(lines, k) if len(lines) == size else None
        columns = whole or self._irregular(k, size, start, lines)
        self.at = start + size
        if (
            self.at < len(self.lines)
            and self.lines[self.at].strip()
            and not self.lines[self.at].startswith(b"\\")
        ):
            raise self.fail(self.at, f"the header says {size:,} {k}-grams, but there are more")
        return start, columns

    def _irregular(self, k: int, size: int, start: int, lines: list[bytes]) -> list[list[bytes]]:
        """The columns of lines that differ in their number of fields; raises `DataError` for what is no line."""
        fields = [line.split() for line in lines]
        widths = set(map(len, fields))
        if not widths <= {k + 1, k + 2}:
            i = next(i for i, row in enumerate(fields) if len(row) not in (k + 1, k + 2))
            if not fields[i] or fields[i][0].startswith(b"\\"):
                raise self.fail(
                    start + i, f"the header says {size:,} {k}-grams, but there are {i:,}"
                )
            raise self.fail(
                start + i, f"no {k}-gram with its log probability: {_shown(self.lines[start + i])}"
            )
        if len(fields) < size:
            raise self.fail(
                len(self.lines) - 1, f"the file ends after {len(fields):,} of {size:,} {k}-grams"
            )
        return [[row[j] if j < len(row) else b"0" for row in fields] for j in range(k + 2)]

    def _end(self) -> None:
        self._skip_blank()
        if self.at >= len(self.lines) or self.lines[self.at].strip() != b"\\end\\":
            raise self.fail(
                min(self.at, len(self.lines) - 1), "the file does not end in \\end\\: it is cut off"
            )

    def _skip_blank(self) -> None:
        while self.at < len(self.lines) and not self.lines[self.at].strip():
            self.at += 1

    def _numbers(
        self, k: int, start: int, first: list[bytes], last: list[bytes], *, top: bool
    ) -> tuple[Floats, Floats]:
        scores, backoffs = self._floats(start, first), self._floats(start, last)
        if (scores > 0).any():
            i = int(np.argmax(scores > 0))
            raise self.fail(start + i, f"the log probability {_shown(first[i])} is above 0")
        if top and backoffs.any():
            raise self.fail(
                start + int(np.argmax(backoffs != 0)),
                f"a {k}-gram, the longest, has a backoff weight",
            )
        return scores, backoffs

    def _floats(self, start: int, texts: list[bytes]) -> Floats:
        try:
            found = np.array(list(map(float, texts)), np.float32)
        except ValueError:
            i = next(i for i, text in enumerate(texts) if not _is_number(text))
            raise self.fail(start + i, f"{_shown(texts[i])} is not a number") from None
        if np.isnan(found).any():
            raise self.fail(start + int(np.argmax(np.isnan(found))), "NaN is not a log probability")
        return found

    def _vocabulary(
        self, start: int, names: list[bytes], values: tuple[Floats, Floats]
    ) -> tuple[list[bytes], tuple[Floats, Floats]]:
        """Words by id, `<unk>` `<s>` `</s>` first, with their numbers in that order."""
        line_of: dict[bytes, int] = {}
        for i, name in enumerate(names):
            if line_of.setdefault(name, i) != i:
                raise self.fail(start + i, f"the 1-gram {_shown(name)} is here for the second time")
        try:
            b"\n".join(names).decode("utf-8")
        except UnicodeDecodeError:
            i = next(
                i
                for i, name in enumerate(names)
                if b"\xef\xbf\xbd" in name.decode("utf-8", "replace").encode()
            )
            raise self.fail(start + i, "a word that is not UTF-8") from None
        if SPECIALS[UNK] not in line_of and b"<UNK>" in line_of:
            line_of[SPECIALS[UNK]] = line_of.pop(b"<UNK>")
        for special in SPECIALS[BOS:]:
            if special not in line_of:
                raise self.fail(start, f"the 1-grams lack {special.decode()}")
        order = [line_of.pop(special, -1) for special in SPECIALS] + list(line_of.values())
        words = [*SPECIALS, *line_of]
        scores, backoffs = (column[order] for column in values)
        if order[UNK] < 0:
            scores[UNK], backoffs[UNK] = _UNSEEN_UNKNOWN, 0
        return words, (scores, backoffs)

    def _assemble(
        self, words: list[bytes], rows: list[list[Ids]], values: list[tuple[Floats, Floats]]
    ) -> Model:
        keeps = any(bool((column == UNK).any()) for columns in rows for column in columns)
        about = {"smoothing": "arpa", "unk": "keep" if keeps else "unk"}
        for with_holes in (False, True):
            columns = _closed(rows) if with_holes else rows
            tables = _tables(len(words), columns)
            if all((keys >= 0).all() for keys in tables):
                break
        grams = [Grams(np.arange(len(words)), *values[0])]
        for k, (keys, (scores, backoffs)) in enumerate(zip(tables, values[1:], strict=True), 2):
            extra = len(keys) - len(scores)
            order = np.argsort(keys, kind="stable")
            ascending = keys[order]
            same = np.flatnonzero(ascending[1:] == ascending[:-1])
            if len(same):
                at = int(order[same[0] + 1])
                gram = " ".join(_shown(words[column[at]]) for column in reversed(columns[k - 2]))
                raise self.fail(
                    self.starts[k - 1] + at, f"the {k}-gram {gram} is here for the second time"
                )
            filled = np.concatenate([scores, np.full(extra, np.nan, np.float32)])
            weights = np.concatenate([backoffs, np.zeros(extra, np.float32)])
            grams.append(Grams(ascending, filled[order], weights[order]))
        if any(
            len(keys) > len(scores) for keys, (scores, _) in zip(tables, values[1:], strict=True)
        ):
            about["holes"] = "yes"
        return Model(words, grams, about=about)


def _columns(lines: list[bytes], k: int) -> list[list[bytes]] | None:
    """The columns of lines that all have k + 1 or all k + 2 fields, one space or tab apart; None for others."""
    flat = b"\n".join(lines).split()
    for width in (k + 1, k + 2):
        if len(flat) != width * len(lines):
            continue
        gaps = map(
            operator.add,
            map(bytes.count, lines, repeat(b"\t")),
            map(bytes.count, lines, repeat(b" ")),
        )
        if set(gaps) <= {
            width - 1
        }:  # so no line has more fields than that, and none can have fewer
            columns = [flat[j::width] for j in range(width)]
            return columns if width == k + 2 else [*columns, [b"0"] * len(lines)]
    return None


def _tables(size: int, rows: list[list[Ids]]) -> list[Longs]:
    """Keys of the k-grams for k = 2, 3, …, in the order of the file; -1 where the k-gram without its first word is
    missing.
    """
    tables: list[Longs] = []
    ascending: list[Longs] = []
    for columns in rows:
        index = columns[0].astype(np.int64)
        for keys, column in zip(ascending, columns[1:-1], strict=False):
            index = np.where(index >= 0, find(keys, index * size + column), -1)
        keys = np.where(index >= 0, index * size + columns[-1], -1)
        tables.append(keys)
        ascending.append(np.sort(keys))
    return tables


def _closed(rows: list[list[Ids]]) -> list[list[Ids]]:
    """`rows` and, at the end of each, what is missing of the k-grams that longer ones end in."""
    full = [np.stack(columns, axis=1) for columns in rows]
    for k in range(len(full) - 1, 0, -1):
        known = {row.tobytes() for row in full[k - 1]}
        wanted = np.unique(full[k][:, :-1], axis=0)
        missing = [row for row in wanted if row.tobytes() not in known]
        if missing:
            full[k - 1] = np.concatenate([full[k - 1], np.stack(missing)])
    return [list(np.ascontiguousarray(table.T)) for table in full]


def _shown(text: bytes) -> str:
    return repr(text.decode("utf-8", "replace"))


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
