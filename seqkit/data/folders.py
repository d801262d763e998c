"""Where seqkit keeps what it could make or fetch again."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigError


def caches() -> Path:
    """The folder of all that seqkit keeps for a user and could make or fetch again."""
    root = named_folder("XDG_CACHE_HOME") or Path.home() / ".cache"
    return root / "seqkit"


def named_folder(variable: str) -> Path | None:
    """The folder that an environment variable names, if it is set; it need not exist.

    Raises `ConfigError` for a file.
    """
    given = os.environ.get(variable)
    if not given:
        return None
    if os.path.exists(given) and not os.path.isdir(given):  # Path's raise for a closed folder
        raise ConfigError(f"{variable}={given} names a file: name a folder, or leave it out")
    return Path(given)
