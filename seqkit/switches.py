"""Environment variables that switch something on or off."""

from __future__ import annotations

import os
from functools import cache

from .errors import ConfigError

_ON, _OFF = ("", "on", "1", "yes", "true"), ("off", "0", "no", "false")


def is_on(variable: str) -> bool:
    """Whether it is not switched off; raises `ConfigError` for what is neither on nor off."""
    return _means_on(variable, os.environ.get(variable, ""))


@cache
def _means_on(variable: str, given: str) -> bool:
    word = given.strip().lower()
    if word not in (*_ON, *_OFF):
        raise ConfigError(f"{variable}={given!r} is neither 'on' nor 'off'")
    return word in _ON
