"""Text, TSV and JSON lines: read in shards, and written with an answer for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import IO, Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from ..data.files import LONGEST_LINE, name_of, open_text, reading
from ..errors import ConfigError, DataError
from ..parsing import json_of, to_json
from ..text.decoding import decode

R = TypeVar("R")

ECHO = "text"  # the field of a line of text that becomes JSON


class Failure(NamedTuple):
    """Why a row has no answer."""

    error: str


class Answer(NamedTuple):
    """What a worker found for a row."""

    fields: Mapping[str, Any]  # plain data
    line: str  # the same for a text file


Texts = tuple[str, ...]  # of a row: what the verb reads of it


@dataclass(frozen=True)
class Shard(Generic[R]):
    """Rows of a file that follow each other."""

    path: Path
    number: int  # of the shards of this file, from 0
    numbers: Sequence[int]  # of the rows in the file, from 1
    texts: Sequence[Texts | Failure]
    raw: R  # the rows as they stand
    digest: str  # of their content

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def place(self) -> str:
        return f"{name_of(self.path)}, rows {self.numbers[0]:,} to {self.numbers[-1]:,}"


class Format(Protocol[R]):
    """A kind of file, with the fields to read of each row."""

    name: ClassVar[str]
    suffix: ClassVar[str]  # of what is written

    def check(self, path: Path, added: Sequence[str]) -> None:
        """Raise `ConfigError` unless the first row has the fields to read, and none of `added`."""

    def shards(self, path: Path, rows: int) -> Iterator[Shard[R]]:
        """The file in shards of at most so many rows. Raises `DataError` naming the file."""

    def row(self, shard: Shard[R], i: int) -> Any:
        """Row i as plain data, to be set aside with its error."""

    def write(
        self,
        shard: Shard[R],
        answers: Sequence[Answer | Failure],
        kinds: Mapping[str, str],
        to: Path,
    ) -> None:
        """Write the rows and their answers to a new file. Raises OSError."""


class _OfLines:
    """Rows that are lines of a file. `_texts` reads one, and `_line` is what becomes of it."""

    skips_blank: ClassVar[bool] = False

    def check(self, path: Path, added: Sequence[str]) -> None:
        check_first_line(path, self._texts)

    def shards(self, path: Path, rows: int) -> Iterator[Shard[list[str]]]:
        return _shards_of_lines(path, rows, self._texts, skip_blank=self.skips_blank)

    def row(self, shard: Shard[list[str]], i: int) -> Any:
        return shard.raw[i]

    def write(
        self,
        shard: Shard[list[str]],
        answers: Sequence[Answer | Failure],
        kinds: Mapping[str, str],
        to: Path,
    ) -> None:
        lines = map(self._line, shard.numbers, shard.raw, answers)
        _write_lines(to, (line for line in lines if line is not None))

    def _texts(self, line: str) -> Texts | Failure:
        raise NotImplementedError

    def _line(self, number: int, line: str, answer: Answer | Failure) -> str | None:
        """What is written; None leaves the row out."""
        raise NotImplementedError


class Lines(_OfLines):
    """Plain text: a line in, a line out. A row without an answer leaves an empty line."""

    name: ClassVar[str] = "text"
    suffix: ClassVar[str] = ".txt"

    def __init__(self, fields: Sequence[str]) -> None:
        if len(fields) > 1:
            raise ConfigError(
                "a line of a text is one field: give source and target as columns of a .tsv, or as "
                "fields of JSON lines or Parquet"
            )

    def check(self, path: Path, added: Sequence[str]) -> None:
        pass

    def _texts(self, line: str) -> Texts:
        return (line,)

    def _line(self, number: int, line: str, answer: Answer | Failure) -> str | None:
        return answer.line if isinstance(answer, Answer) else ""


class LinesToJson(Lines):
    """Plain text that becomes JSON lines with row numbers; a row without an answer is left out."""

    suffix: ClassVar[str] = ".jsonl"

    def _line(self, number: int, line: str, answer: Answer | Failure) -> str | None:
        if isinstance(answer, Failure):
            return None
        return to_json({"row": number, ECHO: line, **answer.fields})


class ChosenLines(Lines):
    """Plain text of which only lines with an answer stay, as they stand."""

    def _line(self, number: int, line: str, answer: Answer | Failure) -> str | None:
        return line if isinstance(answer, Answer) else None


class Columns(_OfLines):
    """TSV: the answer becomes the last column; a row without one is left out."""

    name: ClassVar[str] = "TSV"
    suffix: ClassVar[str] = ".tsv"

    def __init__(self, fields: Sequence[str]) -> None:
        for field in fields:
            if not field.isdecimal() or not int(field):
                raise ConfigError(
                    f"{field!r} is not the number of a column: name those of a .tsv by --text 1, "
                    "and --target 2"
                )
        self._columns = [int(field) for field in fields]

    def _texts(self, line: str) -> Texts | Failure:
        parts = line.removesuffix("\r").split("\t")
        last = max(self._columns)
        if len(parts) < last:
            return Failure(f"{len(parts)} columns, so no column {last}")
        return tuple(parts[column - 1] for column in self._columns)

    def _line(self, number: int, line: str, answer: Answer | Failure) -> str | None:
        if isinstance(answer, Failure):
            return None
        cells = line.removesuffix("\r")
        return f"{cells}\t{answer.line}"


class JsonLines(_OfLines):
    """An object a line. It stays as it stands, and the answer is added; without one, left out."""

    name: ClassVar[str] = "JSON lines"
    suffix: ClassVar[str] = ".jsonl"
    skips_blank: ClassVar[bool] = True

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._added: Sequence[str] = ()

    def check(self, path: Path, added: Sequence[str]) -> None:
        self._added = added
        super().check(path, added)

    def _texts(self, line: str) -> Texts | Failure:
        try:
            record = json_of(line)
        except ValueError as error:
            return Failure(f"not JSON: {error}")
        if not isinstance(record, dict):
            return Failure('not an object, such as {"text": "…"}')

        for name in self._added:
            if name in record:
                return Failure(taken(name))
        texts: list[str] = []
        for field in self._fields:
            value = _value(record, field)
            if isinstance(value, Failure):
                return value
            texts.append(value)
        return tuple(texts)

    def row(self, shard: Shard[list[str]], i: int) -> Any:
        line = shard.raw[i]
        try:
            return json_of(line)
        except ValueError:
            return line

    def _line(self, number: int, line: str, answer: Answer | Failure) -> str | None:
        return _with_fields(line, answer) if isinstance(answer, Answer) else None


def taken(name: str) -> str:
    """What to say of a row that has a field by the name of an answer."""
    return f"there is a field {name!r} already: rename it, or name ours otherwise by --prefix"


def absent(field: str, known: Iterable[str]) -> str:
    names = list(islice(known, 10))
    return f"no field {field!r}; there are: {', '.join(names) or 'none'} (name it by --text)"


def _value(record: Mapping[str, Any], field: str) -> str | Failure:
    """The text of a field; `a.b` is b inside a, unless there is a field of that whole name."""
    value: Any = record
    names = [field] if field in record else field.split(".")
    for name in names:
        if not isinstance(value, Mapping) or name not in value:
            return Failure(absent(field, record))
        value = value[name]
    if not isinstance(value, str):
        return Failure(f"field {field!r} is {_kind(value)}, not a string")
    return value


def _kind(value: Any) -> str:
    return "null" if value is None else f"of type {type(value).__name__}"


def _with_fields(line: str, answer: Answer) -> str:
    """An object's text, untouched, with the answer's fields at its end."""
    begun = line.rstrip().removesuffix("}").rstrip()
    return f"{begun}, {to_json(answer.fields).removeprefix('{')}"


# Lines of a file


class _Reads(Protocol):
    def __call__(self, line: str) -> Texts | Failure: ...


def _shards_of_lines(
    path: Path, rows: int, read: _Reads, *, skip_blank: bool = False
) -> Iterator[Shard[list[str]]]:
    lines = _numbered(path)
    if skip_blank:
        lines = ((number, line) for number, line in lines if line.strip())

    number = 0
    while some := list(islice(lines, rows)):
        texts: list[Texts | Failure] = []
        raw: list[str] = []
        content = blake2b(digest_size=16)
        for _, line in some:
            content.update(line + b"\n")
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raw.append(line.decode("utf-8", "replace"))
                texts.append(Failure(f"not UTF-8: byte {error.start + 1} of the line"))
                continue
            raw.append(text)
            texts.append(read(text))

        yield Shard(path, number, [n for n, _ in some], texts, raw, content.hexdigest())
        number += 1


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, without their ends, from 1."""
    with reading(path), open_text(path) as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise DataError(
                    f"{name_of(path)}:{number}: a line of more than {LONGEST_LINE:,} bytes"
                )
            yield number, line.removesuffix(b"\n")


def check_first_line(path: Path, read: _Reads) -> None:
    """Raise `ConfigError` if the first line that is not blank cannot be read: most cannot, then."""
    for number, line in _numbered(path):
        if line.strip():
            text = read(decode(line, name_of(path), number - 1))
            if isinstance(text, Failure):
                raise ConfigError(f"{name_of(path)}:{number}: {text.error}")
            return


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("wb") as file:
        put_lines(file, lines)


def put_lines(file: IO[bytes], lines: Iterable[str]) -> None:
    for line in lines:
        file.write(f"{line}\n".encode())
