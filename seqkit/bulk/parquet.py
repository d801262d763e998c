"""Parquet: read batch by batch, written with a column for each field of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from ..data.files import reading
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

    def check(self, path: Path, added: Sequence[str]) -> None:
        with _opened(path) as file:
            schema = file.schema_arrow

        for name in added:
            if name in schema.names:
                raise ConfigError(f"{path}: {taken(name)}")
        for field in self._fields:
            kind = _type_of(schema, field)
            if kind is None:
                raise ConfigError(f"{path}: {absent(field, schema.names)}")
            if not _is_text(kind):
                raise ConfigError(f"{path}: column {field!r} holds {kind}, not text")

    def shards(self, path: Path, rows: int) -> Iterator[Shard[Any]]:
        first = 1
        with _opened(path) as file:
            for number, batch in enumerate(file.iter_batches(batch_size=rows)):
                numbers = range(first, first + len(batch))
                first += len(batch)
                content = blake2b(batch.serialize(), digest_size=16).hexdigest()
                yield Shard(path, number, numbers, self._texts(batch), batch, content)

    def _texts(self, batch: Any) -> list[Texts | Failure]:
        columns = [_column(batch, field).to_pylist() for field in self._fields]
        found: list[Texts | Failure] = []
        for values in zip(*columns, strict=True):
            if None in values:
                missing = self._fields[values.index(None)]
                found.append(Failure(f"field {missing!r} is null, not a string"))
            else:
                found.append(values)
        return found

    def row(self, shard: Shard[Any], i: int) -> Any:
        (row,) = shard.raw.slice(i, 1).to_pylist()
        return {name: _plain(value) for name, value in row.items()}

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
        raise DataError(f"{path} is damaged, or not Parquet: {said}") from None


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
    """The values of a column, or of a field inside one. Raises `DataError` if there is none."""
    kind = _type_of(batch.schema, field)
    if kind is None or not _is_text(kind):
        raise DataError(absent(field, batch.schema.names))

    first, *rest = [field] if field in batch.schema.names else field.split(".")
    values = batch.column(first)
    for name in rest:
        values = pa.compute.struct_field(values, name)
    return values


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
