"""What stays as it is and is a word of its sentence: read as a name that the model copies.

"Run `make` first." is read as "Run Tom first.", of whose translation "Tom" becomes `make` again.
Code, URLs, addresses, files and what programs fill in are such words. Where a model loses the
names, numbers are tried. A translation is taken only if it has each stand-in once, and `%s`, which
programs fill in by its place, in the order of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NAMES = ["Tom", "Maria", "Boston", "John"]
NUMBERS = [str(number) for number in range(1739, 9999, 1321)]
MARK = "\ua66e"  # a letter of one word, in a manuscript of 1429, and so of no term
_FIGURES = ["17", "28", "39", "46"]
_OF_FIGURES = re.compile(
    r"%(?:\(\w+\)|\d\$)?[-+#\d.]*(?:hh?|ll?|[zjt])?[diufx]"
)  # what a program fills a number in for
_BY_PLACE = re.compile(r"(?<!\w)%(?!\(|\d\$)[-+#0\d.]*[A-Za-z@]|\{\}")  # filled in by its place
_LETTER = "[A-Za-z0-9\u00c0-\u024f]"  # those of other scripts may touch a name


@dataclass(frozen=True)
class StandIns:
    """The stand-ins of a text, each with what it stands for, in order."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def are_in(self, translation: str) -> bool:
        """Whether a translation has each of them once, and in no other form, as "Toms" is.

        What is filled in by its place must be in order, or a program would fill in others.
        """
        are_once = all(
            translation.count(one) == len(_pattern(one).findall(translation)) == 1
            for one, _ in self.pairs
        )
        places = [translation.find(one) for one, name in self.pairs if _BY_PLACE.search(name)]
        return are_once and places == sorted(places)

    def within(self, text: str) -> StandIns:
        """Those that stand in a part of the text."""
        return StandIns(tuple(pair for pair in self.pairs if _pattern(pair[0]).search(text)))

    def begin(self, text: str) -> bool:
        """Whether a text begins with one of them."""
        return text.startswith(tuple(stand_in for stand_in, _ in self.pairs))

    def restored(self, text: str) -> str:
        """A text with what they stand for."""
        return _replaced(text, self.pairs)

    def masked(self, text: str) -> str:
        """A text of the same length with another word for each, which is no term."""
        return _replaced(text, [(one, MARK * len(one)) for one, _ in self.pairs])

    def sizes(self, text: str) -> list[int]:
        """How many words each word of a text becomes when it is restored."""
        return [len(self.restored(word).split()) for word in text.split()]

    def twins(self, source: str, target: str) -> Iterator[tuple[int, int]]:
        """The words, by their numbers, that have a stand-in in a text and in its translation."""
        sides = source.split(), target.split()
        for stand_in, _ in self.pairs:
            has = _pattern(stand_in).search
            found = [[i for i, word in enumerate(words) if has(word)] for words in sides]
            if all(found):
                yield found[0][0], found[1][0]

    def as_numbers(self, text: str) -> tuple[str, StandIns] | None:
        """The text with numbers for its stand-ins, and these.

        None if they are numbers already, or if there are too many of them.
        """
        names = [name for _, name in self.pairs]
        made = _chosen(names, self.restored(text), NUMBERS)
        if made is None or made == self:
            return None
        pairs = [(old, new) for (old, _), (new, _) in zip(self.pairs, made.pairs, strict=True)]
        return _replaced(text, pairs), made


NO_STAND_INS = StandIns()


def with_stand_ins(pieces: Sequence[tuple[str, bool]]) -> tuple[str, StandIns] | None:
    """A text of pieces, some of which stay as they are, with stand-ins for these.

    None if there are too many of them, or if one touches other letters.
    """
    names = [piece for piece, stays in pieces if stays]
    text = "".join(piece for piece, stays in pieces if not stays)
    made = _chosen(names, text, NAMES)
    if made is None:
        made = _chosen(names, text, NUMBERS)
    if made is None:
        return None
    waiting = iter(made.pairs)
    read = "".join(next(waiting)[0] if stays else piece for piece, stays in pieces)
    return (read, made) if made.are_in(read) else None


def _chosen(names: Sequence[str], text: str, among: Sequence[str]) -> StandIns | None:
    """A stand-in for each name, none of which the text has; None if there are too few."""
    figures, others = _free(_FIGURES, text), _free(among, text)
    pairs: list[tuple[str, str]] = []
    for name in names:
        stand_in = next(figures if _OF_FIGURES.fullmatch(name) else others, None)
        if stand_in is None:
            return None
        pairs.append((stand_in, name))
    return StandIns(tuple(pairs))


def _free(stand_ins: Sequence[str], text: str) -> Iterator[str]:
    return (one for one in stand_ins if one not in text)


def _replaced(text: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A text with other words, all at once, so that none is looked for in another."""
    if not pairs:
        return text
    words = dict(pairs)
    pattern = "|".join(_pattern(word).pattern for word in words)
    return re.sub(pattern, lambda match: words[match[0]], text)


def _pattern(word: str) -> re.Pattern[str]:
    """A word where it stands by itself; of a number, not where it is a part of another."""
    return re.compile(rf"(?<!{_LETTER})(?<!\d[.,:]){re.escape(word)}(?!{_LETTER}|[.,:]\d)")
