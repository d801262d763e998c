from __future__ import annotations

import click

from .options import device_options, key_values, model_option, search_option, set_threads

_WIDE = 10_000  # columns: a row of the table is never folded


@click.command()
@click.argument("text")
@model_option
@click.option("--as", "said", metavar="TRANSLATION", help="Look at this translation instead of the model's own.")
@search_option
@device_options
def explain(
    text: str, model: str | None, said: str | None, search: tuple[str, ...], device: str, threads: int | None
) -> None:
    """Translate TEXT and show what each output token looks at, how sure it is, and what else it might have been."""
    from rich.console import Console

    from .. import runs
    from ..attention_maps import shaded

    set_threads(threads)
    translator = runs.load(model, device=device, task="translation")
    if said is None:
        best = translator.translate_nbest([text], **key_values(search, "--search"))[0][0]
    else:
        best = translator.given(text, said)
    console = Console(highlight=False, width=_WIDE)
    console.print(best.text, markup=False)
    console.print(f"log probability {best.log_probability:.4f} nats, {len(best.tokens)} tokens")
    for look in translator.look(best):
        console.print()
        console.print(shaded(look))
