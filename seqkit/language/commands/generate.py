"""`seqkit lm generate`: continue a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...cli.options import device_options
from ...errors import ConfigError
from .inputs import MODEL, note, open_model


@click.command()
@MODEL
@click.option("--prompt", default="", help="How the text begins.")
@click.option(
    "--length",
    default=100,
    show_default=True,
    type=click.IntRange(min=1),
    help="At most N tokens.",
    metavar="N",
)
@click.option(
    "--temperature",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Flattens what is drawn from; 0 = always the most probable token.",
)
@click.option(
    "--top-k",
    default=0,
    type=click.IntRange(min=0),
    help="Draw from the K most probable tokens; 0 = all.",
)
@click.option(
    "--top-p",
    default=1.0,
    type=click.FloatRange(0, 1, min_open=True),
    help="Draw from the most probable tokens that sum to P.",
)
@click.option("--seed", type=click.IntRange(min=0), help="The same seed draws the same text.")
@click.option("--go-on", is_flag=True, help="Do not stop at the end of a line (networks only).")
@device_options
def generate(
    model: Path,
    prompt: str,
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int | None,
    go_on: bool,
    device: str,
) -> None:
    """Continue a text up to the end of its line."""
    from ... import ngram
    from ...ngram.mixed_model import MixedModel
    from ...ngram.text import block_of

    scorer = open_model(model, device)
    if go_on and isinstance(scorer, ngram.Model | MixedModel):
        raise ConfigError(
            "--go-on needs a network: an n-gram model, or a mixture with one, predicts nothing "
            "beyond the end of a line"
        )

    only_networks: dict[str, Any] = {"stop": False} if go_on else {}
    pieces = scorer.generate(
        prompt=prompt,
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        **only_networks,
    )

    unknown = int(scorer.score_block(block_of(prompt.split("\n"))).oov.sum())
    if unknown:
        note(f"the model does not know {unknown} of the prompt's tokens and reads <unk> instead")
    for piece in pieces:
        click.echo(piece, nl=False)
    click.echo()
