"""HTML: text between block tags, titles and a few attributes' neighbours left alone.

Read by the standard library's tolerant tokeniser, which says where each tag begins: the file is
never built anew, so that attributes, comments, scripts and white space stay byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from html.parser import HTMLParser

from .markup import Kind, Token, names, segments_of
from .segment import Plain, Rewritten, Segment

_CODE = names("code kbd samp var")
_INLINE = _CODE | names(
    "a abbr acronym b bdi bdo big cite data del dfn em font i ins label mark q rp rt ruby s "
    "small span strike strong sub sup time tt u"
)
_POINTS = names("img wbr input")
_SKIPPED = names("script style pre svg math textarea template object") | _CODE
_VOID = names("area base br col embed hr img input link meta source track wbr")
_STAYING = names("notranslate mw-editsection")  # classes: of Google's, and Wikipedia's [edit]
_CLOSING = re.compile(r"</[A-Za-z]+>")
_SIGN = 12  # tokens of the longest link that is only a sign


def segments(text: str) -> list[Segment]:
    """The segments of an HTML page; entities are read, and written where HTML needs them."""
    tokens = list(_Tokens(text).tokens())
    return segments_of(text, _with_signs(text, tokens))


def with_tags(text: str, place: tuple[int, int], write: Callable[[str], str]) -> Segment:
    """A text that may have inline tags, as messages of programs do; `write` puts it into a file."""
    found = segments(text) if _CLOSING.search(text) else []
    if len(found) != 1:
        return Plain(*place, text, write)
    (inner,) = found
    before, after = text[: inner.start], text[inner.end :]
    return Rewritten(inner, lambda written: write(before + written + after), place)


def _with_signs(text: str, tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens with links that are only a sign as points: ¶ at a heading, [1] at a word."""
    done = 0
    for i, token in enumerate(tokens):
        if i < done:
            continue
        done = _end_of_sign(text, tokens, i)
        if done > i:
            yield Token(Kind.POINT, token.start, tokens[done - 1].end)
        else:
            yield token


def _end_of_sign(text: str, tokens: Sequence[Token], i: int) -> int:
    """The place after a sign that begins at `i`; `i` itself if there is none."""
    opened: list[str] = []
    names: list[str] = []
    shown = ""
    for j, token in enumerate(tokens[i : i + _SIGN], i + 1):
        if token.kind is Kind.OPEN:
            opened.append(token.name)
            names.append(token.name)
        elif token.kind is Kind.TEXT:
            shown += unescape(text[token.start : token.end])
        elif token.kind is not Kind.CLOSE or not opened or opened.pop() != token.name:
            return i
        if not opened:
            return j if _is_sign(shown.strip(), names) else i
    return i


def _is_sign(shown: str, names: Sequence[str]) -> bool:
    """Whether a link or note has no letters, and no digits but those of a note."""
    in_brackets = shown.startswith(("[", "("))
    is_note = in_brackets or ("sup" in names and "a" in names)
    if "a" not in names and not ("sup" in names and in_brackets):
        return False
    is_text = any(one.isalpha() or (one.isalnum() and not is_note) for one in shown)
    return bool(shown) and not is_text


class _Tokens(HTMLParser):
    """Where the tags and texts of a page are."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self._text = text
        self._found: list[tuple[Kind, int, str]] = []
        self._starts = [0]
        for i, character in enumerate(text):
            if character == "\n":
                self._starts.append(i + 1)
        self._skipped: list[str] = []  # elements whose text stays
        self._skipped_as = Kind.BLOCK
        self._language = ""  # of the page

    def tokens(self) -> Iterator[Token]:
        """Every stretch of the page, in order."""
        self.feed(self._text)
        self.close()
        starts = [start for _, start, _ in self._found] + [len(self._text)]
        for (kind, start, name), end in zip(self._found, starts[1:], strict=True):
            yield Token(kind, start, end, name)

    def _add(self, kind: Kind, name: str = "") -> None:
        line, column = self.getpos()
        start = self._starts[line - 1] + column
        if self._skipped and kind is not Kind.BLOCK:
            kind = self._skipped_as
        last = self._found[-1] if self._found else None
        is_more = last is not None and last[0] is kind and kind in (Kind.TEXT, Kind.KEPT)
        if is_more and (kind is Kind.TEXT or self._skipped):
            return  # text and entities are one stretch, and so is code
        self._found.append((kind, start, name))

    def _stays(self, tag: str, attributes: Mapping[str, str | None]) -> bool:
        """Whether the text of an element is none to be translated, or of another language."""
        language = (attributes.get("lang") or "").partition("-")[0].lower()
        if tag == "html":
            self._language = language
        is_foreign = bool(language and self._language) and language != self._language
        classes = (attributes.get("class") or "").split()
        is_marked = attributes.get("translate") == "no" or not _STAYING.isdisjoint(classes)
        return tag in _SKIPPED or is_foreign or is_marked

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        stays = self._stays(tag, dict(attrs))
        if self._skipped:
            if tag == self._skipped[0]:
                self._skipped.append(tag)
            self._add(Kind.POINT)
        elif stays and tag not in _VOID:
            self._skipped_as = Kind.KEPT if tag in _INLINE else Kind.BLOCK
            self._add(self._skipped_as)
            self._skipped = [tag]
        elif tag in _INLINE:
            self._add(Kind.OPEN, tag)
        else:
            self._add(Kind.POINT if tag in _POINTS else Kind.BLOCK)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(Kind.POINT if tag in _POINTS | _INLINE else Kind.BLOCK)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._add(Kind.POINT)
            if tag == self._skipped[-1]:
                self._skipped.pop()
        elif tag in _INLINE:
            self._add(Kind.CLOSE, tag)
        else:
            self._add(Kind.BLOCK)

    def handle_data(self, data: str) -> None:
        self._add(Kind.TEXT)

    def handle_entityref(self, name: str) -> None:
        self._add(Kind.TEXT)

    def handle_charref(self, name: str) -> None:
        self._add(Kind.TEXT)

    def handle_comment(self, data: str) -> None:
        self._add(Kind.POINT)

    def handle_decl(self, decl: str) -> None:
        self._add(Kind.BLOCK)

    def handle_pi(self, data: str) -> None:
        self._add(Kind.POINT)

    def unknown_decl(self, data: str) -> None:
        self._add(Kind.BLOCK)
