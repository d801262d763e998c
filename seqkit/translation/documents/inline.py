"""Inline markup: taken out of a sentence, and put back around the right words.

A marked segment is a list of runs: text within elements (`<b>`, a link, a run of Word), and points,
which have no text (`<br>`, a picture). Words of the translation get the elements of the source
words that they are aligned with; an element stays in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..explain import Alignment

_WORD = re.compile(r"\S+")
_TAIL = re.compile(r"(?<=[^\W_])[^\w\s]+$")  # the marks after a word
_MARKS_BEFORE = re.compile(r"(?<!\S)[^\w\s]*$")
_MARKS_AFTER = re.compile(r"[^\w\s]*?(?=[.:!?…]*(?:\s|$))")
_SPACES = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True, eq=False)
class Element:
    """Markup around words, as it stands in the file; each one is itself only."""

    open: str
    close: str


Elements = tuple[Element, ...]  # the outermost first


@dataclass(frozen=True)
class Run:
    """Text within elements; or a point, with markup instead of text."""

    text: str
    elements: Elements = ()
    point: str = ""
    blank_before: bool = False  # whether a blank stands before a point
    blank_after: bool = False  # whether one follows it


@dataclass
class _Unit:
    """A word of the translation, the marks after it, or a point."""

    space: str
    text: str
    elements: Elements
    point: str = ""


@dataclass(frozen=True)
class Marked:
    """A segment of several runs.

    With `strict`, text may stand in no other elements than the source had it in: Word shows no text
    outside its runs.
    """

    start: int
    end: int
    runs: list[Run]
    escape: Callable[[str], str] = str
    strict: bool = False
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", "".join(run.text for run in self.runs))

    @property
    def has_markup(self) -> bool:
        return len(self.runs) > 1

    def written(self, translation: str, alignment: Alignment | None) -> str:
        units = self._units(translation, alignment or [])
        for element in self._elements():
            _make_contiguous(units, element)
        self._keep_known(units)
        return self._joined(self._with_points(units, translation, alignment or []))

    def _elements(self) -> list[Element]:
        """Each element, outer ones before those within them."""
        found = [element for run in self.runs for element in run.elements]
        return list(dict.fromkeys(found))

    # Words

    def _units(self, translation: str, alignment: Alignment) -> list[_Unit]:
        """Words of the translation, with the elements of the source words they belong to."""
        at = [run.elements for run in self.runs for _ in run.text]  # of each source character
        source = [match.span() for match in _WORD.finditer(self.text)]
        target = list(_WORD.finditer(translation))
        aligned = _source_words(len(source), len(target), alignment)

        units: list[_Unit] = []
        done = 0
        for match, place in zip(target, aligned, strict=True):
            space = translation[done : match.start()]
            done = match.end()
            first, last = source[place] if source else (0, 0)
            elements = at[first] if source else ()
            if _stem(match[0]).casefold() == _stem(self.text[first:last]).casefold():
                units += _spelt_alike(match[0], at[first:last], space)
                continue
            tail = _TAIL.search(match[0])
            ends_in_mark = last > first and not self.text[last - 1].isalnum()
            if tail and ends_in_mark and at[last - 1] != elements:
                units.append(_Unit(space, match[0][: tail.start()], elements))
                units.append(_Unit("", tail[0], at[last - 1]))
            else:
                units.append(_Unit(space, match[0], elements))
        return units

    def _keep_known(self, units: list[_Unit]) -> None:
        """Move words out of places where the source has none, and give each place a word."""
        known = [run.elements for run in self.runs if run.text]
        for i, unit in enumerate(units):
            if unit.elements not in known:
                unit.elements = units[i - 1].elements if i else known[0]

        length = len(self.text) or 1
        done = 0
        for run in self.runs:
            is_missing = run.text.strip() and all(u.elements != run.elements for u in units)
            if (
                is_missing
                and not self._is_figure_in_word(run, done)
                and len(units) > len(self.runs)
            ):
                units[min(len(units) - 1, done * len(units) // length)].elements = run.elements
            done += len(run.text)

    def _is_figure_in_word(self, run: Run, start: int) -> bool:
        """Whether it is the 2 of a word such as H2O, which means nothing on another word."""
        touches = start > 0 and not self.text[start - 1].isspace()
        return touches and run.text.isdigit()

    # Points

    def _with_points(
        self, units: list[_Unit], translation: str, alignment: Alignment
    ) -> list[_Unit]:
        """The words with the points between them."""
        words = [unit for unit in units if unit.space or unit is units[0]]
        source = [match.start() for match in _WORD.finditer(self.text)]
        aligned = _source_words(len(source), len(words), alignment)
        before: dict[int, list[Run]] = {}
        done = 0
        for run in self.runs:
            if run.point:
                word = sum(start < done for start in source)  # how many begin before the point
                place = self._place(word, not run.blank_before, aligned, words, units)
                before.setdefault(place, []).append(run)
            done += len(run.text)

        found: list[_Unit] = []
        for i in range(len(units) + 1):
            points = before.get(i, [])
            for point in points:
                space = " " if point.blank_before and found else ""
                found.append(_Unit(space, "", point.elements, point.point))
            if i < len(units):
                found.append(replace(units[i], space=_space_after(points, units[i].space)))
        return found

    def _place(
        self, word: int, touches: bool, aligned: list[int], words: list[_Unit], units: list[_Unit]
    ) -> int:
        """The unit that a point goes before, which stands after so many source words.

        If it touches the last of them, as a note does, it stays with its translation.
        """
        if word == 0:
            return 0
        if word > max(aligned, default=-1) and word >= len(_WORD.findall(self.text)):
            return len(units)

        own = [i for i, place in enumerate(aligned) if place == word - 1]
        index = sum(place < word for place in aligned)  # after all that belongs to what is before
        if touches and own:
            index = own[-1] + 1
        if index >= len(words):
            return len(units)
        return next(i for i, unit in enumerate(units) if unit is words[index])

    def _joined(self, units: Sequence[_Unit]) -> str:
        pieces: list[str] = []
        inside: Elements = ()
        after_point = False
        with_blank_before = {run.elements for run in self.runs if run.text.startswith(" ")}
        with_blank_after = {run.elements for run in self.runs if run.text.endswith(" ")}
        for unit in units:
            shared = _shared(inside, unit.elements)
            closing = "".join(element.close for element in reversed(inside[shared:]))
            opening = "".join(element.open for element in unit.elements[shared:])
            is_of_next = unit.elements in with_blank_before and inside not in with_blank_after
            if self.strict and inside and not after_point and (unit.point or not is_of_next):
                pieces += [unit.space, closing, opening]  # blanks, too, are text
            elif self.strict:
                pieces += [closing, opening, unit.space]
            else:
                pieces += [closing, unit.space, opening]
            pieces.append(unit.point or self.escape(unit.text))
            inside = unit.elements
            after_point = bool(unit.point)
        pieces += [element.close for element in reversed(inside)]
        return "".join(pieces)


def _space_after(points: Sequence[Run], space: str) -> str:
    """What stands between points and the word after them; `space` was before it."""
    if not points or not any(point.blank_before or point.blank_after for point in points):
        return space
    return " " if points[-1].blank_after else ""


def _stem(word: str) -> str:
    """A word without the marks after it."""
    return _TAIL.sub("", word)


def _spelt_alike(word: str, at: Sequence[Elements], space: str) -> list[_Unit]:
    """A word as it is in the source, whose letters keep the elements they had there."""
    units: list[_Unit] = []
    for i, letter in enumerate(word):
        elements = at[i] if i < len(at) else at[0]
        if units and units[-1].elements == elements:
            units[-1].text += letter
        else:
            units.append(_Unit("" if units else space, letter, elements))
    return units


def _source_words(sources: int, targets: int, alignment: Alignment) -> list[int]:
    """The source word of each target word; those that are not aligned go by their neighbours."""
    found: list[int | None] = [None] * targets
    for source, target in alignment:
        if source < sources and target < targets:
            found[target] = source

    last = max(sources - 1, 0)
    result: list[int] = []
    for i, place in enumerate(found):
        if place is None and result and alignment:
            place = result[-1]
        if place is None:
            place = min(last, i * sources // max(targets, 1))
        result.append(place)
    return result


def _make_contiguous(units: list[_Unit], element: Element) -> None:
    """Keep an element around its longest stretch of words only."""
    stretches: list[list[int]] = []
    for i, unit in enumerate(units):
        if element not in unit.elements:
            continue
        if stretches and i - stretches[-1][-1] <= 1:
            stretches[-1].append(i)
        else:
            stretches.append([i])
    if len(stretches) < 2:
        return

    longest = max(stretches, key=len)
    for stretch in stretches:
        if stretch is longest:
            continue
        for i in stretch:
            depth = units[i].elements.index(element)
            units[i].elements = units[i].elements[:depth]


def _shared(first: Elements, second: Elements) -> int:
    """How many outer elements two places share."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one is not other:
            break
        count += 1
    return count


