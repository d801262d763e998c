from __future__ import annotations

import click

from ...cli.options import checked_utf8, device_options, key_values, set_threads
from .options import model_option, search_option

_WIDE = 10_000  # columns: a row of the table is never folded


@click.command()
@click.argument("text")
@model_option
@click.option(
    "--as",
    "said",
    metavar="TRANSLATION",
    help="Look at this translation instead of the model's own.",
)
@search_option
@device_options
def explain(
    text: str,
    model: str | None,
    said: str | None,
    search: tuple[str, ...],
    device: str,
    threads: int | None,
) -> None:
    """Translate TEXT and show what each output token looks at, how sure it is, and what else it might have been."""
    from rich.console import Console

    from ...runs.load import load
    from ..attention_maps import shaded

    settings = key_values(search, "--search")
    if said is not None and settings:
        raise click.UsageError(
            "choose one of --as and --search: a given translation is not searched for"
        )
    text, said = checked_utf8(text), None if said is None else checked_utf8(said)
    set_threads(threads)
    translator = load(model, device=device, task="translation")
    best = (
        translator.force(text, said)
        if said is not None
        else translator.translate_nbest([text], **settings)[0][0]
    )
    console = Console(highlight=False, emoji=False, width=_WIDE)
    console.print(best.text, markup=False)
    console.print(f"log probability {best.log_probability:.4f} nats, {len(best.tokens)} tokens")
    for look in translator.explain(best):
        console.print()
        console.print(shaded(look))
