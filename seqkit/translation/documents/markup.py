"""Segments of HTML and XML: the text between block tags, with inline tags as markup."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from ...text.spans import has_letters, pieces
from .inline import Marked
from .runs import Element, Elements, Run, collapsed, glued
from .segment import Segment


class Kind(Enum):
    """What a stretch of a file is."""

    TEXT = "text"
    OPEN = "open"  # an inline tag
    CLOSE = "close"
    POINT = "point"  # inline markup without text
    KEPT = "kept"  # what stays as it is, and is a word of its sentence: inline code
    SPACE = "space"  # what belongs to the tag before it: properties of a run
    BLOCK = "block"  # what no sentence goes over


ANY_TAG = re.compile(r"<[^<>]*>")
_BESIDE = "word"  # which shows what stays in a sentence
_TAGS = (Kind.OPEN, Kind.CLOSE)
_DEEPEST = 100  # inline tags within each other: no sentence goes over more


@dataclass(frozen=True)
class Token:
    """A stretch of a file, from character `start` to `end`."""

    kind: Kind
    start: int
    end: int
    name: str = ""  # of the tag


def names(text: str) -> frozenset[str]:
    """The names of tags, which stand between blanks."""
    return frozenset(text.split())


def escaped(text: str) -> str:
    """A text as it stands in HTML or XML."""
    return html.escape(text, quote=False)


def unmarked(raw: str) -> str:
    """The text of HTML or XML."""
    return html.unescape(ANY_TAG.sub("", raw))


@dataclass(frozen=True)
class Spelling:
    """How the text of a file is read and written."""

    read: Callable[[str], str] = html.unescape
    escape: Callable[[str], str] = escaped
    read_kept: Callable[[str], str] = unmarked


HTML = Spelling()


def segments_of(
    content: str, tokens: Iterable[Token], spelling: Spelling = HTML, *, strict: bool = False
) -> list[Segment]:
    """The segments between block tags, in order; text without letters is none."""
    found: list[Segment] = []
    waiting: list[Token] = []

    def flush() -> None:
        for part in _balanced(waiting):
            segment = _segment(content, part, spelling, strict)
            if segment is not None:
                found.append(segment)
        waiting.clear()

    depth = 0
    for token in tokens:
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        if token.kind is Kind.BLOCK or depth > _DEEPEST:
            flush()
            depth = 0
        if token.kind is not Kind.BLOCK:
            waiting.append(token)
    flush()
    return found


def _balanced(tokens: list[Token]) -> list[list[Token]]:
    """Tokens cut at tags that have no partner among them, and at pairs around such tags."""
    pairs = _pairs(tokens)
    lonely = _lonely_before(tokens, pairs)
    whole = [(start, end) for start, end in pairs if lonely[start] == lonely[end]]
    kept = {place for pair in whole for place in pair}

    parts: list[list[Token]] = [[]]
    for i, token in enumerate(tokens):
        if token.kind in _TAGS and i not in kept:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _pairs(tokens: list[Token]) -> list[tuple[int, int]]:
    """Places of tags that belong together, properly nested."""
    pairs: list[tuple[int, int]] = []
    opened: list[int] = []
    count: dict[str, int] = {}
    for i, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            opened.append(i)
            count[token.name] = count.get(token.name, 0) + 1
        elif token.kind is Kind.CLOSE and count.get(token.name):
            while tokens[opened[-1]].name != token.name:  # never closed
                count[tokens[opened.pop()].name] -= 1
            pairs.append((opened.pop(), i))
            count[token.name] -= 1
    return pairs


def _lonely_before(tokens: list[Token], pairs: list[tuple[int, int]]) -> list[int]:
    """How many tags without a partner there are before each place."""
    paired = {place for pair in pairs for place in pair}
    counts: list[int] = []
    count = 0
    for i, token in enumerate(tokens):
        counts.append(count)
        count += token.kind in _TAGS and i not in paired
    return counts


def _segment(content: str, tokens: list[Token], spelling: Spelling, strict: bool) -> Segment | None:
    """The segment from the first token with text to the last, with the tags around them."""
    tokens = _trimmed(content, tokens)
    if not tokens:
        return None

    runs = collapsed(glued(_runs(content, tokens, spelling, strict), spelling.escape))
    if not has_letters("".join(run.text for run in runs if not run.kept)):
        return None
    start, end = tokens[0].start, tokens[-1].end
    if tokens[0].kind is Kind.TEXT:
        start += _blanks(content[start : tokens[0].end])
    if tokens[-1].kind is Kind.TEXT:
        end -= _blanks(content[tokens[-1].start : end][::-1])
    return Marked(start, end, runs, spelling.escape, strict)


def _trimmed(content: str, tokens: list[Token]) -> list[Token]:
    """Tokens without what is blank, empty or a point at both ends, and without tags around all."""

    def is_text(token: Token) -> bool:
        is_blank = not content[token.start : token.end].strip()
        return token.kind is Kind.KEPT or (token.kind is Kind.TEXT and not is_blank)

    texts = [i for i, token in enumerate(tokens) if is_text(token)]
    if not texts:
        return []

    first, last = texts[0], texts[-1]
    depth = lowest = 0
    for token in tokens[first:last]:
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        lowest = min(lowest, depth)
    needed_before, needed_after = -lowest, depth - lowest
    while needed_before:
        first -= 1
        needed_before += (tokens[first].kind is Kind.CLOSE) - (tokens[first].kind is Kind.OPEN)
    while needed_after:
        last += 1
        needed_after += (tokens[last].kind is Kind.OPEN) - (tokens[last].kind is Kind.CLOSE)
    return tokens[first : last + 1]


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip(" \t\r\n\f"))


def _runs(content: str, tokens: list[Token], spelling: Spelling, strict: bool) -> list[Run]:
    runs: list[Run] = []
    elements: list[Element] = []
    closes = _closing_tags(content, tokens)
    for i, token in enumerate(tokens):
        raw = content[token.start : token.end]
        inside: Elements = tuple(elements)
        if token.kind is Kind.TEXT:
            runs.append(Run(spelling.read(raw), inside))
        elif token.kind is Kind.KEPT:
            shown = _shown(spelling.read_kept(raw))
            runs.append(Run(shown, inside, kept=raw) if shown else Run("", inside, raw))
        elif token.kind is Kind.POINT:
            runs.append(Run("", inside, raw))
        elif token.kind is Kind.OPEN:
            elements.append(Element(raw, closes[i]))
        elif token.kind is Kind.SPACE and elements and not _is_used(elements[-1], runs):
            last = elements.pop()
            elements.append(Element(last.open + raw, last.close))
        elif token.kind is Kind.CLOSE:
            closed = elements.pop()
            outside = tuple(elements)
            if not _is_used(closed, runs):  # an empty one, such as an anchor
                runs.append(Run("", outside, closed.open + closed.close))
            elif not strict and _is_blank(closed, runs):  # such as an icon
                blank = content[tokens[i - 1].start : token.start]
                runs[-1] = Run(" ", outside)
                runs.append(Run("", outside, closed.open + blank + closed.close))
    return runs


def _shown(text: str) -> str:
    """What stays, as translators know it: as code, unless it is a URL or the like; "" if not."""
    text = " ".join(text.split())
    for shown in (text, f"`{text}`", f"`` {text} ``") if text else ():
        found = [(piece.text, piece.kind) for piece in pieces(f"{_BESIDE} {shown} {_BESIDE}")]
        if (shown, "name") in found:
            return shown
    return ""


def _is_used(element: Element, runs: list[Run]) -> bool:
    """Whether a run is within an element, the innermost so far."""
    return bool(runs) and element in runs[-1].elements


def _is_blank(element: Element, runs: list[Run]) -> bool:
    """Whether the last run is all that an element has, and only blanks."""
    last = runs[-1]
    is_all = last.elements[-1] is element and not (runs[:-1] and element in runs[-2].elements)
    return is_all and bool(last.text) and not last.text.strip()


def _closing_tags(content: str, tokens: list[Token]) -> dict[int, str]:
    """The text of the closing tag of each opening one."""
    found: dict[int, str] = {}
    opened: list[int] = []
    for i, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            opened.append(i)
        elif token.kind is Kind.CLOSE:
            found[opened.pop()] = content[token.start : token.end]
    return found