def glued(runs: Sequence[Run], escape: Callable[[str], str]) -> list[Run]:
    """The runs with marks that touch points, and no words, as parts of these points.

    Else the translator would read "files ()" and "Examples: , ,". What ends a sentence stays.
    """
    found: list[Run] = []
    waiting = list(reversed(runs))
    while waiting:
        run = waiting.pop()
        before = found[-1] if found else Run("", run.elements)
        after = waiting[-1] if waiting else Run("", run.elements)
        opening, closing = _MARKS_BEFORE.search(before.text), _MARKS_AFTER.match(after.text)
        is_alike = before.elements == run.elements == after.elements
        if run.point and is_alike and opening and closing:
            if found:
                found[-1] = replace(before, text=before.text[: opening.start()])
            if waiting:
                waiting[-1] = replace(after, text=after.text[closing.end() :])
            run = replace(run, point=escape(opening[0]) + run.point + escape(closing[0]))
        found.append(run)
    return found


def collapsed(runs: Sequence[Run]) -> list[Run]:
    """The runs with each stretch of white space as one blank, none at both ends."""
    found: list[Run] = []
    after_space = True  # none at the beginning
    for run in runs:
        text = _SPACES.sub(" ", run.text)
        is_after_blank = bool(found) and after_space
        if found and found[-1].point:
            is_after_blank = found[-1].blank_after
        run = replace(run, blank_before=run.blank_before or (bool(run.point) and is_after_blank))
        if found and found[-1].point and text.startswith(" "):
            found[-1] = replace(found[-1], blank_after=True)
        if after_space:
            text = text.removeprefix(" ")
        if text:
            after_space = text.endswith(" ")
        if text or run.point:
            found.append(replace(run, text=text))

    for i in reversed(range(len(found))):
        if found[i].text:
            found[i] = replace(found[i], text=found[i].text.rstrip(" "))
            break
    return [run for run in found if run.text or run.point]
