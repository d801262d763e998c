"""Lines cut into the parts that are translated by themselves, and what is copied between them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from ..text.sentences import halve, split_sentences
from ..text.spans import Piece, has_letters, pieces
from ..text.tokenizer import Tokenizer
from ..wanted import check_wanted
from .casing import in_capitals, sentence_case, within_sentence

SENTENCE_ENDS = ".!?…。！？"
_MARKS_BEFORE = re.compile(r"[^\w¿¡\"'“„«‘‚]*")
_MARKS_AFTER = re.compile(r"(?<![\s(\[{:;,–—-])[\s(\[{:;,–—-]+$")
_LINE_BREAKS = dict.fromkeys(map(ord, "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"))


@dataclass(frozen=True)
class Part:
    """A stretch of a line that is translated by itself."""

    line: int
    text: str  # as the model reads it, with the tag of the target language
    ids: list[int]  # of the source, with `<eos>`
    space: str  # what follows it and is copied: white space, a URL, a tag
    capitals: bool = False  # whether the line has it in capitals, and `text` has not
    continues: bool = False  # whether it goes on with a sentence, after something that is copied
    fragment: bool = False  # whether the line is cut before its sentence ends, or ends without

    def finished(self, translation: str, target: Tokenizer) -> str:
        """A translation of `text` as it stands in the line."""
        text = translation.strip()
        if self.fragment:
            text = text.rstrip(SENTENCE_ENDS) or text
        if self.continues:
            text = within_sentence(text, target)
        return text.upper() if self.capitals else text


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


def whole_line(line: str, tokenizer: Tokenizer, *, number: int, tag: str = "") -> CutLine:
    """Line `number` as one part, which begins with `tag`, or as none if it is empty."""
    lead, text, trail = _without_blanks(line)
    building = _Building(lead, tokenizer, number, tag)
    if _is_read(text, tokenizer):
        building.add(*building.read(text))
    building.copy(trail)
    return building.finish()


def cut_line(
    line: str,
    tokenizer: Tokenizer,
    *,
    number: int,
    longest: int,
    language: str = "",
    passthrough: bool = True,
    tag: str = "",
) -> CutLine:
    """The sentences of line `number`, each with at most `longest` source tokens.

    A sentence that is too long is halved until it is not. With `passthrough`, what is not language
    is copied (see `seqkit.text.spans`): a line is cut at a URL or a tag, and one without letters
    has no parts. Blanks at both ends of the line are copied, too. Each part begins with `tag`.
    """
    lead, text, trail = _without_blanks(line)
    found = stretches(text, language, passthrough=passthrough)
    is_cut = any(stretch.kind == "copied" for stretch in found)

    building = _Building(lead, tokenizer, number, tag)
    for stretch in found:
        check_wanted()
        if stretch.kind == "sentence":
            building.add_sentence(stretch.text, longest, is_cut=is_cut)
        else:
            building.copy(stretch.text, is_between=stretch.kind == "between")

    building.copy(trail)
    return building.finish()


def stretches(text: str, language: str = "", *, passthrough: bool = True) -> list[Stretch]:
    """A text cut as `cut_line` cuts it, but for long sentences; joined, they are the text again."""
    found = list(pieces(text)) if passthrough else [Piece(text, is_language=True)]
    is_cut = len(found) > 1

    cut: list[Stretch] = []
    for piece in found:
        if not piece.is_language:
            cut.append(Stretch(piece.text, "copied"))
            continue

        before, sentences, after = _without_marks(piece.text) if is_cut else ("", piece.text, "")
        cut.append(Stretch(before, "between"))
        for sentence, space in split_sentences(sentences, language):
            check_wanted()
            is_read = not passthrough or has_letters(sentence)
            cut.append(Stretch(sentence, "sentence" if is_read else "between"))
            cut.append(Stretch(space, "between"))
        cut.append(Stretch(after, "between"))
    return [stretch for stretch in cut if stretch.text]


def outline(found: Iterable[Stretch]) -> list[str | None]:
    """What a text and its translation have in common: None for a sentence, and what is copied."""
    seen = [stretch for stretch in found if stretch.kind != "between"]
    return [None if stretch.kind == "sentence" else stretch.text for stretch in seen]


class _Building:
    """A `CutLine` while it is put together."""

    def __init__(self, lead: str, tokenizer: Tokenizer, number: int, tag: str) -> None:
        self.tokenizer = tokenizer
        self.number = number
        self.tag = tag
        self._parts: list[Part] = []
        self._copied: list[list[str]] = [[lead]]  # before the first part, and after each
        self._outline: list[str | None] = []

    def read(self, text: str) -> tuple[str, list[int]]:
        """What the model reads of a text, and its ids."""
        tagged = f"{self.tag} {text}" if self.tag else text
        return tagged, self.tokenizer.encode(tagged, eos=True)

    def copy(self, text: str, *, is_between: bool = True) -> None:
        self._copied[-1].append(text)
        if not is_between:
            self._outline.append(text)

    def add(self, text: str, ids: list[int], **how: bool) -> None:
        self._parts.append(Part(self.number, text, ids, "", **how))
        self._copied.append([])
        self._outline.append(None)

    def add_sentence(self, sentence: str, longest: int, *, is_cut: bool) -> None:
        """A sentence in parts of at most `longest` tokens; nothing if the tokenizer drops it."""
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
                self.add(read, ids, fragment=is_fragment, **how)
                continues = False
            self.copy(space)

    def finish(self) -> CutLine:
        lead, *spaces = ["".join(texts) for texts in self._copied]
        pairs = zip(self._parts, spaces, strict=True)
        parts = [replace(part, space=space) for part, space in pairs]
        return CutLine(lead, parts, self._outline)


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
