"""Parquet: read batch by batch, written with a column for each field of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.files import name_of, reading
from ..errors import ConfigError, DataError
from ..parsing import to_json
from .formats import Answer, Failure, Shard, Texts, absent, taken

_TYPES = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "json": pa.string()}


class Parquet:
    """All columns stay, and the answer's are added; a row without an answer is left out."""

    name: ClassVar[str] = "Parquet"
    suffix: ClassVar[str] = ".parquet"

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._added: Sequence[str] = ()

    def check(self, path: Path, added: Sequence[str]) -> None:
        self._added = added
        with _opened(path) as file:
            self._check(path, file.schema_arrow)

    def _check(self, path: Path, schema: pa.Schema) -> None:
        for name in self._added:
            if name in schema.names:
                raise ConfigError(f"{name_of(path)}: {taken(name)}")
        for field in self._fields:
            kind = _type_of(schema, field)
            if kind is None:
                raise ConfigError(f"{name_of(path)}: {absent(field, schema.names)}")
            if not _is_text(kind):
                raise ConfigError(f"{name_of(path)}: column {field!r} holds {kind}, not text")

    def shards(self, path: Path, rows: int) -> Iterator[Shard[Any]]:
        first = 1
        with _opened(path) as file:
            self._check(path, file.schema_arrow)
            for number, batch in enumerate(file.iter_batches(batch_size=rows)):
                numbers = range(first, first + len(batch))
                first += len(batch)
                yield Shard(path, number, numbers, self._texts(batch), batch, _digest(batch))

    def _texts(self, batch: Any) -> list[Texts | Failure]:
        columns = [_strings(_column(batch, field)) for field in self._fields]
        found: list[Texts | Failure] = []
        for values in zip(*columns, strict=True):
            bad = next((value for value in values if isinstance(value, Failure)), None)
            if bad is not None:
                found.append(bad)
            elif None in values:
                missing = self._fields[values.index(None)]
                found.append(Failure(f"field {missing!r} is null, not a string"))
            else:
                found.append(values)
        return found

    def row(self, shard: Shard[Any], i: int) -> Any:
        raw = shard.raw
        names = raw.schema.names
        return {name: _plain(_shown(raw.column(n)[i])) for n, name in enumerate(names)}

    def write(
        self,
        shard: Shard[Any],
        answers: Sequence[Answer | Failure],
        kinds: Mapping[str, str],
        to: Path,
    ) -> None:
        table = pa.Table.from_batches([shard.raw])
        table = table.filter(pa.array([isinstance(answer, Answer) for answer in answers]))
        found = [answer.fields for answer in answers if isinstance(answer, Answer)]

        for name, kind in kinds.items():
            values = [fields.get(name) for fields in found]
            if kind == "json":
                values = [None if value is None else to_json(value) for value in values]
            table = table.append_column(name, pa.array(values, _TYPES[kind]))
        pq.write_table(table, to, compression="zstd")


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A file whose damage is a `DataError`, whenever it is noticed."""
    try:
        with reading(path), pq.ParquetFile(path) as file:
            yield file
    except pa.ArrowException as error:
        said = " ".join(str(error).split())
        raise DataError(f"{name_of(path)} is damaged, or not Parquet: {said}") from None


def _type_of(schema: pa.Schema, field: str) -> pa.DataType | None:
    """The type of a column, or of a field inside one: `a.b`; None if there is none."""
    names = [field] if field in schema.names else field.split(".")
    kind: Any = pa.struct(list(schema))
    for name in names:
        if not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            return None
        kind = kind.field(name).type
    return kind


def _column(batch: Any, field: str) -> Any:
    """The values of a column, or of a field inside one."""
    first, *rest = [field] if field in batch.schema.names else field.split(".")
    values = batch.column(first)
    for name in rest:
        values = pa.compute.struct_field(values, name)
    return values


def _digest(batch: Any) -> str:
    """Of all that a batch holds, its dictionaries, too."""
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, batch.schema) as writer:
        writer.write_batch(batch)
    return blake2b(stream.getvalue(), digest_size=16).hexdigest()


def _strings(column: Any) -> list[str | Failure | None]:
    """The values of a column of strings, which Parquet does not check to be UTF-8."""
    try:
        values: list[str | Failure | None] = column.to_pylist()
    except UnicodeDecodeError:
        return [_string(value) for value in column]
    return values


def _string(scalar: Any) -> str | Failure | None:
    try:
        value: str | None = scalar.as_py()
    except UnicodeDecodeError as error:
        return Failure(f"not UTF-8: byte {error.start + 1} of the text")
    return value


def _shown(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):  # not UTF-8; a time that Python cannot hold
        return f"a value of type {scalar.type} that cannot be shown"


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _plain(value: Any) -> Any:
    """A value that JSON can hold: dates, bytes and the like as Python shows them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
