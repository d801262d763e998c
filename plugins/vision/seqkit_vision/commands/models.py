from __future__ import annotations

import click

from seqkit.cli.options import json_option
from seqkit.parsing import to_json
from seqkit.plugins import components


@click.command()
@json_option
def models(as_json: bool) -> None:
    """List the networks: parameters, multiply-adds per image, the images they are for, papers."""
    from .. import DISTRIBUTION
    from ..sizes import size_of

    if not as_json:
        name = "name".ljust(18)
        numbers = "parameters".rjust(11) + "multiply-adds".rjust(15)
        shape = "input".ljust(9)
        click.echo(f"{name} {numbers}  {shape} classes  paper")

    ours = [entry for entry in components().models if entry.provider == DISTRIBUTION]
    for entry in ours:
        size = size_of(entry.name)
        paper = entry.help.removeprefix("images; ")
        if as_json:
            record = {"name": entry.name, **size._asdict(), "paper": paper}
            click.echo(to_json(record))
            continue

        numbers = f"{size.parameters:11,} {size.multiply_adds:14,}"
        shape = f"{size.channels}x{size.side}x{size.side}"
        click.echo(f"{entry.name:18} {numbers}  {shape:9} {size.classes:7,}  {paper}")
