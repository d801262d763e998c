"""The group `seqkit lm`."""

from __future__ import annotations

import click

from .complete import complete
from .convert import convert
from .counts import counts
from .decode import decode
from .filter import filter_model
from .generate import generate
from .mix import mix
from .ngram import ngram
from .perplexity import perplexity
from .score import score
from .select import select
from .stats import stats
from .train import train


@click.group()
def lm() -> None:
    """Language models: count, train, mix, select text, score, generate."""


_COMMANDS = (
    train,
    ngram,
    counts,
    mix,
    select,
    convert,
    filter_model,
    stats,
    perplexity,
    score,
    complete,
    decode,
    generate,
)
for command in _COMMANDS:
    lm.add_command(command)
