"""Find components: the built-in ones and those of installed plugins.

A plugin is a distribution with an entry point in the group "seqkit.plugins" that names a function
taking a `Plugin`. The built-in names are registered by the same kind of function
(`seqkit.builtin.register`), so every test of theirs tests what plugins use.
"""

from __future__ import annotations

import sys
import threading
import time
import warnings
from functools import cache
from typing import TYPE_CHECKING

from . import builtin
from .errors import PluginWarning, SeqkitError
from .registry import Components, Plugin, told

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Components", "Plugin", "components", "own_components"]

GROUP = "seqkit.plugins"
SECONDS = 30.0  # that all plugins together may take to register: names, not imports of torch
_LEAST = 1.0  # that each has, whatever those before it took


@cache
def own_components() -> Components:
    """The names of seqkit itself, which no plugin can take: plugins are not looked for."""
    found = Components()
    builtin.register(Plugin("seqkit", found))
    return found


@cache
def components() -> Components:
    """All names, found once per process.

    A plugin that fails is recorded in `broken` and adds nothing, even if it asks Python to exit or
    never comes to an end; a `PluginWarning` says so.
    """
    from importlib.metadata import entry_points  # slow, and needless for names of our own

    found = Components()
    builtin.register(Plugin("seqkit", found))

    deadline = time.monotonic() + SECONDS
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        provider = _provider(point)
        trial = Components()
        try:
            _register(point, Plugin(provider, trial), deadline)
            _merge(trial, found)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a call of sys.exit, too
            found.broken[provider] = error

    for provider, why in found.broken.items():
        warnings.warn(f"plugin {provider} did not load: {told(why)}", PluginWarning, stacklevel=2)
    return found


def _provider(point: EntryPoint) -> str:
    """The name of the distribution, or of the entry point if it has none."""
    try:
        name = point.dist.name if point.dist else None
    except Exception:  # damaged metadata
        name = None
    return str(name or point.name)


def _register(point: EntryPoint, plugin: Plugin, deadline: float) -> None:
    """Call a plugin's register function; raises what it raises, and `SeqkitError` if it hangs.

    It runs in a thread that is left alone when its time is up.
    """
    if point.module in sys.modules:
        point.load()(plugin)
        return

    errors: list[BaseException] = []

    def call() -> None:
        try:
            point.load()(plugin)
        except BaseException as raised:
            errors.append(raised)

    thread = threading.Thread(target=call, name=f"seqkit plugin {plugin.provider}", daemon=True)
    thread.start()
    thread.join(max(_LEAST, deadline - time.monotonic()))
    if thread.is_alive():
        raise SeqkitError(
            f"it has not registered within {SECONDS:g} seconds: `{point.value}` hangs, or imports "
            "too much"
        )
    if errors:
        raise errors[0]


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
