from __future__ import annotations

from pathlib import Path

import click

from .options import PATH


@click.group(invoke_without_command=True)
@click.pass_context
def corpora(context: click.Context) -> None:
    """List, show and fetch corpora."""
    if context.invoked_subcommand is None:
        context.invoke(list_corpora)


@corpora.command("list")
def list_corpora() -> None:
    """All corpora, and whether they are on this machine."""
    from ..data import corpora as known

    for name in known.names():
        card = known.card(name)
        here = sum(any(path.is_file() for path in known.places(name, file)) for file in card.files)
        state = "here" if here == len(card.files) else "partly here" if here else "not here"
        click.echo(f"{name:18} {state:12} {card.title}")


@corpora.command()
@click.argument("name")
def show(name: str) -> None:
    """What corpus NAME is, its licence, files and recipes."""
    from .. import recipes
    from ..data import corpora as known

    card = known.card(name)
    click.echo(card.title)
    for label, text in (("source", card.source), ("licence", card.licence), ("note", card.note)):
        if text:
            click.echo(f"{label:8} {text}")
    for split, text in card.splits.items():
        click.echo(f"split    {split}: {text}")
    for file, about in card.files.items():
        path = next((path for path in known.places(name, file) if path.is_file()), None)
        lines = f"{about.lines:,} lines, " if about.lines else ""
        click.echo(f"file     {file} ({lines}{path or about.address or 'no public address'})")
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
    from ..data.fetch import fetch as get
    from .progress import make_progress

    with make_progress() as progress:
        bars = {}

        def report(file: str, done: int, total: int) -> None:
            if file not in bars:
                bars[file] = progress.add_task(file, total=total or None)
            progress.update(bars[file], completed=done)

        found = get(name, given=given, report=report)
    for file, path in found.items():
        click.echo(f"{file}  {path}")
