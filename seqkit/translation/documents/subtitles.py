"""SubRip (.srt) and WebVTT (.vtt): sentences go over cues, and are laid out again.

A sentence that goes on in the next cue is translated as one and shared out again by length. Times,
numbers, settings, styles and notes stay, and so do positions, voices and tags around a whole cue.
Of a dialogue or a song, each turn is translated by itself, without its dash, who speaks, or notes.
WebVTT has the entities of HTML; SubRip has none, and `&` is itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise, zip_longest

from ..explain import Alignment
from .cues import LINE_END, TAG, Cue, check, cues_of, marks_of
from .inline import Marked
from .markup import Kind, Spelling, Token, segments_of
from .runs import Element, Run, collapsed
from .segment import Rewritten, Segment
from .subtitle_lines import laid_out, shared_out

_MOST_CUES = 4  # of one sentence

_AGAIN = re.compile(r"</([A-Za-z]+)>\s*(<\1\b[^<>]*>)")  # a tag closed and opened again
_NAME = re.compile(r"\A<([A-Za-z]+)[^<>]*>\Z")  # of an opening tag
_CLOSING = re.compile(r"(?:</[A-Za-z]+> *)+")
_PLACE = re.compile(r"\A(?:\{\\[^{}\r\n]*\}\s*)+")  # on the screen, not of the text
_ENDS = re.compile(r"[.!?…:。！？♪)\]][\"'”’»)\]]*$")
_I = re.compile(r"I\b")
_GAP = "\0"  # what is between two cues of a sentence, while it is read
_TIMED = re.compile(r"<[\d:.]+>|\{\\[kK]")  # as karaoke is: words have their times


@dataclass(frozen=True)
class _Part:
    """The whole text of a cue, and what is around it: tags, and the notes of a song."""

    marked: Marked
    opening: str = ""
    closing: str = ""
    begins_turn: bool = False

    @property
    def tags(self) -> tuple[list[str], list[str]]:
        """Those around it, whole."""
        opened, closed = (
            [tag[0] for tag in TAG.finditer(around) if tag[1]]
            for around in (self.opening, self.closing)
        )
        return opened, closed

    @property
    def has_notes(self) -> tuple[bool, bool]:
        """Whether there is more than tags before and after it."""
        before, after = (bool(TAG.sub("", one).strip()) for one in (self.opening, self.closing))
        return before, after

    @property
    def is_balanced(self) -> bool:
        """Whether only tags are around it, and all of them are closed."""
        opened, closed = self.tags
        pairs = zip_longest(opened, reversed(closed), fillvalue="")
        is_closed = all(
            (name := _NAME.match(tag)) and closing == f"</{name[1]}>" for tag, closing in pairs
        )
        return is_closed and not any(self.has_notes)

    @property
    def has_speaker(self) -> bool:
        """Whether a tag says who speaks."""
        return any(tag.startswith("<v") for tag in self.tags[0])


@dataclass(frozen=True)
class _Sentence:
    """A sentence of one or several cues; the tags around a whole cue stay where they are."""

    content: str
    parts: list[_Part]
    line_end: str
    escape: Callable[[str], str]
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
            marked = Marked(0, 0, self.runs, self.escape)
            whole = _unbroken(marked.written(translation, alignment))
            texts = [laid_out(text) for text in _closed(shared_out(whole, lengths))]
        else:
            shared = shared_out(translation, lengths)
            texts = [list(map(self.escape, laid_out(text))) for text in shared]

        pieces: list[str] = []
        done = self.start
        for part, lines in zip(self.parts, texts, strict=True):
            pieces.append(self.content[done : part.marked.start])
            pieces.append(_broken(lines, self.line_end))
            done = part.marked.end
        return "".join(pieces)


def _unbroken(text: str) -> str:
    """A text whose tags have no blanks, at which lines are broken."""
    return TAG.sub(lambda tag: tag[0].replace(" ", "\0"), text)


def _laid_out_again(text: str, line_end: str) -> str:
    return _broken(laid_out(_unbroken(text)), line_end)


def _broken(lines: list[str], line_end: str) -> str:
    return line_end.join(lines).replace("\0", " ")


def _closed(texts: list[str]) -> list[str]:
    """Texts of several cues, in each of which the tags that are open are closed and opened anew."""
    found: list[str] = []
    opened: list[re.Match[str]] = []
    for text in _closing_before(texts):
        before = "".join(tag[0] for tag in opened)
        for tag in TAG.finditer(text):
            if tag[0].startswith("</"):
                opened.pop()
            elif tag[1]:
                opened.append(tag)
        after = "".join(f"</{tag[1]}>" for tag in reversed(opened))
        found.append(before + text + after)
    return found


def _closing_before(texts: list[str]) -> list[str]:
    """Texts none of which begins with closing tags: they go to the end of the one before."""
    found = texts[:1]
    for text in texts[1:]:
        closing = _CLOSING.match(text)
        found[-1] += closing[0].replace(" ", "") if closing else ""
        found.append(text[closing.end() :] if closing else text)
    return found


def segments(text: str, name: str, *, has_entities: bool = False) -> list[Segment]:
    """The sentences of a file of subtitles. Raises `DataError` for one without a single cue."""
    cues = list(cues_of(text, webvtt=has_entities))
    check(text, name, cues)

    first_end = LINE_END.search(text)
    line_end = first_end[0] if first_end else "\n"
    spelling = Spelling(_read, str)
    if has_entities:
        spelling = Spelling(lambda raw: html.unescape(_read(raw)))

    sentence = partial(_sentence, text, line_end=line_end, escape=spelling.escape)
    found: list[Segment] = []
    waiting: list[_Part] = []
    done = 0  # cues
    for i, cue in enumerate(cues):
        if i < done:
            continue
        if several := _over_cues(text, cues[i : i + _MOST_CUES], spelling):
            if waiting and not _goes_on(waiting, several[0]):
                found.append(sentence(waiting))
                waiting = []
            waiting = [*waiting, *several]
            done = i + len(several)
            continue

        inside = _by_itself(text, cue, spelling)
        part = _whole(text, cue, inside)
        if waiting and not (part and _goes_on(waiting, part)):
            found.append(sentence(waiting))
            waiting = []
        if part:
            waiting = [*waiting, part]
        else:
            found += [Rewritten(one, partial(_laid_out_again, line_end=line_end)) for one in inside]
    if waiting:
        found.append(sentence(waiting))
    return found


def _whole(text: str, cue: Cue, inside: Sequence[Segment]) -> _Part | None:
    """A cue that is one segment; None for a dialogue, and for one that tags cut up or time."""
    if len(inside) != 1 or not _is_of_one(cue):
        return None

    (marked,) = inside
    assert isinstance(marked, Marked)
    opening = _PLACE.sub("", text[cue.start : marked.start])
    return _Part(marked, opening, text[marked.end : cue.end], cue.begins_turn)


def _is_of_one(cue: Cue) -> bool:
    """Whether one speaks, and words have no times of their own."""
    has_dash = bool(re.match(r"[-–—]", TAG.sub("", cue.text).strip()))
    return len(cue.turns()) == 1 and not has_dash and not _TIMED.search(cue.text)


def _over_cues(text: str, cues: Sequence[Cue], spelling: Spelling) -> list[_Part]:
    """Cues whose sentence has a tag that opens in the first and closes in the midst of the last."""
    count = _cues_of_tag(cues)
    if not count:
        return []

    tokens: list[Token] = []
    places = [cue.end - len(_PLACE.sub("", cue.text)) for cue in cues[:count]]
    for i, place in enumerate(places):
        if i:
            tokens.append(Token(Kind.TEXT, cues[i - 1].end, place))
        tokens += _tokens(text, place, cues[i].end)

    def read(raw: str) -> str:
        return _GAP if "-->" in raw else spelling.read(raw)

    found = segments_of(text, tokens, replace(spelling, read=read))
    if len(found) != 1 or not isinstance(marked := found[0], Marked):
        return []

    runs: list[list[Run]] = [[]]
    for run in marked.runs:
        if run.text == _GAP:
            runs.append([])
        else:
            runs[-1].append(run)

    parts: list[_Part] = []
    for i, of_cue in enumerate(runs):
        start = places[i] if i else marked.start
        end = cues[i].end if i < count - 1 else marked.end
        whole = Marked(start, end, collapsed(of_cue), spelling.escape)
        parts.append(_Part(whole, begins_turn=not i and cues[0].begins_turn))
    return parts


def _cues_of_tag(cues: Sequence[Cue]) -> int:
    """How many cues there are up to the one that closes what the first opens; 0 if not so."""
    depth = _opened(cues[0].text)
    if depth <= 0 or not _is_of_one(cues[0]) or "<v" in cues[0].text:
        return 0
    for i, (last, cue) in enumerate(pairwise(cues), 2):
        said, text = (TAG.sub("", one.text).strip() for one in (last, cue))
        if cue.begins_turn or not _is_of_one(cue) or not _is_open(said, text):
            return 0
        depth += _opened(cue.text)
        if depth == 0:
            *_, closing = TAG.finditer(cue.text)
            return i if re.search(r"\w", cue.text[closing.end() :]) else 0
    return 0


def _opened(text: str) -> int:
    """How many tags are open at the end of a text."""
    return sum(-1 if tag[0].startswith("</") else 1 for tag in TAG.finditer(text) if tag[1])


def _goes_on(waiting: list[_Part], part: _Part) -> bool:
    """Whether a sentence goes on in the next cue: "I" is no sign of a new one."""
    last, text = waiting[-1], part.marked.text
    if part.begins_turn or last.has_notes[1]:
        return False
    if last.tags != part.tags and (last.has_speaker or part.has_speaker):
        return False

    return len(waiting) < _MOST_CUES and _is_open(last.marked.text, text)


def _is_open(before: str, text: str) -> bool:
    """Whether a text goes on with the sentence of the one before."""
    begins_low = text[:1].islower() or text.startswith(("…", "...")) or bool(_I.match(text))
    return before.endswith(",") or (begins_low and not _ENDS.search(before))


def _sentence(
    content: str, parts: list[_Part], *, line_end: str, escape: Callable[[str], str]
) -> _Sentence:
    """Parts as one sentence: tags that are around some of them only go with their words.

    Where one is opened in a cue and closed at the end of a later one, or never, they stay.
    """
    are_alike = all(part.tags == parts[0].tags for part in parts)
    if not are_alike and all(part.is_balanced for part in parts):
        parts = [_with_tags(part) for part in parts]

    runs: list[Run] = []
    for part in parts:
        runs += [Run(" "), *part.marked.runs]
    return _Sentence(content, parts, line_end, escape, _merged(collapsed(runs)))


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


def _by_itself(text: str, cue: Cue, spelling: Spelling) -> list[Segment]:
    """The segments of a cue; of a dialogue or a song, one for each turn."""
    found: list[Segment] = []
    for start, end in cue.turns():
        marks = [(start + a, start + b) for a, b in marks_of(text[start:end])]
        tokens = _without(marks, _tokens(text, start, end))
        found += segments_of(text, tokens, spelling)
    return found


def _without(marks: Sequence[tuple[int, int]], tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens with marks as points, which are all within texts."""
    for token in tokens:
        done = token.start
        for start, end in marks:
            if token.kind is Kind.TEXT and token.start <= start < token.end:
                yield Token(Kind.TEXT, done, start)
                yield Token(Kind.POINT, start, end)
                done = end
        yield replace(token, start=done)


def _tokens(text: str, start: int, end: int) -> Iterator[Token]:
    done = start
    last = ""  # tag
    for match in TAG.finditer(text, start, end):
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
