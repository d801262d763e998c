"""Which models translate from one language to another: one, or two by way of a third language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .languages import find, same

_NAME = re.compile(r"([a-z]{2,3})-([a-z]{2,3})(?![a-z])")  # "en-de" or "en-de-large"


@dataclass(frozen=True)
class Hop:
    """A model, and what it is told to translate into: "" if it has one language only."""

    model: str
    to: str = ""


@dataclass
class Pairs:
    """The languages of all models that translate, by the codes that the models know."""

    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    _hops: dict[tuple[str, str], Hop] = field(default_factory=dict)  # by codes in one spelling

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> Pairs:
        """Of what `Catalogue.records` says; the first model of a pair is taken.

        The languages of a model that does not know them are those in its name, such as "zh-en".
        """
        pairs = cls()
        for record in records:
            if "translate" in record["operations"]:
                source, targets = _languages(record)
                for target in targets if source else []:
                    hop = Hop(record["name"], target if len(targets) > 1 else "")
                    pairs._add(source, target, hop)
        return pairs

    def _add(self, source: str, target: str, hop: Hop) -> None:
        self._hops.setdefault((same(source), same(target)), hop)
        if find(source, self.sources) is None:
            self.sources.append(source)
        if find(target, self.targets) is None:
            self.targets.append(target)

    @property
    def languages(self) -> list[str]:
        """All of them, sources first."""
        only_targets = [code for code in self.targets if find(code, self.sources) is None]
        return [*self.sources, *only_targets]

    def path(self, source: str, target: str) -> list[Hop] | None:
        """The models to go through, one after the other; None if there is no way.

        The codes are those of `languages`. From a language to itself there is nothing to do.
        """
        start, end = same(source), same(target)
        if start == end:
            return []
        if (start, end) in self._hops:
            return [self._hops[start, end]]
        for (first, middle), hop in self._hops.items():
            if first == start and (middle, end) in self._hops:
                return [hop, self._hops[middle, end]]
        return None

    def reachable(self, source: str) -> list[str]:
        """What a language can be translated into, itself among them."""
        return [code for code in self.languages if self.path(source, code) is not None]


def _languages(record: Mapping[str, Any]) -> tuple[str, list[str]]:
    source, targets = record.get("source"), list(record.get("targets") or [])
    named = _NAME.match(record["name"])
    if named:
        return source or named[1], targets or [named[2]]
    return source or "", targets
