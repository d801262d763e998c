"""Labelled texts as people keep them: tables, JSON, fastText's lines, a folder for each class.

All may be packed by gzip, bzip2, xz or zstd. An error names the file and the line.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ...data.csv_cells import long_cells
from ...data.files import LONGEST_LINE, open_bytes, read_lines, reading
from ...data.unpacking import PACKED
from ...errors import DataError
from ...parsing import json_of
from ..numbered import Numbered
from .labelled import Example, LabelledTexts, Places

Format = Literal["auto", "tsv", "csv", "jsonl", "lines", "folder"]
Encoding = Literal["utf-8", "latin-1"]

_EXAMPLE = 'such as {"label": "good", "text": "…"}'
_ROWS = 1000  # of CSV that are read together
FASTTEXT = "__label__"  # before each label of fastText's files
_BY_SUFFIX: dict[str, Format] = {
    ".tsv": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".ft": "lines",
}


class Layout(NamedTuple):
    """How a file says which text has which label."""

    format: Format = "auto"
    label: str = ""  # a column's name or number
    text: str = ""
    several: str = ""  # what separates the labels of a text; "" = it has exactly one
    encoding: Encoding = "utf-8"


def read_labelled(paths: Sequence[Path], layout: Layout) -> LabelledTexts:
    """The labelled texts of these files and folders. Raises `DataError` naming file and line."""
    places = Places()
    texts: list[str] = []
    labels: list[tuple[str, ...]] = []
    for example in places.kept(read_examples(paths, layout)):
        texts.append(example.text)
        labels.append(example.labels)
    found = LabelledTexts(texts, Numbered.of(labels), places.first, places.empty)
    found.misplaced = [name for path in paths for name in misplaced_in(path, layout)]
    return found


def read_examples(paths: Sequence[Path], layout: Layout) -> Iterator[Example]:
    """The examples of these files and folders, empty ones as well. Raises as `read_labelled`."""
    for path in paths:
        yield from _READERS[format_at(path, layout)](path, layout)


def files_of(path: Path, layout: Layout) -> list[Path]:
    """The files that are read for a path: itself, or all texts in the folders of classes."""
    if format_at(path, layout) != "folder":
        return [path]
    return [file for _, file in _texts_in(path)]


def misplaced_in(path: Path, layout: Layout) -> list[str]:
    """What lies in a folder of texts where no text is looked for."""
    return _misplaced(path) if format_at(path, layout) == "folder" else []


def format_at(path: Path, layout: Layout) -> Format:
    """How a path is read. Raises `DataError` for a name that does not say it."""
    return format_of(path) if layout.format == "auto" else layout.format


def format_of(path: Path) -> Format:
    """The format that a path's name speaks of, or fastText's if a file begins as its files do.

    Raises `DataError` for another name.
    """
    if path.is_dir():
        return "folder"

    suffixes = [suffix for suffix in path.suffixes if suffix not in PACKED]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if path.is_file() and _is_fasttext(path):
        return "lines"
    raise DataError(
        f"{path}: its name does not say how texts and labels are written in it: name it *.tsv, "
        "*.csv or *.jsonl, or train with data.format set to one of these or to lines (LABEL TEXT, "
        "as fastText has them)"
    )


def _is_fasttext(path: Path) -> bool:
    with reading(path), open_bytes(path) as file:
        return file.read(len(FASTTEXT)) == FASTTEXT.encode()


# Tables


def _read_tsv(path: Path, layout: Layout) -> Iterator[Example]:
    lines = _numbered(path, layout)
    rows = ((number, line.split("\t")) for number, line in lines if line.strip())
    return _of_rows(path, rows, layout)


def _read_csv(path: Path, layout: Layout) -> Iterator[Example]:
    if not (layout.label or layout.text):  # a CSV file has a header, unless columns are numbered
        layout = layout._replace(label="label", text="text")
    return _of_rows(path, _csv_rows(path, layout), layout)


def _csv_rows(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The rows with the numbers of their first lines."""
    rows = _parsed(path, layout)
    while block := _next_rows(rows):
        yield from block


