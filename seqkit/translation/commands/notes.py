"""What `translate` says on stderr about its input and its output, besides errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import click

from ...data.unpacking import PACKED

if TYPE_CHECKING:
    from ..documents.translating import Done

_MOST_LINES = 5  # that a note names
_SHOWN = 40  # characters of a segment

_BY_SUFFIX = {
    "subtitles": "srt vtt ass ssa sbv sub ttml",
    "HTML": "html htm xhtml",
    "XML": "xml xliff xlf tmx svg",
    "Markdown": "md markdown mdx rmd",
    "reStructuredText": "rst",
    "LaTeX": "tex latex",
    "a table": "csv tsv tab",
    "JSON": "json jsonl ndjson",
    "a table of messages": "po pot properties strings resx arb ftl",
    "YAML": "yaml yml",
    "an office document": "docx doc odt rtf pptx xlsx epub",
    "PDF": "pdf",
}
_NO_TEXT = ("an office document", "PDF")  # a file of bytes
_PACKED = PACKED | {".lzma"}

_BY_FIRST_LINES = [  # what it is, how it begins, and the name that such a document has
    ("subtitles", r"(?:\d+\n)?\s*(?:\d+:)?\d\d:\d\d[.,]\d{3}\s+-->", ".srt"),
    ("subtitles", r"WEBVTT\b", ".vtt"),
    ("subtitles", r"\[Script Info\]", ""),
    ("HTML", r"\s*<(?:!DOCTYPE html|html|head|body|div|p|h1)\b", ".html"),
    ("XML", r"\s*<\?xml\b", ""),
    ("Markdown", r"#{1,6} \S|---\n\w+:|```", ".md"),
    ("LaTeX", r"\s*\\(?:documentclass|begin|section)\b", ""),
    ("a table", r"[^\t\n]+\t[^\n]*\n[^\t\n]+\t", ".tsv"),
    ("a table", r"\|.*\|\n\|[\s:|-]+\|", ".md"),
    ("JSON", r"\s*[{\[]\s*(?:\n\s*)?\"", ".json"),
    ("a table of messages", r"(?:#.*\n)*msgid \"", ".po"),
    ("an office document", r"PK\x03\x04|\{\\rtf", ""),
    ("PDF", r"%PDF-", ""),
]


def noting_documents(path: Path | None, chunks: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    """The chunks of a text, after a note if its name or its first lines are a document's."""
    kind = _kind_by_name(path) if path is not None else None
    if path is not None and kind:
        # before it is read, since it may not be text at all
        _note_document(path, kind, _as_it_is_named(path))
        return chunks

    first = next(chunks, [])
    kind, name = _kind_by_first_lines(first)
    if kind:
        way = f"name it by what it is ({name}) and give -i FILE and -o FILE" if name else ""
        _note_document(path, kind, way)
    return chain([first], chunks)


def _as_it_is_named(path: Path) -> str:
    from ..documents.kinds import kind_of

    return "give -i FILE and -o FILE" if kind_of(path) else ""


def _note_document(path: Path | None, kind: str, way: str) -> None:
    name = "stdin" if path is None or str(path) == "-" else str(path)
    if kind in _NO_TEXT and not way:
        click.echo(f"note: {name} looks like {kind}, which is no text: save it as text", err=True)
        return

    advice = f". To have a document translated, {way}" if way else ""
    click.echo(
        f"note: {name} looks like {kind}: each line is translated by itself; times, tags, URLs and "
        f"code are copied{advice}",
        err=True,
    )


def _kind_by_name(path: Path) -> str | None:
    suffixes = [suffix for suffix in path.suffixes if suffix.lower() not in _PACKED]
    last = suffixes[-1].lower().removeprefix(".") if suffixes else ""
    for kind, names in _BY_SUFFIX.items():
        if last in names.split():
            return kind
    return None


def _kind_by_first_lines(lines: Sequence[str]) -> tuple[str, str]:
    start = "\n".join(line.rstrip("\r") for line in lines[:3]).removeprefix("\ufeff")
    for kind, pattern, name in _BY_FIRST_LINES:
        if re.match(pattern, start, re.IGNORECASE):
            return kind, name
    return "", ""


class _ToCheck:
    """Lines that a person should look at, in constant memory."""

    problem = ""  # "1 line has …"

    def __init__(self, what: str = "line") -> None:
        """`what` is what they are called: "segment"."""
        self.lines = 0
        self._what = what
        self._first: list[str] = []

    def add(self, place: str, items: Sequence[str]) -> None:
        """What is wrong at a place, such as "3" for the third line; nothing if all is well."""
        if not items:
            return

        self.lines += 1
        if len(self._first) < _MOST_LINES:
            shown = ", ".join(value for value, _ in groupby(items))
            self._first.append(f"{place} ({shown})")

    def note(self) -> None:
        """Name the first of them, if there are any."""
        if not self.lines:
            return
        more = "" if self.lines == len(self._first) else " …"
        what = self._what
        count = f"1 {what} has" if self.lines == 1 else f"{self.lines:,} {what}s have"
        click.echo(
            f"note: {count} {self.problem}, please check: {what} {', '.join(self._first)}{more}",
            err=True,
        )


class LostNumbers(_ToCheck):
    """Where numbers did not come back."""

    problem = "numbers that did not come back"


class UnplacedTerms(_ToCheck):
    """Where terms of the glossary are whose translations are missing."""

    problem = "terms that could not be placed"


def note_segments(documents: Iterable[Done]) -> None:
    """Name the segments of documents that a person should look at, by how they begin."""
    from ..predictions import lost_numbers

    lost, unplaced = LostNumbers("segment"), UnplacedTerms("segment")
    for done in documents:
        for source, translation in dict(done.pairs).items():
            place = f"“{shorten(source, _SHOWN, placeholder='…')}”"
            lost.add(place, lost_numbers(source, translation))
            unplaced.add(place, done.unplaced.get(source, ()))
    lost.note()
    unplaced.note()
