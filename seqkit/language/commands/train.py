"""`seqkit lm train`: train a neural language model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...cli.options import PATH, RunOptions, training_options
from ...cli.train import run_training
from ...plugins import components

DEFAULT_RECIPE = "demo/story"


@click.command()
@click.argument("config", default=DEFAULT_RECIPE)
@click.option("--model", help="rnn, gru, lstm or transformer-lm; else the recipe's.")
@click.option(
    "--train",
    "--data",
    "text",
    type=PATH,
    multiple=True,
    help="Train on this text; may be given several times.",
)
@click.option(
    "--valid", type=PATH, help="Validate on this text; else on the end of the training text."
)
@click.option(
    "--tokenizer", help="char, word, whitespace, sentencepiece or a plugin's; else the recipe's."
)
@training_options
def train(
    config: str,
    model: str | None,
    text: tuple[Path, ...],
    valid: Path | None,
    tokenizer: str | None,
    options: RunOptions,
) -> None:
    """Train a neural language model by CONFIG: a TOML file or a recipe, by default a small one.

    Your own text: `seqkit lm train --model lstm --train my.txt --tokenizer word --out runs/mine`.
    """
    if valid and not text:
        raise click.UsageError("--valid goes with --train: the recipe has a corpus of its own")

    settings = _own_text(text, valid)
    if model:
        settings["model.name"] = model
    if tokenizer:
        settings["text.tokenizer"] = tokenizer
        is_trained = components().tokenizers.load(tokenizer).has_own_vocab
        settings["text.byte_fallback"] = is_trained

    settings |= options.settings()
    run_training(config, options, overrides=settings, task="language-modelling")


def _own_text(text: tuple[Path, ...], valid: Path | None) -> dict[str, Any]:
    """Overrides that put the user's text in place of the recipe's corpus."""
    if not text:
        return {}
    from ..task import LanguageModelling

    return LanguageModelling.own_data(text, (valid,) if valid else ())
