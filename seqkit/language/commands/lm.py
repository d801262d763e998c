"""The group `seqkit lm`."""

from __future__ import annotations

import click

from .complete import complete
from .convert import convert
from .generate import generate
from .mix import mix
from .ngram import ngram
from .perplexity import perplexity
from .score import score
from .stats import stats
from .train import train


@click.group()
def lm() -> None:
    """Language models: train, score, perplexity, generate."""


for command in (train, ngram, mix, convert, stats, perplexity, score, complete, generate):
    lm.add_command(command)
