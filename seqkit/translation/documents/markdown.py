"""Markdown: blocks by markdown-it-py (CommonMark and tables), inline markup by place.

Front matter, code, HTML blocks and link definitions stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...errors import ConfigError, DataError
from .markup import Kind, Spelling, Token, segments_of
from .segment import Rewritten, Segment

_DEEPEST = 100  # quotes and lists within each other
_CONTAINERS = ("blockquote_open", "list_item_open")
_FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*\r?\n.*?^\1[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_INLINE = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<kept><(?:https?|ftp|mailto):[^<>\s]*>|\{\{.*?\}\}|\$[^$\s][^$\n]*\$|https?://[^\s<>)\]]+)"
    r"|(?P<point><!--.*?-->|!\[[^\]\n]*\]\([^()\n]*\)|\[\^[^\]\n]+\]|\{%.*?%\}|<br\s*/?>)"
    r"|(?P<html></?(?P<tag>[A-Za-z][\w-]*)(?:\s[^<>\n]*)?>)"
    r"|(?P<link>\[)|(?P<close>\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*"
    r"(?:\s+\"[^\"\n]*\")?\)|\[[^\]\n]*\])?)"
    r"|(?P<emphasis>\*{1,3}|~~|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w))",
    re.DOTALL,
)


def segments(text: str, name: str) -> list[Segment]:
    """The paragraphs, headings, items and cells of a Markdown text.

    Raises `DataError` for one with quotes and lists too deep, in which the parser reads nothing.
    """
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise ConfigError(
            "Markdown needs markdown-it-py: pip install 'seqkit[documents]'"
        ) from None

    front = _FRONT_MATTER.match(text)
    skipped = front.end() if front else 0
    body = text[skipped:]
    starts = _line_starts(body)
    found: list[Segment] = []
    place = 0
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    for token in parser.parse(body):
        if token.type in _CONTAINERS and token.level >= _DEEPEST - 1:
            line = text.count("\n", 0, skipped) + (token.map[0] if token.map else 0) + 1
            raise DataError(
                f"{name}, line {line}: quotes and lists are {_DEEPEST} levels deep (a list: two): "
                "flatten them, or what is in them cannot be read"
            )
        if token.type != "inline" or not token.content.strip():
            continue
        if token.map:
            place = max(place, starts[token.map[0]])
        limit = starts[token.map[1]] if token.map else len(body)
        spans = _located(body, token.content, place, limit)
        if spans is None:
            continue
        place = spans[-1][1]
        moved = [(start + skipped, end + skipped) for start, end in spans]
        for segment in segments_of(text, _tokens(text, moved), _SPELLING):
            found.append(Rewritten(segment, _no_block))
    return found


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text)), len(text)]


def _located(text: str, content: str, place: int, limit: int) -> list[tuple[int, int]] | None:
    """Where the lines of a block's content are, between two places; None if they are not there."""
    spans: list[tuple[int, int]] = []
    *lines, last = content.split("\n")
    for line in [*(line.removesuffix("\\") for line in lines), last]:  # of a hard break
        line = line.strip()
        start = text.find(line, place, limit)
        if start < 0:
            return None
        place = start + len(line)
        spans.append((start, place))
    return spans


def _tokens(text: str, spans: list[tuple[int, int]]) -> Iterator[Token]:
    """The tokens of a paragraph; a line break, with what begins the next line, is a blank."""
    opened: list[str] = []
    for i, (start, end) in enumerate(spans):
        if i:
            gap = (spans[i - 1][1], start)
            is_hard = re.match(r"(?: {2,}|\\)\r?\n", text[gap[0] : gap[1]])
            yield Token(Kind.BLOCK if is_hard else Kind.TEXT, *gap)
        done = start
        for match in _INLINE.finditer(text, start, end):
            token = _token(match, text, opened)
            if token is None:
                continue
            if token.start > done:
                yield Token(Kind.TEXT, done, token.start)
            yield token
            done = token.end
        if end > done:
            yield Token(Kind.TEXT, done, end)


def _token(match: re.Match[str], text: str, opened: list[str]) -> Token | None:
    """The token of inline markup; None for what is text."""
    start, end = match.span()
    if match["point"]:
        return Token(Kind.POINT, start, end)
    if match["code"] or match["kept"]:
        return Token(Kind.KEPT, start, end)
    if match["html"]:
        kind = Kind.CLOSE if match[0].startswith("</") else Kind.OPEN
        return Token(kind, start, end, match["tag"].lower())
    if match["link"]:
        opened.append("[")
        return Token(Kind.OPEN, start, end, "[")
    if match["close"]:
        if "[" not in opened:
            return None
        opened.remove("[")
        return Token(Kind.CLOSE, start, end, "[")
    if match["emphasis"]:
        return _emphasis(match, text, opened)
    return None


def _emphasis(match: re.Match[str], text: str, opened: list[str]) -> Token | None:
    mark = match[0]
    follows, before = text[match.end() : match.end() + 1], text[match.start() - 1 : match.start()]
    if mark in opened and before.strip():
        opened.remove(mark)
        return Token(Kind.CLOSE, *match.span(), mark)
    if follows.strip():
        opened.append(mark)
        return Token(Kind.OPEN, *match.span(), mark)
    return None


def _read(raw: str) -> str:
    """Text as it is read: no escapes, and no marks of a quote where a line begins."""
    joined = re.sub(r"[ \t]*(?:\r\n|\n|\r)(?:[ \t]*>)*[ \t]*", " ", raw)
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", joined)


def _escaped(word: str) -> str:
    return re.sub(r"([\\`*\[\]<|]|(?<!\w)_|_(?!\w))", r"\\\1", word)


def _read_kept(raw: str) -> str:
    """Code with its marks, and an address without those around it."""
    return raw.strip("<>") if raw.startswith("<") else _read(raw)


_SPELLING = Spelling(_read, _escaped, _read_kept)


def _no_block(line: str) -> str:
    """A line that begins no list, quote, heading or code: `1. Mai` is a date."""
    line = re.sub(r"^(?=>|[-+]\s|#{1,6}\s|~~~)", r"\\", line)
    line = re.sub(r"^(\d{1,9})(?=[.)]\s)", r"\1\\", line)
    return re.sub(r"(?<=\s)(?=#+$)", r"\\", line)  # which ends a heading
