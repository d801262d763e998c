from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ...cli.options import checked_utf8, device_options
from ...errors import ConfigError
from .options import model_option, search_option

if TYPE_CHECKING:
    from ..segments import Translation
    from ..translator import Translator

_WIDE = 10_000  # columns: a row of the table is never folded


@click.command()
@click.argument("text")
@model_option
@click.option(
    "--as",
    "given",
    metavar="TRANSLATION",
    help="Explain this translation instead of the model's own.",
)
@search_option
@device_options
def explain(
    text: str,
    model: str | None,
    given: str | None,
    settings: dict[str, Any],
    device: str,
) -> None:
    """Translate TEXT and explain each output token.

    Shows what it attends to, how sure the model is, and what else it might have been.
    """
    from rich.console import Console

    from ...runs.ensembles import members_of
    from ...runs.load import load
    from ..attention_maps import table_of

    if given is not None and settings.keys() - {"to"}:
        raise click.UsageError(
            "choose one of --as and --search: a given translation is not searched for"
        )
    if members := members_of(model):
        raise ConfigError(
            f"what a word looked at is asked of one model: choose one of {', '.join(members)}"
        )
    source = checked_utf8(text)
    target = None if given is None else checked_utf8(given)

    translator: Translator = load(model, device=device, task="translation", engine="torch")
    translation = _translation(translator, source, target, settings)

    console = Console(highlight=False, emoji=False, width=_WIDE)
    console.print(translation.text, markup=False)
    console.print(
        f"log probability {translation.log_probability:.4f} nats, {len(translation.tokens)} tokens"
    )
    for explanation in translator.explain(translation):
        console.print()
        console.print(table_of(explanation))


def _translation(
    translator: Translator, source: str, target: str | None, settings: dict[str, Any]
) -> Translation:
    if target is not None:
        return translator.force(source, target, to=settings.get("to", ""))
    ((best, *_),) = translator.translate_nbest([source], **settings)
    return best
