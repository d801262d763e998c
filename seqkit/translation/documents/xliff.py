"""XLIFF 1.2 and 2: units without a target get one; all else stays."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import DataError
from ..explain import Alignment
from . import xml
from .markup import Kind, Token, names, segments_of
from .segment import Segment

_INLINE = names("g mrk pc sm em")
_POINTS = names("x bx ex ph it bpt ept cp sc ec sub")


@dataclass(frozen=True)
class _Target:
    """A source whose target is written after it."""

    source: Segment
    content: str
    inner: tuple[int, int]  # what is within <source>
    start: int
    end: int  # the same for a target that is inserted
    line_end: str  # with the indentation of <source>

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
        return f"{self.line_end}<target>{inner}</target>"


def segments(text: str, name: str) -> list[Segment]:
    """The sources of units that have no target yet."""
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
        place = _place(text, tokens, closing, end)
        inside = segments_of(text, tokens[i + 1 : closing], read=xml.unescaped)
        if place is None or len(inside) != 1:
            continue
        inner = (token.end, close.start)
        found.append(_Target(inside[0], text, inner, *place, _line_end(text, token.start)))
    return found


def _classify(tag: str, attributes: dict[str, str]) -> Kind | None:
    if tag in _INLINE:
        return Kind.OPEN
    return Kind.POINT if tag in _POINTS else None


def _place(text: str, tokens: list[Token], closing: int, end: int) -> tuple[int, int] | None:
    """Where the target goes; an empty one is replaced, and a full one is left: None."""
    for i, token in enumerate(tokens[closing + 1 :], closing + 1):
        if token.name in ("source", "trans-unit", "segment", "unit"):
            break
        if token.name == "target":
            return _empty_target(text, end, tokens[i])
    return end, end


def _empty_target(text: str, end: int, token: Token) -> tuple[int, int] | None:
    tag_end = text.index(">", token.start) + 1
    if text[tag_end - 2] == "/":
        return end, tag_end
    close = text.index("</", tag_end)
    if text[tag_end:close].strip() or not text.startswith("</target", close):
        return None
    return end, text.index(">", close) + 1


def _line_end(text: str, start: int) -> str:
    """What stands before <source>: a line end and blanks."""
    stripped = text[:start].rstrip()
    return text[len(stripped) : start]
