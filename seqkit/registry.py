"""Names for what plugins may add.

A registry maps a name to an import path, not to an object: listing the names imports nothing,
and registering one can never close an import cycle.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import SeqkitError, UnknownName, hint


@dataclass(frozen=True)
class Entry:
    name: str
    target: str  # "package.module:attribute"
    provider: str  # who registered it: "seqkit", or a plugin's distribution
    help: str

    def load(self) -> Any:
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)


class Registry:
    """The known names of one kind, e.g. all models."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Register `entry`; raises `SeqkitError` naming both providers if the name is taken."""
        old = self._entries.get(entry.name)
        if old is not None:
            raise SeqkitError(
                f"{self.kind} {entry.name!r} is registered twice: "
                f"by {old.provider} ({old.target}) and by {entry.provider} ({entry.target})"
            )
        self._entries[entry.name] = entry

    def __getitem__(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownName(f"no {self.kind} {name!r}.{hint(name, self._entries)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.name))

    def load(self, name: str) -> Any:
        """Import what `name` stands for; raises `UnknownName` with a suggestion."""
        return self[name].load()
