"""`seqkit vision …`; each command is thin, and imports torch when it runs."""

from __future__ import annotations

import click

from .evaluate import evaluate
from .explain import explain
from .models import models
from .predict import predict
from .train import train


@click.group()
def vision() -> None:
    """Classify images: train, evaluate, predict, explain."""


for command in (train, evaluate, predict, models, explain):
    vision.add_command(command)
