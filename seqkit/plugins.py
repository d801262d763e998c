"""Find components: the built-in ones and those of installed plugins.

A plugin is a distribution with an entry point in the group "seqkit.plugins" that names a function
taking a `Plugin`. The built-in names are registered by the same kind of function
(`seqkit.builtin.register`), so every test of theirs tests what plugins use.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from . import builtin
from .registry import Components, Plugin

__all__ = ["Components", "Plugin", "components"]

GROUP = "seqkit.plugins"


@cache
def components() -> Components:
    """All names, found once per process.

    A plugin that fails is recorded in `broken` and adds nothing, even if it asks Python to exit.
    """
    found = Components()
    builtin.register(Plugin("seqkit", found))

    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        provider = point.dist.name if point.dist else point.name
        trial = Components()
        try:
            point.load()(Plugin(provider, trial))
            _merge(trial, found)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a call of sys.exit, too
            found.broken[provider] = error
    return found


def _merge(new: Components, found: Components) -> None:
    """Add all names of `new`, or none if one of them is taken."""
    pairs = list(zip(new.registries(), found.registries(), strict=True))

    for registry, known in pairs:
        for entry in registry:
            if entry.name in known:
                known.add(entry)  # raises, naming both

    for registry, known in pairs:
        for entry in registry:
            known.add(entry)
