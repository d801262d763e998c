"""XML: tokens with their places, by expat, which checks that the file is well-formed.

Entities that a file declares itself are refused, and so are bombs and what is outside of the file
(as defusedxml does).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat

from ...errors import DataError
from .markup import Kind, Spelling, Token

_DEEPEST = 1000  # elements within elements

_REFERENCE = re.compile(r"&(?:#(\d+)|#x([0-9A-Fa-f]+)|(amp|lt|gt|quot|apos));")
_PREDEFINED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}

Classify = Callable[[str, dict[str, str]], Kind | None]
"""What an element is, from its name as written and its attributes.

OPEN: inline; BLOCK; POINT, KEPT or SPACE: it and all within it; None: text within it is not text,
but elements in it may have some.
"""


def tokens(
    text: str, name: str, classify: Classify, *, holds_text: Callable[[str], bool] | None = None
) -> list[Token]:
    """The tokens of an XML file; raises `DataError` naming the file and line.

    With `holds_text`, only the text directly within elements of such names is text.
    """
    reader = _Reader(classify, holds_text)
    data = text.encode("utf-8")
    try:
        reader.parse(data)
    except expat.ExpatError as error:
        what = expat.errors.messages.get(error.code, "error")
        raise DataError(
            f"{name}, line {error.lineno}: not well-formed XML ({what}): repair it there"
        ) from None
    except _Refused as error:
        raise DataError(f"{name} {error}") from None

    places = [start for _, start, _ in reader.found]
    starts = _characters(data, places, is_ascii=len(data) == len(text))
    ends = [*starts[1:], len(text)]
    items = zip(reader.found, starts, ends, strict=True)
    return [Token(kind, start, end, tag) for (kind, _, tag), start, end in items]


def unescaped(text: str) -> str:
    """The text of XML, which has five named entities and not those of HTML."""
    return _REFERENCE.sub(_character, text)


SPELLING = Spelling(unescaped)


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _PREDEFINED[name]
    return chr(int(decimal) if decimal else int(hexadecimal, 16))


def _characters(data: bytes, places: list[int], *, is_ascii: bool) -> list[int]:
    """The characters at places counted in bytes of UTF-8."""
    if is_ascii:
        return places

    found: list[int] = []
    done = count = 0
    for place in places:
        count += len(data[done:place].decode("utf-8"))
        done = place
        found.append(count)
    return found


class _Refused(Exception):
    pass


class _Reader:
    """The events of expat as kinds and places."""

    def __init__(self, classify: Classify, holds_text: Callable[[str], bool] | None) -> None:
        self._classify = classify
        self._holds_text = holds_text
        self._open: list[tuple[str, Kind | None]] = []
        self._whole = 0  # how deep within an element that is one token
        self.found: list[tuple[Kind, int, str]] = []

        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = lambda _: self._other()
        parser.ProcessingInstructionHandler = lambda *_: self._other()
        parser.StartCdataSectionHandler = self._start_cdata
        parser.EndCdataSectionHandler = self._end_cdata
        parser.EntityDeclHandler = self._refuse_entity
        parser.ExternalEntityRefHandler = lambda *_: 0
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser = parser

    def parse(self, data: bytes) -> None:
        self._parser.Parse(data, True)

    def _add(self, kind: Kind, tag: str = "") -> None:
        start = self._parser.CurrentByteIndex
        is_more = self.found and self.found[-1][0] is kind is Kind.TEXT
        if not is_more:
            self.found.append((kind, start, tag))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            raise _Refused(f"has elements more than {_DEEPEST:,} deep: it is refused")

        kind = self._classify(tag, attributes)
        self._open.append((tag, kind))
        if self._whole:
            self._whole += 1
            return
        if kind in (Kind.POINT, Kind.SPACE, Kind.KEPT):
            self._whole = 1
        self._add(kind or Kind.BLOCK, tag)

    def _end(self, tag: str) -> None:
        _, kind = self._open.pop()
        if self._whole > 1:
            self._whole -= 1
            return
        if self._whole:
            self._whole = 0
            return
        self._add(Kind.CLOSE if kind is Kind.OPEN else Kind.BLOCK, tag)

    def _text(self, data: str) -> None:
        if self._whole:
            return
        tag = self._open[-1][0]
        if self._holds_text is None or self._holds_text(tag):
            self._add(Kind.TEXT)
        else:
            self._add(Kind.SPACE if not data.strip() else Kind.BLOCK)

    def _start_cdata(self) -> None:
        """A section whose text stays: it is often markup of another language."""
        self._other()
        self._whole += 1

    def _end_cdata(self) -> None:
        self._whole -= 1

    def _other(self) -> None:
        if not self._whole:
            self._add(Kind.BLOCK)

    def _refuse_entity(self, *_: object) -> None:
        raise _Refused(
            "declares entities of its own, which can hide bombs and other files: replace them by "
            "their text and take the declarations out"
        )
