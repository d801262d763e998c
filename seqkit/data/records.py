"""Texts from files of records: fields of JSON lines, columns of Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError, DataError
from ..parsing import json_of
from .files import name_of, read_lines, reading
from .unpacking import PACKED

_JSON_LINES = {".jsonl", ".ndjson"}
_PARQUET = ".parquet"
_SHOWN = 10  # names of fields in an error
_ROWS = 10_000  # of Parquet at a time


def holds_records(path: Path) -> bool:
    """Whether the name of a file says that it holds records with named fields."""
    return _kind(path) in {*_JSON_LINES, _PARQUET}


def read_fields(path: Path, fields: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """These fields of each record.

    "a.b" is the field b in the object a, as in translation.de, unless a field is called "a.b".
    Raises `DataError` naming the record for a field that is missing or no text, and `ConfigError`
    if pyarrow is not there.
    """
    records = _parquet(path, fields) if _kind(path) == _PARQUET else _json_lines(path)
    for number, record in records:
        yield tuple(_text(record, field, f"{name_of(path)}:{number}") for field in fields)


def _kind(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix not in PACKED]
    return suffixes[-1].lower() if suffixes else ""


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            yield number, json_of(line)
        except ValueError as error:
            raise DataError(f"{name_of(path)}:{number}: not JSON: {error}") from None


def _parquet(path: Path, fields: Sequence[str]) -> Iterator[tuple[int, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ConfigError(
            f"{path}: reading Parquet needs pyarrow: pip install 'seqkit[parquet]'"
        ) from None

    try:
        with reading(path), pq.ParquetFile(path) as file:
            columns = _columns(path, file.schema_arrow.names, fields)
            number = 0
            for batch in file.iter_batches(_ROWS, columns=columns):
                for record in _records_of(batch, name_of(path), number):
                    number += 1
                    yield number, record
    except pa.ArrowException as error:
        first, *_ = str(error).splitlines()
        raise DataError(f"{path} is no Parquet file that can be read: {first}") from None


def _columns(path: Path, known: list[str], fields: Sequence[str]) -> list[str]:
    """The columns that fields are in. Raises `DataError` if one is not there."""
    columns = [field if field in known else field.partition(".")[0] for field in fields]
    for column in columns:
        if column not in known:
            raise _missing(str(path), column, known)
    return columns


def _records_of(batch: Any, name: str, before: int) -> list[Any]:
    """The records of a batch, before which there are so many. Raises `DataError` naming one."""
    try:
        records: list[Any] = batch.to_pylist()
    except UnicodeDecodeError as error:  # Parquet does not check its texts
        if batch.num_rows == 1:
            byte = error.object[error.start]
            raise DataError(f"{name}:{before + 1}: a text is not UTF-8: byte {byte:#04x}") from None

        half = batch.num_rows // 2  # the one is looked for
        first = _records_of(batch.slice(0, half), name, before)
        return first + _records_of(batch.slice(half), name, before + half)
    return records


def _text(record: Any, field: str, where: str) -> str:
    is_name = isinstance(record, dict) and field in record
    value = record
    for name in [field] if is_name else field.split("."):
        if not isinstance(value, dict):
            raise DataError(f"{where}: no object with a field {name!r}, but {_named(value)}")
        if name not in value:
            raise _missing(where, name, list(value))
        value = value[name]

    if value is None:  # counted as empty
        return ""
    if not isinstance(value, str):
        raise DataError(f"{where}: {field!r} is no text, but {_named(value)}")
    return " ".join(value.splitlines())


def _missing(where: str, name: str, known: list[str]) -> DataError:
    names = ", ".join(known[:_SHOWN])
    return DataError(f"{where}: no {name!r}; there is: {names}. Set data.columns to two of them")


def _named(value: Any) -> str:
    return f"a {type(value).__name__}"