@long_cells(LONGEST_LINE)  # in the whole process, so only while rows are read
def _next_rows(rows: Iterator[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    return list(islice(rows, _ROWS))


def _parsed(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    lines = (f"{line}\n" for _, line in _numbered(path, layout))
    first_line = next(lines, "")
    separator = _separator(first_line, layout)
    rows = csv.reader(chain([first_line], lines), delimiter=separator, strict=True)
    first = 1
    try:
        for row in rows:
            if row:
                yield first, row
            first = rows.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}:{first}: not a row of CSV, perhaps for its quotes: {error}"
        ) from None


def _separator(first_line: str, layout: Layout) -> str:
    """A comma, or a semicolon where the header has these alone."""
    header = "" if _is_numbered(layout) else first_line
    return ";" if ";" in header and "," not in header else ","


def _is_numbered(layout: Layout) -> bool:
    """Whether the columns are given by their numbers, so that there is no header."""
    return all(not name or name.isdecimal() for name in (layout.label, layout.text))


def _of_rows(
    path: Path, rows: Iterator[tuple[int, list[str]]], layout: Layout
) -> Iterator[Example]:
    """The columns of label and text of a table; a named column asks for a header."""
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} is empty: it has no text")

    number, row = first
    label, text, has_header = _columns(path, row, layout)
    width = len(row)
    if not has_header:
        yield _of_row(path, number, row, (label, text), layout)

    for number, row in rows:
        if len(row) != width:
            raise DataError(
                f"{path}:{number}: a line of {len(row)} columns, and the first has {width}"
            )
        yield _of_row(path, number, row, (label, text), layout)


def _columns(path: Path, row: list[str], layout: Layout) -> tuple[int, int, bool]:
    """The places of label and text in a row, and whether the first row is a header."""
    names = [cell.strip().lower() for cell in row]
    is_header = {"label", "text"} <= set(names)
    if is_header and not (layout.label or layout.text):
        layout = layout._replace(label="label", text="text")

    wanted = {"label": layout.label or "1", "text": layout.text or "2"}
    has_header = not _is_numbered(layout)
    places: list[int] = []
    for key, name in wanted.items():
        if name in row and has_header:
            places.append(row.index(name))
            continue
        if name.lower() in names and has_header:
            places.append(names.index(name.lower()))
            continue

        if not name.isdecimal():
            columns = ", ".join(row[:10])
            raise DataError(
                f"{path}:1: no column {name!r} among: {columns}. Set data.{key} to a name of the "
                "first line, or to the number of a column"
            )
        place = int(name) - 1
        if not 0 <= place < len(row):
            raise DataError(
                f"{path}:1: data.{key} = {name}, and a line has {len(row)} "
                f"column{'s' if len(row) != 1 else ''}"
            )
        places.append(place)
    return places[0], places[1], has_header


def _of_row(
    path: Path, number: int, row: list[str], places: tuple[int, int], layout: Layout
) -> Example:
    label, text = places
    where = f"{path}:{number}"
    return Example(row[text], _labels(row[label], where, layout), where)


# Lines


def _read_jsonl(path: Path, layout: Layout) -> Iterator[Example]:
    label = layout.label or "label"
    text = layout.text or "text"
    for number, line in _numbered(path, layout):
        if not line.strip():
            continue

        where = f"{path}:{number}"
        record = _record(line, where)
        for key in (label, text):
            if key not in record:
                known = ", ".join(list(record)[:10])
                raise DataError(f"{where}: no {key!r} in the object, which has: {known}")
        if not isinstance(record[text], str):
            raise DataError(f"{where}: {text!r} is not a string")
        yield Example(record[text], _json_labels(record[label], where, layout), where)


