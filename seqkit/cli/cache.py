"""`seqkit cache`: what was made of data once and is kept for the next run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..data.cache import Listed

_DAY = 24 * 3600
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


@click.group(invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> None:
    """List and delete what was made of training data and is kept for the next run."""
    if context.invoked_subcommand is None:
        context.invoke(list_cache)


@cache.command("list")
def list_cache() -> None:
    """What is kept, how large it is and when it was last used."""
    from ..data.cache import Cache, cache_folder

    root = cache_folder()
    found = Cache(root).listed()
    for one in found:
        click.echo(f"{_kind(one):11} {_size(one.bytes):>9} {_age(one):>12}  {one.about}")
    total = sum(one.bytes for one in found)
    click.echo(f"{len(found)} in {root}, {_size(total)}")


@cache.command()
@click.option(
    "--unused",
    type=click.FloatRange(min=0),
    default=0,
    metavar="DAYS",
    help="Only what was not used for so many days.",
)
def clear(unused: float) -> None:
    """Delete what is kept: the next run makes it anew. Runs that are using it go on."""
    from ..data.cache import Cache, cache_folder

    root = cache_folder()
    removed = Cache(root).clear(unused_days=unused)
    total = sum(one.bytes for one in removed)
    click.echo(f"deleted {len(removed)} from {root}, {_size(total)}")


def _kind(one: Listed) -> str:
    return one.folder.name.lstrip(".").partition("-")[0]


def _size(size: float) -> str:
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"


def _age(one: Listed) -> str:
    days = int(max(0, time.time() - one.used) // _DAY)
    if days == 0:
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago"
