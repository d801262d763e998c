"""The files of INPUT: a file, or all files below a folder, of one kind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.files import is_address, name_of, shown
from ..data.remote import files_at, local_copy
from ..data.unpacking import PACKED
from ..errors import ConfigError, DataError
from .formats import Columns, Format, JsonLines, Lines, LinesToJson

_SUFFIXES = {
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
    ".parquet": "Parquet",
    ".tsv": "TSV",
}


@dataclass(frozen=True)
class Input:
    """A file to read, and what its parts are called."""

    path: Path
    stem: str  # of its parts, below OUTPUT: "2024/news"

    def part(self, number: int, suffix: str) -> str:
        """The name of the part that a shard becomes; names sort as the rows do."""
        return f"{self.stem}-{number:05}{suffix}"


def find_inputs(source: str | Path, output: Path) -> list[Input]:
    """The files at or below `source`, sorted; hidden ones and those called _… are left out.

    So what `seqkit bulk` wrote can be read again. Those at an address, such as s3://bucket/news,
    are copied into the cache. Raises `DataError` for none, or for two that would be written to the
    same parts.
    """
    if isinstance(source, str) and is_address(source):
        inputs = list(_copies(source))
    else:
        inputs = _files_here(Path(source), output)
    if not inputs:
        raise DataError(f"{shown(str(source))} has no file to read")

    seen: dict[str, Path] = {}
    for each in inputs:
        other = seen.setdefault(each.stem, each.path)
        if other is not each.path:
            raise DataError(
                f"{name_of(other)} and {name_of(each.path)} would both be written to "
                f"{each.stem}-00000…: rename one"
            )
    return inputs


def _copies(address: str) -> Iterator[Input]:
    """What is at or below an address."""
    for name, file in files_at(address):
        if not any(part.startswith((".", "_")) for part in name.parts):
            yield Input(local_copy(file), (name.parent / _plain(name.name)).as_posix())


def _files_here(path: Path, output: Path) -> list[Input]:
    if not path.exists():
        raise DataError(f"cannot read {path}: No such file or directory")
    if path.is_dir() and output.absolute().is_relative_to(path.absolute()):
        raise ConfigError(f"{output} is inside {path}, which is read: write elsewhere")
    return [Input(file, _stem(file, path)) for file in _files(path)]


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return

    for folder, folders, names in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if name[0] not in "._")
        yield from (Path(folder) / name for name in sorted(names) if name[0] not in "._")


def _stem(file: Path, root: Path) -> str:
    """The name of a file below the folder that is read, without its endings."""
    name = _plain(file.name)
    if not root.is_dir():
        return name
    return (file.parent.relative_to(root) / name).as_posix()


def _plain(name: str) -> str:
    """The name of a file without its endings."""
    if Path(name).suffix.lower() in PACKED:
        name = Path(name).stem
    return Path(name).stem


def format_of(
    inputs: Sequence[Input], given: Sequence[str | None], *, as_json: bool
) -> Format[Any]:
    """How all these files are read and written.

    A field of None is the usual one: "text", or the first column of a TSV.

    Raises `DataError` for files of several kinds, `ConfigError` for fields that the kind has not.
    """
    first = inputs[0].path
    kind = _kind(first)
    for each in inputs:
        if _kind(each.path) != kind:
            raise DataError(
                f"{name_of(first)} is {kind} and {name_of(each.path)} is {_kind(each.path)}: give "
                "files of one kind, each kind to an OUTPUT of its own"
            )

    usual = "1" if kind == "TSV" else "text"
    fields = [usual if field is None else field for field in given]
    if as_json and kind != "text":
        raise ConfigError(f"--json is for plain text: {name_of(first)} is {kind}, and stays so")
    if kind == "Parquet":
        return _parquet(fields)
    if kind == "JSON lines":
        return JsonLines(fields)
    if kind == "TSV":
        return Columns(fields)
    return LinesToJson(fields) if as_json else Lines(fields)


def _kind(path: Path) -> str:
    """By the name; whatever has another name is text."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED]
    return _SUFFIXES.get(suffixes[-1], "text") if suffixes else "text"


def _parquet(fields: Sequence[str]) -> Format[Any]:
    try:
        from .parquet import Parquet
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise ConfigError("reading Parquet needs pyarrow: pip install 'seqkit[bulk]'") from None
    return Parquet(fields)
