"""The card of a model: what it is, what it was trained on, under which licence it may be used."""

from __future__ import annotations

from pathlib import Path

from ..training import checkpoint

CARD = "README.md"


def card_of(step: Path) -> Path | None:
    """The card in a step folder, or else in the run folder around it; None if there is none."""
    if (step / CARD).is_file():
        return step / CARD

    run = checkpoint.run_of(step)
    return run / CARD if run is not None and (run / CARD).is_file() else None
