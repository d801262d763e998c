"""Conformance of a whole plugin."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import SeqkitError
from ..plugins import components
from ..registry import Components, Plugin, Registry


def check_plugin(register: Callable[[Plugin], None]) -> None:
    """Check a plugin's register function: names are free, targets load, all have a line of help."""
    added = Components()
    register(Plugin("plugin under test", added))

    pairs = zip(added.registries(), components().registries(), strict=True)
    for registry, known in pairs:
        _check_names(registry, known)


def _check_names(registry: Registry, known: Registry) -> None:
    for entry in registry:
        what = f"{registry.kind} {entry.name!r}"
        assert entry.help, f"{what} has no help"
        assert "\n" not in entry.help, f"the help of {what} is more than one line"
        taken = entry.name in known and known[entry.name].target != entry.target
        assert not taken, f"{what} is taken by {known[entry.name].provider}"
        try:
            found = entry.load()
        except SeqkitError as error:
            raise AssertionError(f"{what}: {error}") from error
        assert found is not None, f"{what}: {entry.target} is None"
