"""SubRip (.srt) and WebVTT (.vtt): sentences go over cues, and are laid out again.

A sentence that goes on in the next cue is translated as one and shared out again by length. Times,
numbers, settings, styles and notes stay, and so do positions, voices and tags around a whole cue. A
cue has two lines of at most 42 characters, as the guidelines of broadcasters ask (Netflix, Timed
Text Style Guide). WebVTT has the entities of HTML; SubRip has none, and `&` is itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from ...errors import DataError
from ..explain import Alignment
from .inline import Element, Marked, Run, collapsed
from .markup import Kind, Token, escaped, segments_of
from .segment import Rewritten, Segment

WIDTH = 42  # characters of a line
_MOST_CUES = 4  # of one sentence

_TIME = r"(?:\d+:)?\d\d?:\d\d[.,]\d{1,3}"
_TIMING = re.compile(
    rf"^[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}[^\r\n]*(?:\r\n|\n|\r|\Z)", re.MULTILINE
)
_HALF_TIMING = re.compile(r"^[ \t]*\d+:[\d:.,]*[ \t]*-->[^\r\n]*", re.MULTILINE)
_BLANK = re.compile(r"(?:\r\n|\n|\r)[ \t]*(?=\r\n|\n|\r|\Z)")
_TAG = re.compile(r"</?([A-Za-z]+)[^<>\r\n]*>|<[\d:.]+>|\{\\[^{}\r\n]*\}")
_AGAIN = re.compile(r"</([A-Za-z]+)>\s*(<\1\b[^<>]*>)")  # a tag closed and opened again
_PLACE = re.compile(r"\A(?:\{\\[^{}\r\n]*\}\s*)+")  # on the screen, not of the text
_LINE_END = re.compile(r"\r\n|\n|\r")
_ENDS = re.compile(r"[.!?…:。！？♪)\]][\"'”’»)\]]*$")
_I = re.compile(r"I\b")
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
class _Part:
    """The whole text of a cue, and the tags around it."""

    marked: Marked
    opening: str = ""
    closing: str = ""

    @property
    def is_balanced(self) -> bool:
        """Whether all tags around it are closed, and none says who speaks."""
        opened = [match[1] for match in _TAG.finditer(self.opening) if match[1]]
        closed = [match[1] for match in _TAG.finditer(self.closing) if match[1]]
        return opened == closed[::-1] and "v" not in opened


@dataclass(frozen=True)
class _Sentence:
    """A sentence of one or several cues; the tags around a whole cue stay where they are."""

    content: str
    parts: list[_Part]
    spelling: _Spelling
    runs: list[Run]

    @property
    def start(self) -> int:
        return self.parts[0].marked.start

    @property
    def end(self) -> int:
        return self.parts[-1].marked.end

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)

    @property
    def has_markup(self) -> bool:
        return len(self.runs) > 1

    def written(self, translation: str, alignment: Alignment | None = None) -> str:
        lengths = [len(part.marked.text) for part in self.parts]
        if self.has_markup:
            marked = Marked(0, 0, self.runs, self.spelling.escape)
            whole = _unbroken(marked.written(translation, alignment))
            texts = [laid_out(text) for text in _closed(shared_out(whole, lengths))]
        else:
            shared = shared_out(translation, lengths)
            texts = [list(map(self.spelling.escape, laid_out(text))) for text in shared]

        pieces: list[str] = []
        done = self.start
        for part, lines in zip(self.parts, texts, strict=True):
            pieces.append(self.content[done : part.marked.start])
            pieces.append(_broken(lines, self.spelling.line_end))
            done = part.marked.end
        return "".join(pieces)


def _unbroken(text: str) -> str:
    """A text whose tags have no blanks, at which lines are broken."""
    return _TAG.sub(lambda tag: tag[0].replace(" ", "\0"), text)


def _laid_out_again(text: str, line_end: str) -> str:
    return _broken(laid_out(_unbroken(text)), line_end)


def _broken(lines: list[str], line_end: str) -> str:
    return line_end.join(lines).replace("\0", " ")


def _closed(texts: list[str]) -> list[str]:
    """Texts of several cues, in each of which the tags that are open are closed and opened anew."""
    found: list[str] = []
    opened: list[re.Match[str]] = []
    for text in texts:
        before = "".join(tag[0] for tag in opened)
        for tag in _TAG.finditer(text):
            if tag[0].startswith("</"):
                opened.pop()
            elif tag[1]:
                opened.append(tag)
        after = "".join(f"</{tag[1]}>" for tag in reversed(opened))
        found.append(before + text + after)
    return found


def segments(text: str, name: str, *, has_entities: bool = False) -> list[Segment]:
    """The sentences of a file of subtitles. Raises `DataError` for one without a single cue."""
    cues = list(_cues(text))
    if not cues and text.strip() and not text.lstrip("\ufeff").startswith("WEBVTT"):
        raise DataError(
            f"{name} has no cue (00:00:01,000 --> 00:00:02,000): these are no subtitles"
        )

    for half in _HALF_TIMING.finditer(text):
        if not _TIMING.match(text, half.start()):
            line = text.count("\n", 0, half.start()) + 1
            raise DataError(
                f"{name}, line {line}: {half[0].strip()!r} are no times of a cue "
                "(00:00:01,000 --> 00:00:02,000): mend them, or what they show stays as it is"
            )

    first_end = _LINE_END.search(text)
    line_end = first_end[0] if first_end else "\n"
    spelling = _Spelling(line_end, _read, str)
    if has_entities:
        spelling = _Spelling(line_end, lambda raw: html.unescape(_read(raw)), escaped)

    found: list[Segment] = []
    waiting: list[_Part] = []
    for cue in cues:
        inside = _by_itself(text, cue, spelling)
        part = _whole(text, cue, inside)
        if waiting and not (part and _goes_on(waiting, part)):
            found.append(_sentence(text, waiting, spelling))
            waiting = []
        if part:
            waiting = [*waiting, part]
        else:
            found += [Rewritten(one, partial(_laid_out_again, line_end=line_end)) for one in inside]
    if waiting:
        found.append(_sentence(text, waiting, spelling))
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


def _whole(text: str, cue: _Cue, inside: Sequence[Segment]) -> _Part | None:
    """A cue that is one segment; None for a dialogue, and for one that tags cut up."""
    if len(inside) != 1 or any(_DIALOGUE.match(line) for line in _LINE_END.split(cue.text)):
        return None

    (marked,) = inside
    assert isinstance(marked, Marked)
    opening = _PLACE.sub("", text[cue.start : marked.start])
    return _Part(marked, opening, text[marked.end : cue.end])


def _goes_on(waiting: list[_Part], part: _Part) -> bool:
    """Whether a sentence goes on in the next cue: "I" is no sign of a new one."""
    last, text = waiting[-1], part.marked.text
    is_same = (last.opening, last.closing) == (part.opening, part.closing)
    if not is_same and not (last.is_balanced and part.is_balanced):
        return False

    before = last.marked.text
    begins_low = text[:1].islower() or text.startswith(("…", "...")) or bool(_I.match(text))
    is_open = before.endswith(",") or (begins_low and not _ENDS.search(before))
    return len(waiting) < _MOST_CUES and is_open


def _sentence(content: str, parts: list[_Part], spelling: _Spelling) -> _Sentence:
    """Parts as one sentence: tags that are around some of them only go with their words."""
    first = parts[0]
    is_same = all((p.opening, p.closing) == (first.opening, first.closing) for p in parts)
    if not is_same:
        parts = [_with_tags(part) for part in parts]

    runs: list[Run] = []
    for part in parts:
        runs += [Run(" "), *part.marked.runs]
    return _Sentence(content, parts, spelling, _merged(collapsed(runs)))


def _with_tags(part: _Part) -> _Part:
    """The tags around a text as tags within it."""
    if not part.opening:
        return part
    marked = part.marked
    around = Element(part.opening, part.closing)
    runs = [replace(run, elements=(around, *run.elements)) for run in marked.runs]
    start, end = marked.start - len(part.opening), marked.end + len(part.closing)
    return _Part(Marked(start, end, runs, marked.escape))


def _merged(runs: Sequence[Run]) -> list[Run]:
    """Runs without markup that follow each other as one."""
    found: list[Run] = []
    for run in runs:
        is_plain = not run.elements and not run.point
        if found and is_plain and not found[-1].elements and not found[-1].point:
            found[-1] = Run(found[-1].text + run.text)
        else:
            found.append(run)
    return found


def _by_itself(text: str, cue: _Cue, spelling: _Spelling) -> list[Segment]:
    """The segments of a cue; of a dialogue, one for each turn."""
    spans = [(cue.start, cue.end)]
    if any(_DIALOGUE.match(line) for line in _LINE_END.split(cue.text)):
        spans = _turns(cue)

    found: list[Segment] = []
    for start, end in spans:
        dash = re.match(r"\s*[-–—]\s*", text[start:end])
        start += dash.end() if dash else 0
        tokens = _tokens(text, start, end)
        found += segments_of(text, tokens, read=spelling.read, escape=spelling.escape)
    return found


def _turns(cue: _Cue) -> list[tuple[int, int]]:
    """What each speaker says: a line that begins with a dash, with those that go on after it."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _LINE_END.finditer(cue.text):
        if _DIALOGUE.match(cue.text, match.end()):
            spans.append((cue.start + start, cue.start + match.start()))
            start = match.end()
    return [*spans, (cue.start + start, cue.end)]


