"""The runs of a sentence with markup: text within elements, what is kept, and points."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
    """Text within elements; or a point, with markup instead of text.

    What is `kept` has both: a word of the sentence that stays as it is, and how the file has it.
    """

    text: str
    elements: Elements = ()
    point: str = ""
    blank_before: bool = False  # whether a blank stands before a point
    blank_after: bool = False  # whether one follows it
    kept: str = ""


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
