"""Lines cut into the parts that are translated by themselves, and what is copied between them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal, NamedTuple

from ..text.sentences import halve, split_sentences
from ..text.spans import Piece, has_letters, pieces
from ..text.tokenizer import Tokenizer
from ..wanted import check_wanted
from .casing import in_capitals, sentence_case, within_sentence
from .marks import with_plain_marks
from .stand_ins import NO_STAND_INS, StandIns, with_stand_ins

SENTENCE_ENDS = ".!?…。！？"
_NAME = "\ue000"  # in the place of each character of a name, while a line is cut
_NO_NAME = "\ue001"  # in the place of that character, which a text may have from a font of its own
_NAMES = re.compile(f"{_NAME}+")
_NAMED = re.compile(f"{_NAME}+|[^{_NAME}]+")
_WITH_ENDING = re.compile(rf"{_NAME}+['’]?[a-z]{{1,2}}(?!\w)")  # as "`file`s" and "`x`'s" have
_LISTED = re.compile(rf"{_NAME}+(?:(?:[,、，]?\s*|[+/=.:-]){_NAME}+)+")  # and `Ctrl`+`C`
_MARKS_BEFORE = re.compile(rf"[^\w¿¡\"'“„«‘‚{_NAME}]*")
_MARKS_AFTER = re.compile(r"(?<![\s(\[{:;,–—-])[\s(\[{:;,–—-]+$")
_LABEL_BEFORE = re.compile(rf"{_NAME}+(?:\s*[:：=–—]\s*|\s+-+\s+)")  # not "`x`-axis"
_LABELLED = re.compile(rf"[:：]\s*{_NAME}+[.。]?$")
_LINE_BREAKS = dict.fromkeys(map(ord, "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"))


@dataclass(frozen=True)
class Part:
    """A stretch of a line that is translated by itself."""

    text: str  # as the model reads it, with the tag of the target language
    ids: list[int]  # of the source, with `<eos>`
    space: str  # what follows it and is copied: white space, a URL, a tag
    capitals: bool = False  # whether the line has it in capitals, and `text` has not
    continues: bool = False  # whether it goes on with a sentence, after something that is copied
    fragment: bool = False  # whether the line is cut before its sentence ends, or ends without
    stand_ins: StandIns = NO_STAND_INS  # in `text`, for what is copied

    @property
    def wording(self) -> str:
        """`text` with `MARK` in the place of its stand-ins, which are no terms."""
        return self.stand_ins.masked(self.text)

    def finished(self, translation: str, target: Tokenizer) -> str:
        """A translation of `text` as it stands in the line."""
        text = without_end(translation) if self.fragment else translation.strip()
        if self.continues and not self.stand_ins.begin(text):
            text = within_sentence(text, target)
        return self.stand_ins.restored(text.upper() if self.capitals else text)


@dataclass(frozen=True)
class CutLine:
    """A line as what is copied before its first part, and its parts."""

    lead: str
    parts: list[Part]
    outline: list[str | None] = field(default_factory=list)  # as of its stretches


class Stretch(NamedTuple):
    """A piece of a text: a sentence, what is copied (a URL, a tag), or blanks and marks between."""

    text: str
    kind: Literal["sentence", "copied", "between"]
    read: str = ""  # a sentence as the model reads it
    stand_ins: StandIns = NO_STAND_INS


def without_end(translation: str) -> str:
    """The translation of a fragment without the marks that end a sentence, unless it is these."""
    text = translation.strip()
    return text.rstrip(f"{SENTENCE_ENDS} \u00a0\u202f") or text


def whole_line(
    line: str,
    tokenizer: Tokenizer,
    *,
    passthrough: bool = True,
    stand_ins: bool = False,
    within: bool = False,
    tag: str = "",
) -> CutLine:
    """A line as one part, which begins with `tag`, or as none if it is empty.

    With `passthrough` and `stand_ins`, the model reads names for code and the like, as those of
    `cut_line` are, unless there are too many. All else of the line is read as it is.
    """
    lead, text, trail = _without_blanks(line)
    has_names = passthrough and stand_ins
    found = pieces(text, within=within) if has_names else [Piece(text, "language")]
    read, made = _read(_with_names(found), text) or (text, NO_STAND_INS)

    building = _Building(lead, tokenizer, tag)
    if _is_read(read, tokenizer):
        building.add(*building.read(read), stand_ins=made)
    building.copy(trail)
    return building.finish()


def cut_line(
    line: str,
    tokenizer: Tokenizer,
    *,
    longest: int,
    language: str = "",
    passthrough: bool = True,
    stand_ins: bool = False,
    within: bool = False,
    tag: str = "",
) -> CutLine:
    """The sentences of a line, each with at most `longest` source tokens.

    A sentence that is too long is halved until it is not. With `passthrough`, what is not language
    is copied (see `seqkit.text.spans`): a line is cut at a URL or a tag, and one without letters
    has no parts. With `stand_ins`, code and the like stay in their sentences (see `stand_ins`).
    Blanks at both ends of the line are copied, too. Each part begins with `tag`. What stands
    `within` a line is no item of a list, and no line of code.
    """
    lead, text, trail = _without_blanks(line)
    found = stretches(text, language, passthrough=passthrough, names=stand_ins, within=within)
    is_cut = any(stretch.kind == "copied" for stretch in found)

    building = _Building(lead, tokenizer, tag)
    for stretch in found:
        check_wanted()
        if stretch.kind == "sentence":
            building.add_sentence(stretch, longest, is_cut=is_cut)
        else:
            building.copy(stretch.text, is_between=stretch.kind == "between")

    building.copy(trail)
    return building.finish()


def stretches(
    text: str,
    language: str = "",
    *,
    passthrough: bool = True,
    names: bool = False,
    within: bool = False,
) -> list[Stretch]:
    """A text cut as `cut_line` cuts it, but for long sentences; joined, they are the text again.

    With `names`, a sentence is not cut at what stands in it as a name does.
    """
    found = list(pieces(text, within=within)) if passthrough else [Piece(text, "language")]
    groups = list(_around_names(found)) if names else [(piece, _shown(piece)) for piece in found]
    is_cut = len(groups) > 1

    cut: list[Stretch] = []
    for piece, shown in groups:
        if not piece.is_language:
            cut.append(Stretch(piece.text, "copied"))
            continue

        before, inner, _ = _without_marks(shown) if is_cut else ("", shown, "")
        place = len(before)
        cut.append(Stretch(piece.text[:place], "between"))
        for sentence, space in split_sentences(_NAMES.sub(_as_word, inner), language):
            check_wanted()
            end = place + len(sentence)
            cut += _sentence(piece.text[place:end], shown[place:end], language, passthrough)
            place = end + len(space)
            cut.append(Stretch(piece.text[end:place], "between"))
        cut.append(Stretch(piece.text[place:], "between"))
    return [stretch for stretch in cut if stretch.text]


def _sentence(text: str, shown: str, language: str, passthrough: bool) -> list[Stretch]:
    """A sentence as a stretch; as several, where it has more names than can be stood in for."""
    if passthrough and not has_letters(shown):
        return [Stretch(text, "copied" if _NAME in shown else "between")]

    read = _read(shown, text)
    if read is None:
        return stretches(text, language, passthrough=passthrough, within=True)
    return [Stretch(text, "sentence", *read)]


def _around_names(found: Sequence[Piece]) -> Iterator[tuple[Piece, str]]:
    """The pieces, those of a sentence with names as one: and as shown, with `_NAME`s for these.

    Names of a list are one. A label, as in "`-v`: show more", is no part of its sentence.
    """
    for is_markup, group in groupby(found, key=lambda piece: piece.kind == "markup"):
        of_group = list(group)
        if is_markup or not any(piece.is_language for piece in of_group):
            yield from ((Piece(piece.text, "markup"), piece.text) for piece in of_group)
            continue

        text = "".join(piece.text for piece in of_group)
        shown = _with_names(of_group)
        first, last = _LABEL_BEFORE.match(shown), _LABELLED.search(shown)
        start = first.end() if first else 0
        end = last.start() if last else len(shown)
        if start:
            yield Piece(text[:start], "markup"), shown[:start]
        if start < end:
            yield Piece(text[start:end], "language"), shown[start:end]
        if end < len(text):
            yield Piece(text[end:], "markup"), shown[end:]


def _with_names(found: Iterable[Piece]) -> str:
    """Pieces with `_NAME` for each character of their names, and of what belongs to these."""
    shown = "".join(map(_shown, found))
    for extended in (_WITH_ENDING, _LISTED):
        shown = extended.sub(lambda match: _NAME * len(match[0]), shown)
    return shown


def _shown(piece: Piece) -> str:
    """A piece with `_NAME` for each character of a name, and for no other."""
    text = piece.text
    return _NAME * len(text) if piece.kind == "name" else text.replace(_NAME, _NO_NAME)


def _as_word(names: re.Match[str]) -> str:
    """A word as long as a name, for who looks for the ends of sentences."""
    return "O" + "o" * (len(names[0]) - 1)


def outline(found: Iterable[Stretch]) -> list[str | None]:
    """What a text and its translation have in common: None for a sentence, and what is copied."""
    seen = [stretch for stretch in found if stretch.kind != "between"]
    return [None if stretch.kind == "sentence" else stretch.text for stretch in seen]


class _Building:
    """A `CutLine` while it is put together."""

    def __init__(self, lead: str, tokenizer: Tokenizer, tag: str) -> None:
        self.tokenizer = tokenizer
        self.tag = tag
        self._parts: list[Part] = []
        self._copied: list[list[str]] = [[lead]]  # before the first part, and after each
        self._outline: list[str | None] = []

    def read(self, text: str) -> tuple[str, list[int]]:
        """What the model reads of a text, and its ids."""
        plain = with_plain_marks(text, self.tokenizer)
        tagged = f"{self.tag} {plain}" if self.tag else plain
        return tagged, self.tokenizer.encode(tagged, eos=True)

    def copy(self, text: str, *, is_between: bool = True) -> None:
        self._copied[-1].append(text)
        if not is_between:
            self._outline.append(text)

    def add(self, text: str, ids: list[int], **how: Any) -> None:
        self._parts.append(Part(text, ids, "", **how))
        self._copied.append([])
        self._outline.append(None)

    def add_sentence(self, stretch: Stretch, longest: int, *, is_cut: bool) -> None:
        """A sentence in parts of at most `longest` tokens; nothing if the tokenizer drops it."""
        sentence = stretch.read
        is_fragment = is_cut and sentence[-1:] not in SENTENCE_ENDS
        continues = is_cut and sentence[:1].islower()
        waiting = deque([(sentence, "")])
        while waiting:
            text, space = waiting.popleft()
            if _is_read(text, self.tokenizer):
                lowered = sentence_case(text, self.tokenizer) if in_capitals(text) else None
                read, ids = self.read(text if lowered is None else lowered)
                if len(ids) > longest + 1 and len(text) > 1:
                    waiting.extendleft(reversed(_halves(text, space)))
                    continue
                how = {"capitals": lowered is not None, "continues": continues}
                within = stretch.stand_ins.within(text)
                self.add(read, ids, fragment=is_fragment, stand_ins=within, **how)
                continues = False
            self.copy(space)

    def finish(self) -> CutLine:
        lead, *spaces = ["".join(texts) for texts in self._copied]
        pairs = zip(self._parts, spaces, strict=True)
        parts = [replace(part, space=space) for part, space in pairs]
        return CutLine(lead, parts, self._outline)


def _read(shown: str, text: str) -> tuple[str, StandIns] | None:
    """A sentence as the model reads it: with stand-ins for its names. None if it has too many."""
    if in_capitals(shown):  # which `sentence_case` changes
        return None if _NAME in shown else (text, NO_STAND_INS)
    found = [match.span() for match in _NAMED.finditer(shown)]
    return with_stand_ins([(text[start:end], shown[start] == _NAME) for start, end in found])


def _without_blanks(text: str) -> tuple[str, str, str]:
    """The blanks before a text, the text, and those after it; line breaks are no blanks."""
    inner = text.strip()
    if not inner:
        return text.translate(_LINE_BREAKS), "", ""

    before, after = text.split(inner, 1)
    return before.translate(_LINE_BREAKS), inner, after.translate(_LINE_BREAKS)


def _without_marks(text: str) -> tuple[str, str, str]:
    """The marks and blanks before a text, the text, and those after it that end no sentence."""
    before = _MARKS_BEFORE.match(text)
    after = _MARKS_AFTER.search(text)
    start = before.end() if before else 0
    end = max(start, after.start() if after else len(text))
    return text[:start], text[start:end], text[end:]


def _is_read(text: str, tokenizer: Tokenizer) -> bool:
    """Whether anything is left of a text once it is normalised."""
    return bool(tokenizer.normalizer(text).strip())


def _halves(text: str, space: str) -> list[tuple[str, str]]:
    """Both halves of a text, each with the white space that follows it."""
    left, right = halve(text)
    left_stripped = left.rstrip()
    right_stripped = right.lstrip()

    after_left = left.removeprefix(left_stripped)
    before_right = right.removesuffix(right_stripped)
    gap = after_left + before_right
    return [(left_stripped, gap), (right_stripped, space)]
