"""SubRip (.srt) and WebVTT (.vtt): sentences go over cues, and are laid out again.

A sentence that goes on in the next cue is translated as one and shared out again by length. Times,
numbers, settings, styles and notes stay. A cue has two lines of at most 42 characters, as the
guidelines of broadcasters ask (Netflix, Timed Text Style Guide). WebVTT has the entities of HTML;
SubRip has none, and `&` is itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from ...errors import DataError
from ...text.spans import has_letters
from ..explain import Alignment
from .inline import Marked
from .markup import Kind, Token, escaped, segments_of
from .segment import Rewritten, Segment

WIDTH = 42  # characters of a line
_MOST_CUES = 4  # of one sentence

_TIME = r"(?:\d+:)?\d\d?:\d\d[.,]\d{1,3}"
_TIMING = re.compile(
    rf"^[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}[^\r\n]*(?:\r\n|\n|\r|\Z)", re.MULTILINE
)
_BLANK = re.compile(r"(?:\r\n|\n|\r)[ \t]*(?=\r\n|\n|\r|\Z)")
_TAG = re.compile(r"</?([A-Za-z]+)[^<>\r\n]*>|<[\d:.]+>|\{\\[^{}\r\n]*\}")
_LINE_END = re.compile(r"\r\n|\n|\r")
_ENDS = re.compile(r"[.!?…:。！？♪)\]][\"'”’»)\]]*$")
_DIALOGUE = re.compile(r"\s*[-–—]\s?\S")


class _Spelling(NamedTuple):
    """How text stands in a file."""

    line_end: str
    read: Callable[[str], str]
    escape: Callable[[str], str]


@dataclass(frozen=True)
class _Cue:
    """Where the text of a cue is."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Shared:
    """A sentence of one or several cues without markup."""

    content: str
    cues: list[_Cue]
    spelling: _Spelling
    has_markup: bool = False

    @property
    def start(self) -> int:
        return self.cues[0].start

    @property
    def end(self) -> int:
        return self.cues[-1].end

    @property
    def text(self) -> str:
        return self.spelling.read(" ".join(" ".join(cue.text.split()) for cue in self.cues))

    def written(self, translation: str, alignment: Alignment | None = None) -> str:
        texts = shared_out(translation, [len(cue.text) for cue in self.cues])
        pieces: list[str] = []
        done = self.start
        for cue, text in zip(self.cues, texts, strict=True):
            pieces.append(self.content[done : cue.start])
            lines = [self.spelling.escape(line) for line in laid_out(text)]
            pieces.append(self.spelling.line_end.join(lines))
            done = cue.end
        return "".join(pieces)


def _laid_out_with_tags(written: str, line_end: str) -> str:
    """A cue with tags, its lines laid out again."""
    whole_tags = _TAG.sub(lambda tag: tag[0].replace(" ", "\0"), written)
    return line_end.join(laid_out(whole_tags)).replace("\0", " ")


def segments(text: str, name: str, *, has_entities: bool = False) -> list[Segment]:
    """The sentences of a file of subtitles. Raises `DataError` for one without a single cue."""
    cues = list(_cues(text))
    if not cues and text.strip() and not text.lstrip("\ufeff").startswith("WEBVTT"):
        raise DataError(
            f"{name} has no cue (00:00:01,000 --> 00:00:02,000): these are no subtitles"
        )

    first_end = _LINE_END.search(text)
    line_end = first_end[0] if first_end else "\n"
    spelling = _Spelling(line_end, str, str)
    if has_entities:
        spelling = _Spelling(line_end, html.unescape, escaped)

    found: list[Segment] = []
    waiting: list[_Cue] = []
    for cue in cues:
        is_plain = not _TAG.search(cue.text) and not _DIALOGUE.match(cue.text)
        if waiting and not (is_plain and _goes_on(waiting, cue)):
            found.append(_Shared(text, waiting, spelling))
            waiting = []
        if is_plain and has_letters(cue.text):
            waiting = [*waiting, cue]
        else:
            found += _by_itself(text, cue, spelling)
    if waiting:
        found.append(_Shared(text, waiting, spelling))
    return found


