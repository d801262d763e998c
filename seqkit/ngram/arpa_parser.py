"""From the lines of an ARPA file to words, ids and numbers, with errors that name the line.

Letters: n_k k-grams of one k.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np

from ..errors import DataError
from .tables import Floats
from .text import BOS, SPECIALS, UNK, Ids

NO_DATA = (
    "an ARPA file begins with \\data\\; if this is text, `seqkit lm ngram -o OUT TEXT` makes a "
    "model of it"
)
_COUNT = re.compile(rb"ngram\s+(\d+)\s*=\s*(\d+)\s*")
_MOST_DIGITS = 18  # of a number in the header
_UNSEEN_UNKNOWN = -100.0  # log10 of <unk> where a file has none, as KenLM's build_binary takes it
_OTHER_UNKNOWN = b"<UNK>"  # as some tools write it


@dataclass(frozen=True)
class Section:
    """The k-grams of one k, in the order of the file."""

    places: Sequence[int]  # (n_k,): the index of the line of each
    columns: list[Ids]  # k of (n_k,): the ids of words, the last word first; empty for k = 1
    scores: Floats  # (n_k,)
    backoffs: Floats  # (n_k,)


@dataclass(frozen=True)
class _Fields:
    """The text of a section, column by column."""

    places: Sequence[int]  # (n_k,): the index of the line of each row
    scores: list[bytes]
    words: list[list[bytes]]  # k columns, the first word first
    backoffs: list[bytes]  # "0" where a line has none


def error_at(path: Path, index: int, problem: str) -> DataError:
    """The error for the line of that index."""
    return DataError(f"{path}:{index + 1}: {problem}")


def quoted(text: bytes) -> str:
    """Text of a file, as errors show it."""
    return repr(text.decode("utf-8", "replace"))


class Parser:
    """Reads the lines of a file once, from the first to the last."""

    def __init__(self, path: Path, lines: list[bytes], *, underscores: bool = True) -> None:
        """`underscores` says whether there may be one in a line."""
        self.path = path
        self.lines = lines
        self.at = 0  # index of the line to read next
        self._number = _number if underscores else float

    def parse(self) -> tuple[list[bytes], list[Section]]:
        """Words by id, `<unk>` `<s>` `</s>` first, and the n-grams of each order.

        Unigrams come in the order of the ids. Raises `DataError` naming the line.
        """
        sizes = self._header()
        order = len(sizes)
        words, unigrams = self._unigrams(sizes[0], top=order == 1)
        ids = {word: i for i, word in enumerate(words)}
        ids.setdefault(_OTHER_UNKNOWN, UNK)

        sections = [unigrams]
        for k in range(2, order + 1):
            section = self._ngrams(k, sizes[k - 1], ids, top=k == order)
            sections.append(section)
        self._end()
        return words, sections

    def fail(self, index: int, problem: str) -> DataError:
        return error_at(self.path, index, problem)

    def _stripped(self) -> bytes | None:
        """The line to read next without white space around it; None at the end of the file."""
        if self.at >= len(self.lines):
            return None
        return self.lines[self.at].strip()

    def _is_at(self, mark: bytes) -> bool:
        """Whether the line to read next is that mark, in small letters or capitals."""
        line = self._stripped()
        return line is not None and line.lower() == mark

    def _skip_blank(self) -> None:
        while self._stripped() == b"":
            self.at += 1

    def _fail_here(self, problem: str) -> DataError:
        last = len(self.lines) - 1
        return self.fail(min(self.at, last), problem)

    def _header(self) -> list[int]:
        """How many n-grams of each order there are.

        Text may come before \\data\\: SRILM, CMU's toolkit and lmtool write some.
        """
        self._find_data()
        first = self.at
        sizes: list[int] = []
        while True:
            self._skip_blank()
            line = self._stripped() or b""
            if found := _COUNT.fullmatch(line):
                sizes.append(self._size(found, len(sizes) + 1))
            elif not line.startswith(b"#"):
                break
            self.at += 1

        if not sizes:
            raise self.fail(first, "no line such as ngram 1=1000 follows \\data\\")
        return sizes

    def _find_data(self) -> None:
        """Go to the line after \\data\\."""
        self._skip_blank()
        first = self.at
        if self._stripped() is None:
            raise self.fail(0, "not an ARPA file: there is no \\data\\")

        while not self._is_at(b"\\data\\"):
            if self._stripped() is None:
                raise self.fail(first, NO_DATA)
            self.at += 1
        self.at += 1

    def _size(self, found: re.Match[bytes], expected: int) -> int:
        """The size in a line of the header, which should be that of the `expected` order."""
        if max(map(len, found.groups())) > _MOST_DIGITS:
            raise self.fail(self.at, f"a number of more than {_MOST_DIGITS} digits")

        k, size = map(int, found.groups())
        if k != expected:
            raise self.fail(self.at, f"ngram {k} where ngram {expected} should be")
        return size

    def _end(self) -> None:
        self._skip_blank()
        if not self._is_at(b"\\end\\"):
            raise self._fail_here("the file does not end in \\end\\: it is cut off")

    def _unigrams(self, size: int, *, top: bool) -> tuple[list[bytes], Section]:
        """Words by id, and their numbers in that order."""
        fields = self._fields(1, size)
        scores, backoffs = self._numbers(1, fields, top=top)
        names = fields.words[0]
        line_of = self._line_of_each(fields.places, names)

        specials = [line_of.pop(special, -1) for special in SPECIALS]
        order = [*specials, *line_of.values()]
        words = [*SPECIALS, *line_of]

        scores = scores[order]
        backoffs = backoffs[order]
        if specials[UNK] < 0:
            scores[UNK] = _UNSEEN_UNKNOWN
            backoffs[UNK] = 0
        return words, Section(fields.places, [], scores, backoffs)

    def _line_of_each(self, places: Sequence[int], names: list[bytes]) -> dict[bytes, int]:
        """Where in its section each word stands; raises `DataError` for words that cannot be."""
        line_of: dict[bytes, int] = {}
        for i, name in enumerate(names):
            if line_of.setdefault(name, i) != i:
                problem = f"the 1-gram {quoted(name)} is here for the second time"
                raise self.fail(places[i], problem)
        self._check_utf8(places, names)

        if SPECIALS[UNK] not in line_of and _OTHER_UNKNOWN in line_of:
            line_of[SPECIALS[UNK]] = line_of.pop(_OTHER_UNKNOWN)
        for special in SPECIALS[BOS:]:
            if special not in line_of:
                problem = f"the 1-grams lack {special.decode()}"
                raise self.fail(places[0] if places else self.at, problem)
        return line_of

    def _check_utf8(self, places: Sequence[int], names: list[bytes]) -> None:
        try:
            b"\n".join(names).decode("utf-8")
        except UnicodeDecodeError as error:
            i = error.object.count(b"\n", 0, error.start)
            problem = "a word that is not UTF-8: convert the file, as by iconv -f LATIN1 -t UTF-8"
            raise self.fail(places[i], problem) from None

    def _ngrams(self, k: int, size: int, ids: dict[bytes, int], *, top: bool) -> Section:
        fields = self._fields(k, size)
        scores, backoffs = self._numbers(k, fields, top=top)
        columns = []
        for names in reversed(fields.words):
            found = map(ids.get, names, repeat(-1))
            column = np.fromiter(found, np.int32, count=size)
            if (column < 0).any():
                i = int(np.argmax(column < 0))
                name = quoted(names[i])
                raise self.fail(fields.places[i], f"{name} is not among the 1-grams")
            columns.append(column)

        return Section(fields.places, columns, scores, backoffs)

    def _fields(self, k: int, size: int) -> _Fields:
        """The fields of the section of k-grams, up to its end.

        That of an order without n-grams may be missing.
        """
        self._skip_blank()
        if not size and not self._is_at(_title_of(k)):
            return _Fields([], [], [[] for _ in range(k)], [])

        start = self._title(k)
        end = start + size
        lines = self.lines[start:end]

        places: Sequence[int] = range(start, end)
        columns = _regular_columns(lines, k) if len(lines) == size else None
        if columns is None:
            places, rows = self._rows(k, size, start)
            columns = self._irregular_columns(k, places, rows)

        self.at = places[-1] + 1 if size else start
        self._skip_blank()
        following = self._stripped()
        if following and not following.startswith(b"\\"):
            raise self.fail(self.at, f"{_said(k, size)} more{_remedy(k)}")
        scores, *words, backoffs = columns
        return _Fields(places, scores, words, backoffs)

    def _title(self, k: int) -> int:
        """The index of the line after the title of a section."""
        self._skip_blank()
        line = self._stripped()
        title = _title_of(k)
        if not self._is_at(title):
            found = "the end of the file" if line is None else quoted(self.lines[self.at])
            raise self._fail_here(f"{title.decode()} should be here, not {found}")
        return self.at + 1

    def _rows(self, k: int, size: int, start: int) -> tuple[Sequence[int], list[list[bytes]]]:
        """The k-grams from the line `start` on, field by field, and the indexes of their lines.

        Blank lines between them are passed over, as KenLM and Kaldi do.
        """
        lines = self.lines[start : start + size]
        rows = [line.split() for line in lines]
        widths = set(map(len, rows))
        if len(rows) == size and widths <= {k + 1, k + 2}:
            return range(start, start + size), rows

        places: list[int] = []
        blank: list[int] = []
        for at in range(start, len(self.lines)):
            line = self.lines[at].strip()
            if len(places) == size or line.startswith(b"\\"):
                break
            kind = places if line else blank
            kind.append(at)

        if len(places) < size:
            raise self._too_few(k, size, places, blank)
        return places, [self.lines[place].split() for place in places]

    def _too_few(self, k: int, size: int, places: list[int], blank: list[int]) -> DataError:
        """The error where a section ends too early; a blank line in it shows where one is lost."""
        found = len(places)
        gaps = [place for place in blank if places and place < places[-1]]
        if gaps:
            before = sum(place < gaps[0] for place in places)
            problem = f"{before:,} before this blank line and {found:,} in all"
            return self.fail(gaps[0], f"{_said(k, size)} {problem}{_remedy(k, found)}")

        end = places[-1] + 1 if places else self.at + 1
        last = len(self.lines) - 1
        return self.fail(min(end, last), f"{_said(k, size)} {found:,}{_remedy(k, found)}")

    def _irregular_columns(
        self, k: int, places: Sequence[int], rows: list[list[bytes]]
    ) -> list[list[bytes]]:
        """The columns of rows that differ in their number of fields.

        Raises `DataError` for a row that is not a k-gram.
        """
        for place, row in zip(places, rows, strict=True):
            if len(row) not in (k + 1, k + 2):
                line = quoted(self.lines[place])
                raise self.fail(place, f"not a {k}-gram with its log probability: {line}")
            if len(row) == k + 1:
                row.append(b"0")

        columns = list(map(list, zip(*rows, strict=True)))
        return columns or [[] for _ in range(k + 2)]

    def _numbers(self, k: int, fields: _Fields, *, top: bool) -> tuple[Floats, Floats]:
        """Scores and backoffs of a section; those at the `top` have no backoffs. (n_k,) each."""
        scores = self._floats(fields.places, fields.scores)
        backoffs = self._floats(fields.places, fields.backoffs)
        if (scores > 0).any():
            i = int(np.argmax(scores > 0))
            shown = quoted(fields.scores[i])
            raise self.fail(fields.places[i], f"the log probability {shown} is above 0")
        if top and backoffs.any():
            i = int(np.argmax(backoffs != 0))
            raise self.fail(fields.places[i], f"a {k}-gram, the longest, has a backoff weight")
        if np.isinf(backoffs).any():
            i = int(np.argmax(np.isinf(backoffs)))
            shown = quoted(fields.backoffs[i])
            raise self.fail(fields.places[i], f"the backoff weight {shown} is not finite")
        return scores, backoffs

    def _floats(self, places: Sequence[int], texts: list[bytes]) -> Floats:
        try:
            numbers = list(map(self._number, texts))
        except ValueError:
            i = [_is_number(text) for text in texts].index(False)
            wrong = quoted(texts[i])
            raise self.fail(places[i], f"{wrong} is not a number") from None

        with np.errstate(over="ignore"):  # beyond float32: an infinity, as KenLM reads it
            found = np.array(numbers, np.float32)
        if np.isnan(found).any():
            i = int(np.argmax(np.isnan(found)))
            raise self.fail(places[i], "NaN is not a log probability")
        return found


def _title_of(k: int) -> bytes:
    return b"\\%d-grams:" % k


def _said(k: int, size: int) -> str:
    return f"the header says {size:,} {k}-grams, but there are"


def _remedy(k: int, found: int | None = None) -> str:
    """What to do about a size that is wrong."""
    size = "N" if found is None else found
    return f": if the file is whole, correct its header to ngram {k}={size}"


def _regular_columns(lines: list[bytes], k: int) -> list[list[bytes]] | None:
    """The columns of lines that have the same number of fields, one space or tab apart.

    None for other lines. Splitting all lines at once is several times faster than one by one.
    """
    flat = b"\n".join(lines).split()
    for width in (k + 1, k + 2):
        if len(flat) != width * len(lines):
            continue
        tabs = map(bytes.count, lines, repeat(b"\t"))
        spaces = map(bytes.count, lines, repeat(b" "))
        gaps = set(map(operator.add, tabs, spaces))
        if gaps <= {width - 1}:  # so no line has more fields than that, and none can have fewer
            columns = [flat[j::width] for j in range(width)]
            if width == k + 1:
                columns.append([b"0"] * len(lines))
            return columns
    return None


def _number(text: bytes) -> float:
    """The number that `text` spells; Python alone would take 1_5 for 15."""
    if b"_" in text:
        raise ValueError
    return float(text)


def _is_number(text: bytes) -> bool:
    try:
        _number(text)
    except ValueError:
        return False
    return True
