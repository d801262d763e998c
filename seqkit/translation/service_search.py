"""How a request to a service wants its texts searched for, and what that costs.

Sentences of requests that want the same are searched for together.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import DataError, TooLarge
from ..search.settings import SearchConfig
from .continuing import Choice, Continued, Item, candidates_of, other_words
from .glossary import Glossary
from .requests import Pair
from .segments import Candidate, joined
from .terms import Terms
from .translator import Translator

_LONGEST = 2000  # tokens of an item: of a text that is not to be split, of a translation to score


@dataclass(frozen=True)
class Search:
    """How a request wants its texts translated."""

    translator: Translator
    config: SearchConfig  # without a prefix
    terms: Terms | None
    glossary: tuple[Pair, ...]

    @property
    def kind(self) -> Hashable:
        """Sentences of requests that have it in common are searched for together."""
        return ("translate", repr(self.config), self.glossary)

    def costs(self, items: Sequence[Item | Choice]) -> list[int]:
        """What each item costs, in tokens that are searched for with the model's own settings.

        Raises `TooLarge` for an item that is too long, of a text that is not to be split.
        """
        own, config = self.translator.search, self.config
        times = max(1, -(-_width(config) // _width(own))) * (1 + len(config.must))
        return [times * self._cost(item, config.min_length) for item in items]

    def _cost(self, item: Item | Choice, least: int) -> int:
        if isinstance(item, Choice):
            return (1 + item.top) * self._cost(item.item, least)
        length = len(item.part.ids)
        check_length(length, self.translator, "a text that stays whole (split, must)")
        return max(length, least)

    def compute(self, items: Sequence[Item | Choice]) -> list[Any]:
        """The candidates of each item; of a choice, those of each word with its probability."""
        whole = [item for item in items if isinstance(item, Item)]
        found = iter(candidates_of(self.translator, whole, self.config, self.terms))
        return [
            other_words(self.translator, item, self.config, self.terms)
            if isinstance(item, Choice)
            else next(found)
            for item in items
        ]

    def text(self, line: Continued, found: Sequence[list[Candidate]]) -> str:
        """The best translation of a line, of what was found for its items."""
        text = joined(line.lead, found, self.config)[0].text
        return text.rstrip() + line.tail if line.tail else text


def _width(config: SearchConfig) -> int:
    """How many hypotheses or draws of a sentence are kept at once."""
    return max(config.beam, config.mbr, config.nbest)


def check_length(length: int, translator: Translator, what: str) -> None:
    most = max(_LONGEST, translator.longest)
    if length > most:
        raise TooLarge(
            f"{what} may have {most:,} tokens here, and this has {length:,}: send it in parts"
        )


def search_of(
    translator: Translator, settings: Mapping[str, Any], glossary: Sequence[Pair]
) -> Search:
    """How texts are translated by these settings and terms.

    Raises `ConfigError` or `DataError` for what the model cannot do.
    """
    pairs = tuple(glossary)
    key = (repr(settings), pairs)
    prepared = SEARCHES.get(translator, key)
    if prepared is None:
        translator.predict([], **settings)  # raises
        config = translator.settings(settings)
        of_pairs = Glossary(_distinct(pairs)) if pairs else None
        prepared = config, translator.terms(of_pairs, config)
        SEARCHES.put(translator, key, prepared)
    return Search(translator, *prepared, pairs)


def _distinct(glossary: Sequence[Pair]) -> dict[str, str]:
    """The terms of a request; raises `DataError` for one with two translations."""
    terms: dict[str, str] = {}
    for term, target in glossary:
        if terms.setdefault(term, target) != target:
            raise DataError(
                f"glossary: {term!r} has two translations, {terms[term]!r} and {target!r}"
            )
    return terms


class _Searches:
    """What was prepared of late for each translator: most clients ask with the same settings.

    For the threads that prepare requests.
    """

    most = 64  # of each translator
    most_pairs = 200  # of a glossary that is kept: a larger one may take megabytes

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: WeakKeyDictionary[Translator, dict[Hashable, _Prepared]] = WeakKeyDictionary()

    def get(self, translator: Translator, key: Hashable) -> _Prepared | None:
        with self._lock:
            kept = self._of.setdefault(translator, {})
            found = kept.pop(key, None)
            if found is not None:
                kept[key] = found  # last: the one that was used longest ago is the first
            return found

    def put(self, translator: Translator, key: Hashable, prepared: _Prepared) -> None:
        _, terms = prepared
        if terms is not None and len(terms.glossary) > self.most_pairs:
            return
        with self._lock:
            kept = self._of.setdefault(translator, {})
            kept[key] = prepared
            while len(kept) > self.most:
                del kept[next(iter(kept))]

    def count(self, translator: Translator) -> int:
        with self._lock:
            return len(self._of.get(translator, {}))


_Prepared = tuple[SearchConfig, Terms | None]
SEARCHES = _Searches()
