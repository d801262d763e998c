"""Options that several commands of translation share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..translator import Translator

F = TypeVar("F", bound=Callable[..., Any])


def model_option(function: F) -> F:
    return click.option("-m", "--model", help="A run folder, or the name of a shipped model.")(
        function
    )


def models_option(function: F) -> F:
    return click.option(
        "-m",
        "--model",
        "models",
        multiple=True,
        help="A run folder, or the name of a shipped model; several that share a vocabulary vote.",
    )(function)


def open_translator(models: Iterable[str], device: str) -> Translator:
    """The translator of a run folder or name, of several as one, or without any the shipped one."""
    from ...runs.load import load
    from ..translator import Translator

    found = [load(model, device=device, task="translation") for model in models or (None,)]
    return Translator.ensemble(found) if len(found) > 1 else found[0]


def search_option(function: F) -> F:
    return click.option(
        "--search",
        "search",
        multiple=True,
        metavar="KEY=VALUE",
        help="Any other setting of the search; `seqkit config` lists them.",
    )(function)


def one_line(text: str) -> str:
    """A translation on one line, whatever characters it came up with."""
    return " ".join(text.splitlines())
