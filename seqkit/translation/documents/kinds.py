"""The kind of a document, by its name and its content, which must agree."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

from ...data.files import reading
from ...errors import ConfigError, DataError
from . import fields as of_fields
from . import gettext, html, markdown, packed, plain, subtitles, xliff
from .content import Content, decode
from .document import Document, TextDocument
from .segment import Segment

Find = Callable[[Content, str, Sequence[str]], list[Segment]]

_TEXTS: dict[str, Find] = {
    "txt": lambda content, name, chosen: plain.segments(content.text),
    "srt": lambda content, name, chosen: subtitles.segments(content.text, name),
    "vtt": lambda content, name, chosen: subtitles.segments(content.text, name, has_entities=True),
    "html": lambda content, name, chosen: html.segments(content.text),
    "md": lambda content, name, chosen: markdown.segments(content.text, name),
    "po": lambda content, name, chosen: gettext.segments(content.text, name),
    "xliff": lambda content, name, chosen: xliff.segments(content.text, name),
    "json": lambda content, name, chosen: of_fields.of_json(content.text, name, chosen),
    "yaml": lambda content, name, chosen: of_fields.of_yaml(content.text, name, chosen),
    "csv": lambda content, name, chosen: of_fields.of_table(content.text, name, chosen, ","),
    "tsv": lambda content, name, chosen: of_fields.of_table(content.text, name, chosen, "\t"),
}
_ALIASES = {"htm": "html", "xhtml": "html", "markdown": "md", "pot": "po", "xlf": "xliff"}
_ALIASES |= {"yml": "yaml"}
_WITH_FIELDS = ("json", "yaml", "csv", "tsv")
_DECLARING = ("html", "xliff", "po")  # which name their encoding themselves

_LARGEST = {  # megabytes that are read of a kind: with what is made of them, up to 3 GB of memory
    **dict.fromkeys(("txt", "srt", "vtt", "po", "json"), 128),
    **dict.fromkeys(("html", "xliff"), 64),
    **dict.fromkeys(("md", "csv", "tsv", "yaml"), 32),
    **dict.fromkeys(packed.KINDS, 256),  # mostly pictures; see `packed` for their texts
}

_SIGNS = {  # how files of other kinds begin
    "a zip file or an office document": rb"PK\x03\x04",
    "an old or an encrypted office document": rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a PDF": rb"%PDF-",
    "an RTF document": rb"\{\\rtf",
    "gzip data": rb"\x1f\x8b",
    "a picture": rb"\x89PNG|\xff\xd8\xff|GIF8",
}


def kind_of(path: Path) -> str | None:
    """The kind that a name says; None if it is not a document that can be translated."""
    suffix = path.suffix.lower().removeprefix(".")
    kind = _ALIASES.get(suffix, suffix)
    return kind if kind in _TEXTS or kind in packed.KINDS else None


def known_kinds() -> str:
    """The kinds of documents, for errors: ".csv, .docx"."""
    return ", ".join(f".{name}" for name in sorted([*_TEXTS, *packed.KINDS]))


def has_fields(path: Path) -> bool:
    """Whether the text of a document is in fields that must be chosen."""
    return kind_of(path) in _WITH_FIELDS


def open_document(path: Path, fields: Sequence[str] = ()) -> Document:
    """Read a document. Raises `DataError` for one that is damaged, or is not what its name says.

    `fields` are the names of the columns or keys whose values are text, of tables, JSON and YAML.
    """
    kind = kind_of(path)
    if kind is None:
        raise DataError(
            f"{path}: documents of this kind cannot be translated. Known: {known_kinds()}"
        )
    return read_document(_bytes_of(path, kind), str(path), kind, fields)


def read_document(data: bytes, name: str, kind: str, fields: Sequence[str] = ()) -> Document:
    """`open_document` of bytes; `name` is what errors call them."""
    _check_size(len(data), name, kind)
    if fields and kind not in _WITH_FIELDS:
        raise ConfigError(f"{name} has no fields to choose: only .json, .yaml, .csv and .tsv have")

    found = _sign_of(data)
    if kind in packed.KINDS:
        if not zipfile.is_zipfile(BytesIO(data)):
            what = f"it is {found}" if found and not found.startswith("a zip") else "it is damaged"
            what = what if data else "it is empty"
            raise DataError(f"{name} is not a readable .{kind}: {what}")
        return packed.read(data, name, kind)

    if found:
        raise DataError(f"{name} is not a .{kind} file, but {found}: give it its right name")
    content = decode(data, name, may_declare=kind in _DECLARING, has_references=kind != "po")
    if kind == "vtt" and content.text.strip() and not content.text.startswith("WEBVTT"):
        raise DataError(f"{name} does not begin with WEBVTT: it is not a .vtt file")
    return TextDocument(content, _TEXTS[kind](content, name, fields))


def _sign_of(data: bytes) -> str:
    for what, sign in _SIGNS.items():
        if re.match(sign, data):
            return what
    return ""


def _bytes_of(path: Path, kind: str) -> bytes:
    with reading(path):
        _check_size(path.stat().st_size, str(path), kind)
        return path.read_bytes()


def _check_size(size: int, name: str, kind: str) -> None:
    """Raise `DataError` for a document that memory may be too small for."""
    most = _LARGEST[kind]
    if size > most << 20:
        raise DataError(
            f"{name} has {size / 1e6:,.0f} MB: .{kind} of up to {most} MB are translated as "
            "documents; split it, or give its text line by line as .txt without --document"
        )
