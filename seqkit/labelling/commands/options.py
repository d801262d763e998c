"""An option that several commands for classifiers have."""

from __future__ import annotations

import click

threshold_option = click.option(
    "--threshold",
    type=float,
    help="Of models that give several labels: the least probability.  [default: 0.5]",
)
