"""Markdown: blocks by markdown-it-py (CommonMark and tables), inline markup by place.

Front matter, code, HTML blocks, link definitions and the fences of extensions stay.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Container, Iterator
from typing import Any

from ...errors import ConfigError, DataError
from .markup import Kind, Spelling, Token, segments_of, unmarked
from .segment import Rewritten, Segment

_DEEPEST = 100  # quotes and lists within each other
_CONTAINERS = ("blockquote_open", "list_item_open")
_FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*\r?\n.*?^\1[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_LABEL = re.compile(r"\[[ xX]\][ \t]+|\[\^[^\]\n]+\]:[ \t]*|:[ \t]+")  # of a task, note, definition
_CELLS = ("th_open", "td_open")  # whose bars have a backslash
_FENCE = re.compile(r":{3,}|(?:!!!|\?\?\?\+?|===)\s")  # of MyST, Docusaurus, MkDocs
_INLINE = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<code>(?<!`)(?P<ticks>`+)(?!`).{1,2000}?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<kept><(?:https?|ftp|mailto):[^<>\s]*>|https?://[^\s<>)\]]+|\{\{.{0,2000}?\}\}"
    r"|\$\$.{1,2000}?\$\$|\$(?!\s)[^$\n]+(?<!\s)\$(?!\d)"
    r"|<(?P<mono>code|kbd|samp|var)\b[^<>]*>.{0,2000}?</(?P=mono)>)"
    r"|(?P<point><!--.{0,2000}?-->|!\[[^\]\n]*\]\([^()\n]*\)|\[\^[^\]\n]+\]"
    r"|\{%.{0,2000}?%\}|<br\s*/?>)"
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
    before = ""  # the block that a text is in
    known: dict[str, Any] = {}
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    for token in parser.parse(body, known):
        if token.type in _CONTAINERS and token.level >= _DEEPEST - 1:
            line = text.count("\n", 0, skipped) + (token.map[0] if token.map else 0) + 1
            raise DataError(
                f"{name}, line {line}: quotes and lists are {_DEEPEST} levels deep (a list: two): "
                "flatten them, or what is in them cannot be read"
            )
        if token.type != "inline" or not token.content.strip():
            before = token.type
            continue
        if token.map:
            place = max(place, starts[token.map[0]])
        limit = starts[token.map[1]] if token.map else len(body)
        content = token.content.replace("|", r"\|") if before in _CELLS else token.content
        spans = _located(body, content, place, limit)
        if spans is None:
            continue
        place = spans[-1][1]
        moved = [(start + skipped, end + skipped) for start, end in spans]
        rewrite = _no_block if before == "paragraph_open" else _no_closing
        for block in _between_fences(text, moved):
            lines = _unbroken(text, block)
            links = _links(text, lines, known.get("references", {}))
            for segment in segments_of(text, _tokens(text, lines, links), _SPELLING):
                found.append(Rewritten(segment, rewrite))
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


def _between_fences(text: str, spans: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The lines of a paragraph, cut at those that open or close a block of an extension."""
    found: list[list[tuple[int, int]]] = [[]]
    for span in spans:
        if _FENCE.match(text, *span):
            found.append([])
        else:
            found[-1].append(span)
    return [block for block in found if block]


def _unbroken(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The lines of a block, those as one over whose end code or other markup goes."""
    ends = [end for _, end in spans]
    crossed: set[int] = set()
    for match in _INLINE.finditer(text, spans[0][0], ends[-1]):
        crossed.update(ends[bisect_right(ends, match.start()) : bisect_left(ends, match.end())])

    found = spans[:1]
    for start, end in spans[1:]:
        first, last = found[-1]
        if last in crossed:
            found[-1] = (first, end)
        else:
            found.append((start, end))
    return found


def _links(text: str, spans: list[tuple[int, int]], known: Container[str]) -> set[int]:
    """Where the brackets of links are; others are text, as "[sic]" has them."""
    opened: list[int] = []
    found: set[int] = set()
    for match in _matches(text, spans):
        if match["link"]:
            opened.append(match.start())
        elif match["close"] and opened:
            start = opened.pop()
            label = " ".join(text[start + 1 : match.start()].split())
            if len(match["close"]) > 1 or label.upper() in known:
                found |= {start, match.start()}
    return found


def _matches(text: str, spans: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    for start, end in spans:
        label = _LABEL.match(text, start, end)
        yield from _INLINE.finditer(text, label.end() if label else start, end)


def _tokens(text: str, spans: list[tuple[int, int]], links: Container[int]) -> Iterator[Token]:
    """The tokens of a paragraph; a line break, with what begins the next line, is a blank."""
    opened: Counter[str] = Counter()
    last = spans[0][0]
    for start, end in spans:
        label = _LABEL.match(text, start, end)
        done = label.end() if label else start
        if done > last:
            is_hard = re.match(r"(?: {2,}|\\)\r?\n", text[last:done])
            yield Token(Kind.BLOCK if is_hard or label else Kind.TEXT, last, done)
        for match in _INLINE.finditer(text, done, end):
            token = _token(match, text, opened, links)
            if token is None:
                continue
            if token.start > done:
                yield Token(Kind.TEXT, done, token.start)
            yield token
            done = token.end
        if end > done:
            yield Token(Kind.TEXT, done, end)
        last = end


def _token(
    match: re.Match[str], text: str, opened: Counter[str], links: Container[int]
) -> Token | None:
    """The token of inline markup; None for what is text."""
    start, end = match.span()
    if match["point"]:
        return Token(Kind.POINT, start, end)
    if match["code"] or match["kept"]:
        return Token(Kind.KEPT, start, end)
    if match["html"]:
        kind = Kind.CLOSE if match[0].startswith("</") else Kind.OPEN
        return Token(kind, start, end, match["tag"].lower())
    if start in links:
        return Token(Kind.OPEN if match["link"] else Kind.CLOSE, start, end, "[")
    if match["emphasis"]:
        return _emphasis(match, text, opened)
    return None


def _emphasis(match: re.Match[str], text: str, opened: Counter[str]) -> Token | None:
    mark = match[0]
    follows, before = text[match.end() : match.end() + 1], text[match.start() - 1 : match.start()]
    if opened[mark] and before.strip():
        opened[mark] -= 1
        return Token(Kind.CLOSE, *match.span(), mark)
    if follows.strip():
        opened[mark] += 1
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
    if raw.startswith("<"):
        return unmarked(raw) or raw.strip("<>")
    return _read(raw)


_SPELLING = Spelling(_read, _escaped, _read_kept)


def _no_block(line: str) -> str:
    """A line that begins no list, quote, heading or code: `1. Mai` is a date."""
    line = re.sub(r"^(?=>|[-+]\s|#{1,6}\s|~~~)", r"\\", line)
    line = re.sub(r"^(\d{1,9})(?=[.)]\s)", r"\1\\", line)
    return _no_closing(line)


def _no_closing(line: str) -> str:
    """A line without marks at the end that would end a heading."""
    return re.sub(r"(?<=\s)(?=#+$)", r"\\", line)
