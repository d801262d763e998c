"""Where seqkit keeps what it could make or fetch again."""

from __future__ import annotations

import os
from pathlib import Path


def caches() -> Path:
    """The folder of all that seqkit keeps for a user and could make or fetch again."""
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return root / "seqkit"
