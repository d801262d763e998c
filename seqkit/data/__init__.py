"""Text files → id rows → batches; corpora and their cards.

Only `seqkit.data.batching`, `splits` and `windows` import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .files import read_lines
from .parallel import ParallelText, read_parallel

if TYPE_CHECKING:
    from .corpora import Card, Corpora
    from .download import fetch

__all__ = ["Card", "Corpora", "ParallelText", "fetch", "read_lines", "read_parallel"]


def __getattr__(name: str) -> Any:
    """Imports what corpora need when it is used: reading files takes neither pydantic nor ssl."""
    if name not in ("Card", "Corpora", "fetch"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    from . import download

    return getattr(download, name)
