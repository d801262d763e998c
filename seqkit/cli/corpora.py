"""`seqkit corpora`: list, show and fetch corpora."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import SeqkitError
from .options import PATH

if TYPE_CHECKING:
    from ..data.corpora import Card, Corpora


@click.group(invoke_without_command=True)
@click.pass_context
def corpora(context: click.Context) -> None:
    """List, show and fetch corpora."""
    if context.invoked_subcommand is None:
        context.invoke(list_corpora)


@corpora.command("list")
def list_corpora() -> None:
    """All corpora, and whether they are on this machine."""
    from .. import recipes

    known = recipes.corpora()
    for name in known.names():
        try:
            card = known.card(name)
        except SeqkitError as error:  # of a plugin, whose other corpora are listed
            click.echo(f"{name:18} {'broken':12} {error}")
            continue
        click.echo(f"{name:18} {_state(known, name, card):12} {card.title}")


def _state(known: Corpora, name: str, card: Card) -> str:
    """Whether the files of a corpus are on this machine."""
    found = [known.find(name, file) is not None for file in card.files]
    if all(found):
        return "here"
    return "partly here" if any(found) else "not here"


@corpora.command()
@click.argument("name")
def show(name: str) -> None:
    """Show what corpus NAME is, its licence, files and recipes."""
    from .. import recipes

    known = recipes.corpora()
    card = known.card(name)
    click.echo(card.title)
    for label, text in (("source", card.source), ("licence", card.licence), ("note", card.note)):
        if text:
            click.echo(f"{label:8} {text}")

    for split, text in card.splits.items():
        click.echo(f"split    {split}: {text}")
    for file, about in card.files.items():
        lines = f"{about.lines:,} lines, " if about.lines else ""
        place = known.find(name, file) or about.address or "no public address"
        click.echo(f"file     {file} ({lines}{place})")

    for recipe in recipes.names():
        if recipe.startswith(f"{name}/"):
            click.echo(f"recipe   seqkit train {recipe}")


@corpora.command()
@click.argument("name")
@click.option(
    "--from",
    "given",
    type=PATH,
    help="A file of the corpus, or a folder of them, that you already have.",
)
def fetch(name: str, given: Path | None) -> None:
    """Get the files of corpus NAME and check every one of them."""
    from .. import recipes
    from ..data import fetch as fetch_files
    from .progress import FileProgress

    with FileProgress("bytes") as progress:
        found = fetch_files(name, corpora=recipes.corpora(), given=given, report=progress)
    for file, path in found.items():
        click.echo(f"{file}  {path}")
