"""Inline markup: taken out of a sentence, and put back around the right words.

A marked segment is a list of runs: text within elements (`<b>`, a link, a run of Word), and points,
which have no text (`<br>`, a picture). Words of the translation get the elements of the source
words that they are aligned with; an element stays in one piece.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..explain import Alignment
from .placing import Places, places_of, source_words
from .runs import Element, Elements, Run
from .units import (
    Unit,
    in_order,
    nearest_free,
    shared_depth,
    spans_of,
    spelt_alike,
    stretches_of,
    whole_place,
    with_blanks,
)

_WORD = re.compile(r"\S+")
_TAIL = re.compile(r"(?<=[^\W_])[^\w\s]+$")  # the marks after a word


@dataclass(frozen=True)
class _Kept:
    """What is kept: where it is in the text, and in its translation."""

    run: Run
    start: int
    end: int
    at: tuple[int, int] = (0, 0)


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
        kept = self._kept_in(translation)
        units = self._units(translation, alignment or [], kept)
        self._make_contiguous(units)
        self._keep_known(units)
        self._fill_places(units)
        units = self._with_points(units, self._points(kept), translation, alignment or [])
        if not self.strict:
            self._make_contiguous(units)
        return self._joined(units)

    # Words

    def _kept_in(self, translation: str) -> list[_Kept]:
        """What is kept, where a translation has it; not what it has more or less often."""
        of_text: dict[str, list[_Kept]] = {}
        done = 0
        for run in self.runs:
            end = done + len(run.text)
            if run.kept:
                of_text.setdefault(run.text, []).append(_Kept(run, done, end))
            done = end
        if not of_text:
            return []

        found = list(places_of(of_text, translation))
        counts = Counter(text for text, _ in found)
        waiting = {text: iter(runs) for text, runs in of_text.items()}
        return [
            replace(next(waiting[text]), at=(place, place + len(text)))
            for text, place in found
            if counts[text] == len(of_text[text])
        ]

    def _units(self, translation: str, alignment: Alignment, kept: Sequence[_Kept]) -> list[Unit]:
        """Words of the translation, with the elements of the source words they belong to."""
        at = [run.elements for run in self.runs for _ in run.text]  # of each source character
        source = [match.span() for match in _WORD.finditer(self.text)]
        target = list(_WORD.finditer(translation))
        aligned = source_words(len(source), len(target), alignment)
        beginning = {one.at[0]: one for one in kept}
        ending = {one.at[1]: one for one in kept}

        units: list[Unit] = []
        done = 0
        for start, end, number, one in _pieces(target, kept):
            space, text = translation[done:start], translation[start:end]
            done = end
            before = len(units)
            if one is not None:
                units.append(Unit(space, "", one.run.elements, one.run.kept))
            elif (start, end) != target[number].span():
                beside = self._beside(text, ending.get(start), beginning.get(end), at)
                units.append(Unit(space, text, beside))
            else:
                place = source[aligned[number]] if source else (0, 0)
                units += self._word(space, text, place, at)
                if number == len(target) - 1:
                    units += self._end_of(units.pop(), at)
            for unit in units[before:]:
                unit.word = number
        return units

    def _word(
        self, space: str, word: str, place: tuple[int, int], at: Sequence[Elements]
    ) -> list[Unit]:
        """A word of the translation, and the marks after it, that belong to a source word."""
        first, last = place
        elements = at[first] if at else ()
        if _stem(word).casefold() == _stem(self.text[first:last]).casefold():
            return spelt_alike(word, at[first:last], space)

        tail = _TAIL.search(word)
        ends_in_mark = last > first and not self.text[last - 1].isalnum()
        if tail and ends_in_mark and at[last - 1] != elements:
            marks = Unit("", tail[0], at[last - 1])
            return [Unit(space, word[: tail.start()], elements), marks]
        return [Unit(space, word, elements)]

    def _end_of(self, unit: Unit, at: Sequence[Elements]) -> list[Unit]:
        """The last word, and its full stop outside of elements where the source has it outside."""
        tail = _TAIL.search(unit.text)
        outer = at[-1] if at else unit.elements
        is_outside = outer != unit.elements and unit.elements[: len(outer)] == outer
        if not tail or not is_outside or self.text[-1].isalnum():
            return [unit]
        word = replace(unit, text=unit.text[: tail.start()])
        return [word, Unit("", tail[0], outer)]

    def _beside(
        self, marks: str, before: _Kept | None, after: _Kept | None, at: Sequence[Elements]
    ) -> Elements:
        """The elements of marks between what is kept: those that they have in the source."""
        if before and self.text[before.end : before.end + 1] == marks[0]:
            return at[before.end]
        if after and after.start and self.text[after.start - 1] == marks[-1]:
            return at[after.start - 1]
        return ()

    def _make_contiguous(self, units: list[Unit]) -> None:
        """Keep each element around its longest stretch of words only, outer elements first."""
        places: dict[Element, list[int]] = {}
        for run in self.runs:
            places.update((element, []) for element in run.elements)
        for i, unit in enumerate(units):
            for element in unit.elements:
                places[element].append(i)

        for element, of_element in places.items():
            left = [i for i in of_element if element in units[i].elements]
            stretches = stretches_of(left)
            longest = max(stretches, key=len, default=[])
            for stretch in stretches:
                if stretch is longest:
                    continue
                for i in stretch:
                    depth = units[i].elements.index(element)
                    units[i].elements = units[i].elements[:depth]

    def _keep_known(self, units: list[Unit]) -> None:
        """Move words out of places where the source has none, to those of words beside them."""
        texts = [run for run in self.runs if run.text and not (self.strict and run.kept)]
        known = {run.elements for run in texts}
        of_units = (unit.elements for unit in units if unit.elements in known)
        nearest = next(of_units, texts[0].elements)
        for unit in units:
            if unit.elements in known:
                nearest = unit.elements
            elif not (self.strict and unit.point):
                unit.elements = nearest

    def _fill_places(self, units: list[Unit]) -> None:
        """Give each place that the source has text in a word."""
        if len(units) <= len(self.runs):
            return

        counts = Counter(unit.elements for unit in units)
        done = 0
        for run in self.runs:
            is_missing = run.text.strip() and not run.kept and not counts[run.elements]
            if is_missing and not self._is_figure_in_word(run, done):
                near = done * len(units) // len(self.text)
                free = nearest_free(units, near, run.elements)
                if free is not None:
                    counts[free.elements] -= 1
                    counts[run.elements] += 1
                    free.elements = run.elements
            done += len(run.text)

    def _is_figure_in_word(self, run: Run, start: int) -> bool:
        """Whether it is the 2 of a word such as H2O, which means nothing on another word."""
        touches = start > 0 and not self.text[start - 1].isspace()
        return touches and run.text.isdigit()

    # Points

    def _points(self, kept: Sequence[_Kept]) -> list[Run]:
        """The runs, with what was to be kept and is lost as points."""
        whole = {one.run.text for one in kept}
        runs = list(self.runs)
        for i, run in enumerate(runs):
            if run.kept and run.text not in whole:
                before, after = (one.text for one in (runs[i - 1], runs[(i + 1) % len(runs)]))
                follows, precedes = before.endswith(" "), after.startswith(" ")
                lost = replace(run, point=run.kept, blank_before=follows, blank_after=precedes)
                runs[i] = lost
        return runs

    def _with_points(
        self, units: list[Unit], runs: Sequence[Run], translation: str, alignment: Alignment
    ) -> list[Unit]:
        """The words with the points between them."""
        source = [match.start() for match in _WORD.finditer(self.text)]
        aligned = source_words(len(source), len(_WORD.findall(translation)), alignment)
        places = Places(aligned, [unit.word for unit in units], len(source))
        spans = spans_of(units)
        before: dict[int, list[Run]] = {}
        done = 0
        for run in runs:
            if run.point:
                word = bisect_left(source, done)  # how many begin before the point
                aligned_place = places.after(word, touches=not run.blank_before)
                place = whole_place(run.elements, aligned_place, units, spans)
                point = with_blanks(run, units, place, moved=place - aligned_place)
                before.setdefault(place, []).append(point)
            done += len(run.text)

        found: list[Unit] = []
        for i in range(len(units) + 1):
            points = in_order(before.get(i, []), units, i)
            for point in points:
                space = " " if point.blank_before and found else ""
                found.append(Unit(space, "", point.elements, point.point))
            if i < len(units):
                found.append(replace(units[i], space=_space_after(points, units[i].space)))
        return found

    def _joined(self, units: Sequence[Unit]) -> str:
        pieces: list[str] = []
        inside: Elements = ()
        after_point = False
        around = next((run.elements for run in self.runs if run.elements), ())
        with_blank_before = {run.elements for run in self.runs if run.text.startswith(" ")}
        with_blank_after = {run.elements for run in self.runs if run.text.endswith(" ")}
        for unit in units:
            shared = shared_depth(inside, unit.elements)
            closing = "".join(element.close for element in reversed(inside[shared:]))
            opening = "".join(element.open for element in unit.elements[shared:])
            is_of_next = unit.elements in with_blank_before and inside not in with_blank_after
            if self.strict and inside and not after_point and (unit.point or not is_of_next):
                pieces += [unit.space, closing, opening]  # blanks, too, are text
            elif self.strict and unit.space and not unit.elements and not inside:
                closing = "".join(one.close for one in reversed(around))
                pieces += [*(one.open for one in around), unit.space, closing]
            elif self.strict:
                pieces += [closing, opening, unit.space]
            else:
                pieces += [closing, unit.space, opening]
            pieces.append(unit.point or self.escape(unit.text))
            inside = unit.elements
            after_point = bool(unit.point)
        pieces += [element.close for element in reversed(inside)]
        return "".join(pieces)


def _pieces(
    words: Sequence[re.Match[str]], kept: Sequence[_Kept]
) -> Iterator[tuple[int, int, int, _Kept | None]]:
    """Words and what is kept: where each is, the number of its word, and which is kept."""
    waiting = list(reversed(kept))
    done = 0
    for number, word in enumerate(words):
        start = max(word.start(), done)
        while waiting and waiting[-1].at[0] < word.end():
            one = waiting.pop()
            begin, done = one.at
            if start < begin:
                yield start, begin, number, None
            yield begin, done, number, one
            start = done
        if start < word.end():
            yield start, word.end(), number, None


def _space_after(points: Sequence[Run], space: str) -> str:
    """What stands between points and the word after them; `space` was before it."""
    if not points or not any(point.blank_before or point.blank_after for point in points):
        return space
    return " " if points[-1].blank_after else ""


def _stem(word: str) -> str:
    """A word without the marks after it."""
    return _TAIL.sub("", word)
