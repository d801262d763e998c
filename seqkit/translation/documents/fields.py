"""JSON, YAML, CSV and TSV: the values of chosen fields.

A field is a key or a column, or a path of keys with dots (`menu.title`); `*` is all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...errors import ConfigError, DataError, shortened
from ...parsing import json_of, to_json
from ...text.spans import has_letters
from .html import with_tags
from .segment import Plain, Segment

Path = tuple[str, ...]

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")  # anchor and tag of a YAML node
_DEEP = re.compile(r"(?:[\[{][^\[\]{}]{0,40}){200}")  # brackets within brackets of YAML
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]')


class _Chosen:
    """Which paths of keys are text; notes those that occur."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = list(fields)
        self._met: dict[str, None] = {}
        self._found: set[str] = set()

    def has(self, path: Path) -> bool:
        name = ".".join(path)  # a key may have dots itself
        self._met.setdefault(name)
        chosen = [each for each in self._fields if each == "*" or f".{name}".endswith(f".{each}")]
        self._found.update(chosen)
        return bool(chosen)

    def check(self, name: str) -> None:
        """Raise `ConfigError` without a choice, or for a field that does not occur."""
        there = shortened(list(self._met)) or "none"
        if not self._fields:
            raise ConfigError(
                f"{name}: which fields are text? Choose some, such as fields=title,body, or "
                f"fields='*'. There are: {there}"
            )
        for field in self._fields:
            if field not in self._found and field != "*":
                raise ConfigError(f"{name} has no field {field!r}. There are: {there}")


# JSON


def of_json(text: str, name: str, fields: Sequence[str]) -> list[Segment]:
    """The strings of chosen keys. Raises `DataError` for what is not JSON."""
    try:
        json_of(text)
    except ValueError as error:
        raise DataError(f"{name} is not JSON: {error}") from None

    is_ascii = text.isascii()  # then so are translations, by escapes
    chosen = _Chosen(fields)
    found: list[Segment] = []
    for path, start, end in _json_strings(text):
        if chosen.has(path):
            value = json_of(text[start:end])
            found += _plain(start, end, value, lambda new: _json_string(new, is_ascii))
    chosen.check(name)
    return found


def _json_string(text: str, is_ascii: bool) -> str:
    written = to_json(text)
    if not is_ascii:
        return written
    return "".join(one if one < "\x80" else _escaped(one) for one in written)


def _escaped(character: str) -> str:
    """A character as JSON's \\uXXXX, of which those beyond U+FFFF need two."""
    units = character.encode("utf-16-be")
    pairs = [units[i : i + 2].hex() for i in range(0, len(units), 2)]
    return "".join(f"\\u{pair}" for pair in pairs)


def _json_strings(text: str) -> Iterator[tuple[Path, int, int]]:
    """Path, start and end of each string that is a value. Items of a list have the list's path."""
    path: list[str | None] = []  # a key for each open object, None for each list
    is_key: list[bool] = []
    for match in _JSON_TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            path.append("" if token == "{" else None)
            is_key.append(token == "{")
        elif token in "}]":
            path.pop()
            is_key.pop()
        elif token == ":":
            is_key[-1] = False
        elif token == ",":
            is_key[-1] = path[-1] is not None
        elif is_key and is_key[-1]:
            path[-1] = json_of(token)
        else:
            keys = tuple(key for key in path if key is not None)
            yield keys, match.start(), match.end()


# YAML