def _tokens(text: str, start: int, end: int) -> Iterator[Token]:
    done = start
    last = ""  # tag
    for match in _TAG.finditer(text, start, end):
        if match.start() < done:
            continue
        if match.start() > done:
            yield Token(Kind.TEXT, done, match.start())

        done = match.end()
        opens_again = _AGAIN.match(text, match.start(), end)
        if opens_again and opens_again[2] == last:  # tags around each line are around both
            done = opens_again.end()
            yield Token(Kind.TEXT, match.start(), done)
            continue

        last = match[0]
        if not match[1]:
            yield Token(Kind.POINT, match.start(), done)
        else:
            kind = Kind.CLOSE if last.startswith("</") else Kind.OPEN
            yield Token(kind, match.start(), done, match[1])
    if end > done:
        yield Token(Kind.TEXT, done, end)


def _read(raw: str) -> str:
    return _AGAIN.sub(" ", raw)


# Layout


def shared_out(text: str, lengths: list[int]) -> list[str]:
    """A text cut at blanks into as many parts as there are lengths, about as long as they are.

    A cut after a comma is preferred to one a little nearer. Parts are empty if words run out.
    """
    parts: list[str] = []
    rest = text
    for i, length in enumerate(lengths[:-1]):
        goal = _shown(rest) * length / max(1, sum(lengths[i:]))
        places = [match.start() for match in re.finditer(" ", rest)]
        if not places:
            parts.append(rest)
            rest = ""
            continue

        def badness(place: int, rest: str = rest, goal: float = goal) -> float:
            bonus = 6 if rest[place - 1 : place] in ",;:–—" else 0
            return abs(_shown(rest[:place]) - goal) - bonus

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
