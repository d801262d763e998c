"""`seqkit tabular …`; each command is thin, and imports torch and polars when it runs."""

from __future__ import annotations

import click

from .demo import demo
from .evaluate import evaluate
from .folds import folds
from .predict import predict
from .train import train


@click.group()
def tabular() -> None:
    """Predict a column of a table: train, folds, evaluate, predict."""


for command in (train, folds, evaluate, predict, demo):
    tabular.add_command(command)
