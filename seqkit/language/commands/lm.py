"""The group `seqkit lm`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

_COMMANDS = {
    "train": "train:train",
    "ngram": "ngram:ngram",
    "counts": "counts:counts",
    "mix": "mix:mix",
    "select": "select:select",
    "convert": "convert:convert",
    "filter": "filter:filter_model",
    "stats": "stats:stats",
    "perplexity": "perplexity:perplexity",
    "score": "score:score",
    "complete": "complete:complete",
    "decode": "decode:decode",
    "generate": "generate:generate",
}


class _Group(click.Group):
    """Imports only the command that is called: all of them take as long as a short text."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> Any:
        if name not in _COMMANDS:
            return None
        module, function = _COMMANDS[name].split(":")
        return getattr(import_module(f".{module}", __package__), function)


@click.group(cls=_Group)
def lm() -> None:
    """Language models: count, train, mix, select text, score, generate."""
