"""The cues of subtitles, and who takes turns to speak in one.

In SubRip what follows a blank line is still shown, up to the number before the next times, which
may stand right after the text. In WebVTT a cue ends at a blank line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ...errors import DataError

_TIME = r"(?:\d+:)?\d\d?:\d\d[.,]\d{1,3}"
_LINE_START = r"(?:^|(?<=\r))"
_TIMING = re.compile(
    rf"{_LINE_START}[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}[^\r\n]*(?:\r\n|\n|\r|\Z)", re.MULTILINE
)
_HALF_TIMING = re.compile(rf"{_LINE_START}[ \t]*\d+:[\d:.,]*[ \t]*-->[^\r\n]*", re.MULTILINE)
_BLANKS = re.compile(r"(?:(?:\r\n|\n|\r(?!\n))[ \t]*(?=[\r\n]|\Z))+")
_NUMBER = re.compile(r"(?:\A|[\r\n])[ \t]*\d+[ \t]*(?:\r\n|\n|\r)\Z")

LINE_END = re.compile(r"\r\n|\n|\r")
TAG = re.compile(r"</?([A-Za-z]+)[^<>\r\n]*>|<[\d:.]+>|\{\\[^{}\r\n]*\}")
_TAGS = r"(?:</?[A-Za-z][^<>\r\n]*>|<[\d:.]+>|\{\\[^{}\r\n]*\}|\s)*"

_MARK_BEFORE = re.compile(rf"{_TAGS}(?P<mark>[-–—]+\s*(?=\S)|[♪♫♬]+\s*|#+\s+)")
_MARK_AFTER = re.compile(rf"(?<=\s)(?P<mark>[♪♫♬#]+){_TAGS}\Z")
_LABEL = re.compile(rf"{_TAGS}(?P<mark>(?P<name>[^\W\d_][\w .'’-]{{0,29}}):(?!\S)\s*)")
_SOUND = re.compile(rf"{_TAGS}(?:\[[^\[\]]*\]|\([^()]*\)){_TAGS}")
_BRACKET = re.compile(rf"{_TAGS}[\[(]")


@dataclass(frozen=True)
class Cue:
    """Where the text of a cue is."""

    start: int
    end: int
    text: str

    @property
    def begins_turn(self) -> bool:
        """Whether it does not go on with what was said before."""
        return _begins_turn(self.text) or bool(_BRACKET.match(self.text))

    def turns(self) -> list[tuple[int, int]]:
        """What each says or sings: lines with a dash, a note or a name, and those after them.

        A line that is all in brackets, "[door opens]", is a turn of its own.
        """
        lines = LINE_END.split(self.text)
        spans: list[tuple[int, int]] = []
        start = self.start
        ends = LINE_END.finditer(self.text)
        for end, (before, line) in zip(ends, pairwise(lines), strict=True):
            if _begins_turn(line) or _SOUND.fullmatch(before) or _SOUND.fullmatch(line):
                spans.append((start, self.start + end.start()))
                start = self.start + end.end()
        return [*spans, (start, self.end)]


def cues_of(text: str, *, webvtt: bool) -> Iterator[Cue]:
    """The cues with text; one that the file ends in reaches to its end."""
    timings = list(_TIMING.finditer(text))
    for i, timing in enumerate(timings):
        start = timing.end()
        limit = timings[i + 1].start() if i + 1 < len(timings) else len(text)
        if not webvtt and i + 1 < len(timings):
            number = _NUMBER.search(text[start:limit])
            limit = start + number.start() if number else limit

        blanks = _BLANKS.finditer(text, max(start - 1, 0), limit)
        for end in [*(max(start, blank.start()) for blank in blanks), limit]:
            inner = text[start:end].strip()
            if inner:
                begin = text.index(inner, start)
                yield Cue(begin, begin + len(inner), inner)
            if webvtt:
                break
            start = end


def check(text: str, name: str, cues: list[Cue]) -> None:
    """Raise `DataError` for times that are none, and for a file without a single cue."""
    for half in _HALF_TIMING.finditer(text):
        if not _TIMING.match(text, half.start()):
            line = len(LINE_END.findall(text, 0, half.start())) + 1
            raise DataError(
                f"{name}, line {line}: {half[0].strip()!r} are no times of a cue "
                "(00:00:01,000 --> 00:00:02,000): mend them, or what they show stays as it is"
            )

    is_webvtt = text.lstrip("\ufeff").startswith("WEBVTT")
    if not cues and not _TIMING.search(text) and text.strip() and not is_webvtt:
        raise DataError(
            f"{name} has no cue (00:00:01,000 --> 00:00:02,000): these are no subtitles"
        )


def marks_of(text: str) -> list[tuple[int, int]]:
    """Where a turn has its dash, who speaks, or notes, which are not of the text."""
    before = _MARK_BEFORE.match(text)
    label = _label(text, before.end() if before else 0)
    spans: list[tuple[int, int]] = []
    for match in (before, label, _MARK_AFTER.search(text)):
        if match and (not spans or spans[-1][1] <= match.start("mark")):
            spans.append(match.span("mark"))
    return spans


def _begins_turn(line: str) -> bool:
    return bool(_MARK_BEFORE.match(line) or _label(line))


def _label(text: str, start: int = 0) -> re.Match[str] | None:
    """Who speaks, as "MARY: " says: others, as in "the end: ", are of the text."""
    label = _LABEL.match(text, start)
    return label if label and label["name"].isupper() else None
