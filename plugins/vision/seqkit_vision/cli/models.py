from __future__ import annotations

import json

import click

from seqkit.plugins import components


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def models(as_json: bool) -> None:
    """Every network: parameters, multiply-adds of an image, the images it was made for, its paper."""
    from .. import DISTRIBUTION
    from ..sizes import size_of

    if not as_json:
        click.echo(
            f"{'name':18} {'parameters':>11} {'multiply-adds':>14}  {'input':9} classes  paper"
        )
    for entry in components().models:
        if entry.provider != DISTRIBUTION:
            continue
        size, paper = size_of(entry.name), entry.help.removeprefix("images; ")
        if as_json:
            click.echo(json.dumps({"name": entry.name, **size._asdict(), "paper": paper}))
            continue
        shape = f"{size.channels}x{size.side}x{size.side}"
        click.echo(
            f"{entry.name:18} {size.parameters:11,} {size.multiply_adds:14,}  {shape:9} {size.classes:7,}  {paper}"
        )