def _cues(text: str) -> Iterator[_Cue]:
    """The cues with text; one that the file ends in reaches to its end."""
    timings = list(_TIMING.finditer(text))
    for i, timing in enumerate(timings):
        start = timing.end()
        limit = timings[i + 1].start() if i + 1 < len(timings) else len(text)
        blank = _BLANK.search(text, max(start - 1, 0), limit)
        end = blank.start() if blank else limit
        if end > start:
            inner = text[start:end].strip()
            begin = text.index(inner, start) if inner else start
            yield _Cue(begin, begin + len(inner), inner)


def _goes_on(waiting: list[_Cue], cue: _Cue) -> bool:
    """Whether a sentence goes on in the next cue."""
    begins_low = cue.text[:1].islower() or cue.text.startswith(("…", "..."))
    return len(waiting) < _MOST_CUES and not _ENDS.search(waiting[-1].text) and begins_low


def _by_itself(text: str, cue: _Cue, spelling: _Spelling) -> list[Segment]:
    """The segments of a cue with tags; of a dialogue, a line each."""
    spans = [(cue.start, cue.end)]
    if any(_DIALOGUE.match(line) for line in _LINE_END.split(cue.text)):
        spans = _lines(cue)

    lay_out = partial(_laid_out_with_tags, line_end=spelling.line_end)
    found: list[Segment] = []
    for start, end in spans:
        dash = re.match(r"\s*[-–—]\s*", text[start:end])
        start += dash.end() if dash else 0
        tokens = _tokens(text, start, end)
        for segment in segments_of(text, tokens, read=spelling.read, escape=spelling.escape):
            if isinstance(segment, Marked):
                found.append(segment if dash else Rewritten(segment, lay_out))
    return found


def _lines(cue: _Cue) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _LINE_END.finditer(cue.text):
        spans.append((cue.start + start, cue.start + match.start()))
        start = match.end()
    return [*spans, (cue.start + start, cue.end)]


def _tokens(text: str, start: int, end: int) -> Iterator[Token]:
    done = start
    for match in _TAG.finditer(text, start, end):
        if match.start() > done:
            yield Token(Kind.TEXT, done, match.start())
        done = match.end()
        if not match[1]:
            yield Token(Kind.POINT, match.start(), done)
        else:
            kind = Kind.CLOSE if match[0].startswith("</") else Kind.OPEN
            yield Token(kind, match.start(), done, match[1])
    if end > done:
        yield Token(Kind.TEXT, done, end)


# Layout


def shared_out(text: str, lengths: list[int]) -> list[str]:
    """A text cut at blanks into as many parts as there are lengths, about as long as they are.

    A cut after a comma is preferred to one a little nearer. Parts are empty if words run out.
    """
    parts: list[str] = []
    rest = text
    for i, length in enumerate(lengths[:-1]):
        goal = len(rest) * length / max(1, sum(lengths[i:]))
        places = [match.start() for match in re.finditer(" ", rest)]
        if not places:
            parts.append(rest)
            rest = ""
            continue

        def badness(place: int, rest: str = rest, goal: float = goal) -> float:
            bonus = 6 if rest[place - 1 : place] in ",;:–—" else 0
            return abs(place - goal) - bonus

        best = min(places, key=badness)
        parts.append(rest[:best])
        rest = rest[best + 1 :]
    return [*parts, rest]


def laid_out(text: str) -> list[str]:
    """A cue's text in lines: one if it fits, else two that are about as long.

    What does not fit into two lines gets more, so that nothing is lost.
    """
    words = text.split(" ")
    if _shown(text) <= WIDTH:
        return [text]

    count = 2
    while count < len(words):
        lines = shared_out(text, [1] * count)
        if max(_shown(line) for line in lines) <= WIDTH:
            return lines
        filled = _filled(words)
        if len(filled) <= count:
            return filled
        count += 1
    return words


def _filled(words: list[str]) -> list[str]:
    """Words in lines, each filled before the next one begins."""
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if _shown(longer) <= WIDTH:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _shown(text: str) -> int:
    """How many characters a viewer sees."""
    return len(_TAG.sub("", text))