def _record(line: str, where: str) -> dict[str, Any]:
    if line.lstrip().startswith("["):
        raise DataError(f"{where}: an array; write an object a line, {_EXAMPLE}")
    try:
        record = json_of(line)
    except ValueError as error:
        raise DataError(f"{where}: not JSON: {error}") from None
    if not isinstance(record, dict):
        raise DataError(f"{where}: not an object, {_EXAMPLE}")
    return record


def _json_labels(value: Any, where: str, layout: Layout) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        if layout.several:
            return _distinct([_name(one) for one in value])
        raise DataError(f"{where}: a list of labels: set data.several for texts that have several")
    if isinstance(value, str | int):
        return _labels(_name(value), where, layout)
    raise DataError(f"{where}: a label is a string or a whole number, not {type(value).__name__}")


def _name(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_lines(path: Path, layout: Layout) -> Iterator[Example]:
    """`LABEL TEXT`, or `__label__A __label__B TEXT`."""
    for number, line in _numbered(path, layout):
        if not line.strip():
            continue

        where = f"{path}:{number}"
        label, _, text = line.strip().partition(" ")
        if not label.startswith(FASTTEXT):
            yield Example(text, _labels(label, where, layout), where)
            continue

        names: list[str] = []
        rest = line.strip()
        while rest.startswith(FASTTEXT):
            label, _, rest = rest.partition(" ")
            names.append(label.removeprefix(FASTTEXT))
        if len(names) > 1 and not layout.several:
            raise DataError(f"{where}: {len(names)} labels: set data.several for such texts")
        yield Example(rest, _distinct(names), where)


def _labels(text: str, where: str, layout: Layout) -> tuple[str, ...]:
    if layout.several:
        return _distinct([part.strip() for part in text.split(layout.several)])

    label = text.strip()
    if not label:
        raise DataError(f"{where}: no label")
    return (label,)


def _distinct(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


# Folders


def _read_folder(path: Path, layout: Layout) -> Iterator[Example]:
    """A folder for each class, with a file for each text."""
    for label, file in _texts_in(path):
        lines = [line for _, line in _numbered(file, layout)]
        yield Example("\n".join(lines), (label,), str(file))


def _texts_in(path: Path) -> Iterator[tuple[str, Path]]:
    """The files in a folder of folders, each with the class that its own is named after."""
    with reading(path):
        folders = sorted(one for one in path.iterdir() if _is_shown(one) and one.is_dir())
    if not folders:
        raise DataError(f"{path}: no folders in it: expected one for each class, with text files")

    for folder in folders:
        with reading(folder):
            files = sorted(one for one in folder.iterdir() if _is_shown(one) and one.is_file())
        for file in files:
            yield folder.name, file


def _misplaced(path: Path) -> list[str]:
    """Files beside the folders of classes, and folders in them: neither is read."""
    with reading(path):
        shown = sorted(one for one in path.iterdir() if _is_shown(one))
        found = [one for one in shown if not one.is_dir()]
        for folder in shown:
            if folder.is_dir():
                inside = sorted(one for one in folder.iterdir() if _is_shown(one))
                found += [one for one in inside if not one.is_file()]
                found += [] if inside else [folder]
    return [str(one) for one in found]


def _is_shown(path: Path) -> bool:
    return not path.name.startswith(".")


def _numbered(path: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers, without line ends."""
    lines = read_lines(path) if layout.encoding == "utf-8" else _latin_lines(path)
    for number, line in enumerate(lines, 1):
        yield number, line.removesuffix("\r")


def _latin_lines(path: Path) -> Iterator[str]:
    with reading(path), open_bytes(path) as file:
        for line in file:
            yield line.decode("latin-1").removesuffix("\n")


_READERS: dict[Format, Callable[[Path, Layout], Iterator[Example]]] = {
    "tsv": _read_tsv,
    "csv": _read_csv,
    "jsonl": _read_jsonl,
    "lines": _read_lines,
    "folder": _read_folder,
}
