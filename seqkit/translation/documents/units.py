"""The units of a translation while markup is put around them: words, and points between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .runs import Element, Elements, Run


@dataclass
class Unit:
    """A word of the translation, the marks at it, what is kept, or a point."""

    space: str
    text: str
    elements: Elements
    point: str = ""  # or what is kept, as the file has it
    word: int = 0  # its number in the translation


def spelt_alike(word: str, at: Sequence[Elements], space: str) -> list[Unit]:
    """A word as it is in the source, whose letters keep the elements they had there."""
    units: list[Unit] = []
    for i, letter in enumerate(word):
        elements = at[i] if i < len(at) else at[0]
        if units and units[-1].elements == elements:
            units[-1].text += letter
        else:
            units.append(Unit("" if units else space, letter, elements))
    return units


def spans_of(units: Sequence[Unit]) -> dict[Element, tuple[int, int]]:
    """The first and the last word of each element."""
    spans: dict[Element, tuple[int, int]] = {}
    for i, unit in enumerate(units):
        for element in unit.elements:
            first, _ = spans.get(element, (i, i))
            spans[element] = first, i
    return spans


def whole_place(
    elements: Elements, place: int, units: Sequence[Unit], spans: dict[Element, tuple[int, int]]
) -> int:
    """The nearest place where a point tears no element in two: neither its own nor another."""
    own = next((one for one in reversed(elements) if one in spans), None)
    if own:
        first, last = spans[own]
        place = min(max(place, first), last + 1)

    if 0 < place < len(units):
        before, after = units[place - 1].elements, units[place].elements
        around = before[: shared_depth(before, after)]
        other = next((one for one in around if one not in elements), None)
        if other:
            first, last = spans[other]
            place = first if place - first < last + 1 - place else last + 1
    return place


def with_blanks(point: Run, units: Sequence[Unit], place: int, *, moved: int) -> Run:
    """A point that has moved by so many units, with the blank of the words that it goes between."""
    if moved == 0 or place == len(units):
        return point
    has_blank = bool(units[place].space)
    if moved > 0:  # it begins an element or follows one: the blank is before it
        return replace(point, blank_before=has_blank)
    return replace(point, blank_after=has_blank)


def in_order(points: Sequence[Run], units: Sequence[Unit], place: int) -> list[Run]:
    """The points at a place: first those in the markup before it, last those in that after it."""
    before = units[place - 1].elements if place else ()
    after = units[place].elements if place < len(units) else ()

    def key(point: Run) -> int:
        return shared_depth(point.elements, after) - shared_depth(point.elements, before)

    return sorted(points, key=key)


def stretches_of(numbers: Sequence[int]) -> list[list[int]]:
    """Rising numbers, those together that follow each other."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def nearest_free(units: Sequence[Unit], near: int, elements: Elements) -> Unit | None:
    """The word nearest to a place that can leave its elements for others; None if none can."""
    for distance in range(len(units)):
        for i in (near - distance, near + distance):
            if 0 <= i < len(units) and _is_free(units, i, elements):
                return units[i]
    return None


def _is_free(units: Sequence[Unit], i: int, elements: Elements) -> bool:
    """Whether a word can leave the elements it is in for others, and all stay in one piece."""
    left = set(units[i].elements) - set(elements)
    before, after = ({*unit.elements} for unit in (units[i - 1], units[(i + 1) % len(units)]))
    splits = 0 < i < len(units) - 1 and left & before & after
    is_only = left - before - after
    return bool(re.search(r"\w", units[i].text)) and not splits and not is_only


def shared_depth(first: Elements, second: Elements) -> int:
    """How many outer elements two places share."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one is not other:
            break
        count += 1
    return count
