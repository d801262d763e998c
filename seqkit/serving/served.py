"""Documents translated by the models of a service, in turn with everybody else's sentences.

A document is translated in a thread of its own, as `seqkit translate` would do it; but what it
asks of a translator is asked of the `Kernel`, a few dozen lines at a time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ..translation.documents.translating import Lines
from ..translation.predictions import TranslatedLine
from ..translation.segments import Translation
from ..wanted import check_wanted
from .errors import Overloaded
from .kernel import Kernel
from .pairs import Hop

_LINES = 64  # asked at once, and as many more are queued meanwhile
_LOOK = 0.5  # seconds between two looks at whether the answer is still wanted

Pair = tuple[str, str]


@dataclass(frozen=True)
class Wish:
    """How a document is to be translated."""

    hops: Sequence[Hop]
    glossary: Sequence[Pair] = ()


def lines_of(kernel: Kernel, wish: Wish) -> Lines:
    """What translates lines for a document, as long as that is wanted (see `seqkit.wanted`)."""
    served = [_Served(kernel, hop, wish.glossary) for hop in wish.hops]
    if not served:
        return _Same()
    return served[0] if len(served) == 1 else _Chained(served)


class _Served:
    """A model of the service, seen as a translator."""

    def __init__(self, kernel: Kernel, hop: Hop, glossary: Sequence[Pair]) -> None:
        self._kernel = kernel
        self._asked: dict[str, Any] = {"model": hop.model}
        if hop.to:
            self._asked["to"] = hop.to
        if glossary:
            self._asked["glossary"] = [list(pair) for pair in glossary]
        self.attends = kernel.catalogue.entries[hop.model].operation("explain") is not None

    def predict(
        self, inputs: Iterable[str], *, align: bool = False, **settings: Any
    ) -> Iterator[TranslatedLine]:
        lines = iter(inputs)
        waiting: deque[_Answer] = deque()
        try:
            while some := list(islice(lines, _LINES)):
                body = {**self._asked, "text": some, "align": align, **settings}
                waiting.append(_Answer(self._kernel, body))
                if len(waiting) > 1:
                    yield from waiting.popleft().lines()
            while waiting:
                yield from waiting.popleft().lines()
        finally:
            for answer in waiting:
                answer.drop()


class _Answer:
    """What the service has been asked; asked again while it has too much to do."""

    def __init__(self, kernel: Kernel, body: Mapping[str, Any]) -> None:
        self._kernel = kernel
        self._body = body
        self._future = self._ask()

    def lines(self) -> Iterator[TranslatedLine]:
        try:
            yield from map(_line, self._records())
        finally:
            self.drop()

    def drop(self) -> None:
        self._future.cancel()

    def _ask(self) -> Future[Any]:
        return self._kernel.ask_from_thread("translate", self._body)

    def _records(self) -> list[Mapping[str, Any]]:
        while True:
            check_wanted()
            try:
                found: list[Mapping[str, Any]] = self._future.result(_LOOK)["translations"]
                return found
            except TimeoutError:
                continue
            except Overloaded as overloaded:
                _wait(float(overloaded.headers["Retry-After"]))
                self._future = self._ask()


def _wait(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        check_wanted()
        time.sleep(min(_LOOK, seconds))


class _Chained:
    """Two translators, one after the other; words cannot be followed through both."""

    attends = False

    def __init__(self, served: Sequence[_Served]) -> None:
        self._first, self._second = served

    def predict(
        self, inputs: Iterable[str], *, align: bool = False, **settings: Any
    ) -> Iterator[TranslatedLine]:
        sources: deque[str] = deque()

        def between() -> Iterator[str]:
            for line in self._first.predict(inputs, **settings):
                sources.append(line.source)
                yield line.best.text

        for line in self._second.predict(between(), **settings):
            yield replace(line, source=sources.popleft())


class _Same:
    """Leaves every line as it is: the language is the one that is wanted."""

    attends = False

    def predict(
        self, inputs: Iterable[str], *, align: bool = False, **settings: Any
    ) -> Iterator[TranslatedLine]:
        for line in inputs:
            yield TranslatedLine(line, [Translation(line, 0.0, 0.0, [], [])])


def _line(record: Mapping[str, Any]) -> TranslatedLine:
    """A line of its record."""
    best = Translation(
        record["translation"], record["score"], record["log_probability"], record["tokens"], []
    )
    alignment = record.get("alignment")
    alignments = None if alignment is None else [[(pair[0], pair[1]) for pair in alignment]]
    unplaced = record.get("unplaced_terms", [])
    return TranslatedLine(record["source"], [best], alignments, unplaced_terms=unplaced)
