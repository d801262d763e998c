"""Options that several commands for classifiers have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

models_option = click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    required=True,
    help="A run folder; repeat for an ensemble.",
)
threshold_option = click.option(
    "--threshold",
    type=float,
    help="Of models that give several labels: the least probability.  [default: 0.5]",
)


def open_classifier(models: Sequence[str], device: str) -> Any:
    """The `Classifier` of a run folder, or of several an ensemble."""
    from ...runs.load import load, load_ensemble

    if len(models) > 1:
        return load_ensemble(models, device=device, task="text-classification")
    return load(models[0], device=device, task="text-classification")