def of_yaml(text: str, name: str, fields: Sequence[str]) -> list[Segment]:
    """The strings of chosen keys; comments, anchors and styles stay."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    except ImportError:
        raise ConfigError("YAML needs ruamel.yaml: pip install 'seqkit[documents]'") from None

    if _DEEP.search(text):  # which takes the parser minutes to find out
        raise DataError(f"{name} is nested too deep")
    reader = YAML(typ="rt", pure=True)
    chosen = _Chosen(fields)
    found: list[Segment] = []
    try:
        for root in reader.compose_all(text):
            for path, node in _scalars(root):
                if chosen.has(path):
                    found += _of_node(text, node)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it cannot be read"
        raise DataError(f"{name}{where}: not YAML: {what}") from None
    except RecursionError:
        raise DataError(f"{name} is nested too deep") from None
    chosen.check(name)
    return sorted(found, key=lambda segment: segment.start)


def _scalars(root: Any) -> Iterator[tuple[Path, Any]]:
    """The strings of a document that are values, each once however often it is an alias."""
    waiting: list[tuple[Path, Any]] = [((), root)]
    seen: set[int] = set()
    while waiting:
        path, node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "mapping":
            pairs = [((*path, str(key.value)), value) for key, value in node.value]
            waiting += reversed(pairs)
        elif node.id == "sequence":
            waiting += [(path, item) for item in reversed(node.value)]
        elif str(node.tag).endswith(":str"):
            yield path, node


def _of_node(text: str, node: Any) -> list[Segment]:
    start, end = node.start_mark.index, node.end_mark.index
    start = _PROPERTIES.match(text, start).end()  # type: ignore[union-attr]  # matches nothing
    if node.style in ("|", ">"):
        return _of_block(text, start, end)
    return _plain(start, end, node.value, lambda new: _yaml_string(new, node.style))


def _yaml_string(text: str, style: str | None) -> str:
    if style == "'":
        return "'" + text.replace("'", "''") + "'"
    is_safe = re.fullmatch(r"[^\W\d_][^:#\n\[\]{},&*!|>'\"%@`]*(?<!\s)", text)
    is_word = text.lower() in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    if style is None and is_safe and not is_word:
        return text
    return to_json(text)


def _of_block(text: str, start: int, end: int) -> list[Segment]:
    """The lines of a block scalar, each by itself: `|` keeps them, and `>` has few."""
    found: list[Segment] = []
    begin = text.index("\n", start) + 1
    for match in re.finditer(r"[^\r\n]+", text[begin:end]):
        line = match[0].strip()
        if has_letters(line):
            place = text.index(line, begin + match.start())
            found.append(Plain(place, place + len(line), line))
    return found


# Tables


def of_table(text: str, name: str, fields: Sequence[str], separator: str) -> list[Segment]:
    """The cells of chosen columns, by the names in the first row (RFC 4180)."""
    rows = list(_rows(text, separator, name))
    if not rows:
        return []

    header = [_cell(text[start:end]) for start, end in rows[0]]
    chosen = _Chosen(fields)
    wanted = [i for i, column in enumerate(header) if chosen.has((column,))]
    chosen.check(name)
    found: list[Segment] = []
    for row in rows[1:]:
        for i in wanted:
            if i < len(row):
                start, end = row[i]
                value = _cell(text[start:end])
                found += _plain(start, end, value, _cell_writer(text[start:end], separator))
    return found


def _rows(text: str, separator: str, name: str) -> Iterator[list[tuple[int, int]]]:
    """Start and end of each cell of each row, with its quotes."""
    cell = re.compile(rf'(?:"(?:[^"]|"")*+"|(?!")[^{separator}\r\n]*+)(?={separator}|\r|\n|\Z)')
    row: list[tuple[int, int]] = []
    place = 0
    while place < len(text):
        match = cell.match(text, place)
        if match is None:
            line = text.count("\n", 0, place) + 1
            raise DataError(f"{name}, line {line}: a quote within a cell: double it, or close it")
        row.append(match.span())
        place = match.end()
        if text.startswith(separator, place):
            place += 1
            if place < len(text):
                continue
        elif place < len(text):
            place += 2 if text.startswith("\r\n", place) else 1
        yield row
        row = []


def _cell(raw: str) -> str:
    return raw[1:-1].replace('""', '"') if raw.startswith('"') else raw


def _cell_writer(raw: str, separator: str) -> Callable[[str], str]:
    is_quoted = raw.startswith('"')

    def write(text: str) -> str:
        if is_quoted or re.search(rf'["\r\n{separator}]', text):
            return '"' + text.replace('"', '""') + '"'
        return text

    return write


def _plain(start: int, end: int, value: str, write: Callable[[str], str]) -> list[Segment]:
    """A value as a segment; its blanks at both ends stay, and one without letters is none."""
    inner = value.strip()
    if not has_letters(inner):
        return []

    before, after = value.split(inner, 1)
    line = " ".join(inner.split())
    return [with_tags(line, (start, end), lambda new: write(before + new + after))]
