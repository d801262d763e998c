"""Where what stands in a source goes in its translation: words, what is kept, and points."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence

from ..explain import Alignment


def source_words(sources: int, targets: int, alignment: Alignment) -> list[int]:
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


class Places:
    """Where points go between the units of a translation."""

    def __init__(self, aligned: Sequence[int], words: Sequence[int], sources: int) -> None:
        """`aligned` has the source word of each target word, `words` the word of each unit."""
        self._words = words
        self._sources = sources
        self._in_order = sorted(aligned)
        self._last = {source: i for i, source in enumerate(aligned)}

    def after(self, count: int, *, touches: bool) -> int:
        """The unit that a point goes before, which stands after so many source words.

        If it touches the last of them, as a note does, it stays with its translation.
        """
        if count == 0:
            return 0
        index = bisect_left(self._in_order, count)  # after all that belongs to what is before
        if index == len(self._in_order) and count >= self._sources:
            return len(self._words)

        if touches and count - 1 in self._last:
            index = self._last[count - 1] + 1
        return bisect_left(self._words, index)


def places_of(wanted: Collection[str], text: str) -> Iterator[tuple[str, int]]:
    """What of `wanted` a text has, and where; of those that begin at one place, the longest."""
    sizes = sorted({len(one) for one in wanted}, reverse=True)
    firsts = "".join({one[0] for one in wanted})
    done = 0
    for match in re.finditer(f"[{re.escape(firsts)}]", text):
        place = match.start()
        if place < done:
            continue

        here = (text[place : place + size] for size in sizes)
        found = next((one for one in here if one in wanted), None)
        if found is not None:
            yield found, place
            done = place + len(found)
