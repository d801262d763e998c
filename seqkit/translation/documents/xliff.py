"""XLIFF 1.2 and 2: units without a target get one; all else stays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ...errors import DataError
from ..explain import Alignment
from . import xml
from .markup import ANY_TAG, Kind, Spelling, Token, names, segments_of
from .segment import Segment

_INLINE = names("g mrk pc sm em")
_POINTS = names("bx ex it bpt ept cp sc ec sub")
_PLACEHOLDERS = names("x ph")  # of a value, or with a type, of a line break or a picture
_SHOWN = re.compile(r'\b(equiv-text|disp|equiv|id)="([^"]*)"')


class _Place(NamedTuple):
    """Where a target is written: after its source, or into one that is empty."""

    start: int
    end: int
    opening: str = ""
    closing: str = ""


@dataclass(frozen=True)
class _Target:
    """A source and where its target goes."""

    source: Segment
    content: str
    inner: tuple[int, int]  # what is within <source>
    place: _Place

    @property
    def start(self) -> int:
        return self.place.start

    @property
    def end(self) -> int:
        return self.place.end

    @property
    def text(self) -> str:
        return self.source.text

    @property
    def has_markup(self) -> bool:
        return self.source.has_markup

    def written(self, translation: str, alignment: Alignment | None) -> str:
        first, last = self.inner
        before = self.content[first : self.source.start]
        after = self.content[self.source.end : last]
        inner = before + self.source.written(translation, alignment) + after
        return f"{self.place.opening}{inner}{self.place.closing}"


def segments(text: str, name: str) -> list[Segment]:
    """The sources of units that have no target yet, and may be translated."""
    tokens = xml.tokens(text, name, _classify)
    if not any(token.name == "xliff" for token in tokens):
        raise DataError(f"{name} has no <xliff>: it is not an XLIFF file")

    found: list[Segment] = []
    for i, token in enumerate(tokens):
        is_source = token.name == "source" and token.kind is Kind.BLOCK
        if not is_source or text.startswith("</", token.start) or text[token.end - 2] == "/":
            continue

        closing = next(j for j in range(i + 1, len(tokens)) if tokens[j].name == "source")
        close = tokens[closing]
        end = text.index(">", close.start) + 1
        new = _Place(end, end, f"{_line_end(text, token.start)}<target>", "</target>")
        following = (tokens[j] for j in range(closing + 1, len(tokens)))
        place = _place(text, following, new)
        inside = segments_of(text, tokens[i + 1 : closing], _SPELLING)
        if place is None or len(inside) != 1:
            continue
        inner = (token.end, close.start)
        found.append(_Target(inside[0], text, inner, place))
    return found


def _classify(tag: str, attributes: dict[str, str]) -> Kind | None:
    if attributes.get("translate") == "no":
        return Kind.KEPT if tag in _INLINE else Kind.POINT
    if tag in _INLINE:
        return Kind.OPEN
    if tag in _PLACEHOLDERS and not attributes.keys() & {"ctype", "type", "subType"}:
        return Kind.KEPT
    return Kind.POINT if tag in _POINTS | _PLACEHOLDERS else None


def _read_kept(raw: str) -> str:
    """What a placeholder stands for, as it says, or its name; "" for markup of another language."""
    shown = dict(_SHOWN.findall(raw))
    names = [shown.get(key, "") for key in ("equiv-text", "disp", "equiv", "id")]
    texts = [xml.unescaped(one) for one in (ANY_TAG.sub("", raw).strip(), *names) if one]
    return "" if not texts or texts[0].startswith("<") else texts[0]


_SPELLING = Spelling(xml.unescaped, read_kept=_read_kept)


def _place(text: str, tokens: Iterable[Token], new: _Place) -> _Place | None:
    """Where the target goes; an empty one is filled, and a full one is left: None."""
    for token in tokens:
        if token.name in ("source", "alt-trans", "trans-unit", "segment", "unit"):
            break
        if token.name == "target":
            return _empty_target(text, token)
        if token.name == "seg-source" and text.startswith("</", token.start):
            end = text.index(">", token.start) + 1
            new = new._replace(start=end, end=end)
    return new


def _empty_target(text: str, token: Token) -> _Place | None:
    tag_end = text.index(">", token.start) + 1
    if text[tag_end - 2] == "/":
        return _Place(tag_end - 2, tag_end, ">", "</target>")
    close = text.index("</", tag_end)
    if text[tag_end:close].strip() or not text.startswith("</target", close):
        return None
    return _Place(tag_end, close)


def _line_end(text: str, start: int) -> str:
    """What stands before <source>: a line end and blanks."""
    first = start
    while first and text[first - 1].isspace():
        first -= 1
    return text[first:start]
