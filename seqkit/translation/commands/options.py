"""Options that several commands of translation share."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ...cli.lines import TEXT
from ...cli.options import as_one, key_values, one_model_option, together
from ...errors import ConfigError, RenamedWarning

if TYPE_CHECKING:
    from ..evaluation import TestSet
    from ..translator import Translator

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

CHUNK = 500  # sentences between two updates of the progress bar


# Models


model_option = one_model_option("A run folder, or the name of a shipped model.")

models_option = click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    help="A run folder, or the name of a shipped model; repeat for an ensemble.",
)

engine_options = together(
    click.option(
        "--engine",
        default="auto",
        show_default=True,
        help="What searches: torch, ctranslate2, or auto for the fastest that does what is asked.",
    ),
    click.option(
        "--compute",
        default="float32",
        show_default=True,
        help="Numbers: float32, int8; of ctranslate2 also int16, bfloat16, auto for the fastest.",
    ),
)


def open_translator(
    models: Iterable[str], device: str, *, engine: str = "torch", compute: str = "float32"
) -> Translator:
    """The translator of a model, of several as one, or without any of the shipped one."""
    from ...runs.load import load, load_ensemble

    names = list(models)
    how = {"device": device, "task": "translation", "engine": engine, "compute": compute}
    opened: Translator
    if len(names) > 1:
        opened = load_ensemble(names, **how)
    else:
        opened = load(names[0] if names else None, **how)
    return opened


# Settings of the search


def to_option(function: F, *, hidden: bool = False) -> F:
    """--to, the target language of a multilingual model; "" without it."""
    return click.option(
        "--to",
        default="",
        metavar="LANG",
        hidden=hidden,
        help="Target language of a model that has several, such as deu.",
    )(function)


def search_option(function: Callable[..., Any], *, show_to: bool = True) -> Callable[..., Any]:
    """--to, and --search KEY=VALUE as often as needed, as one dict `settings`."""

    def parse(ctx: click.Context, option: click.Parameter, pairs: Sequence[str]) -> dict[str, Any]:
        return key_values(pairs, "--search")

    @click.option(
        "--search",
        "settings",
        multiple=True,
        callback=parse,
        metavar="KEY=VALUE",
        help="Any other setting of the search, such as to=deu; `seqkit config` lists them.",
    )
    @functools.wraps(function)
    def with_settings(*, settings: dict[str, Any], to: str, **others: Any) -> Any:
        chosen = {"to": to} if to else {}
        return function(settings=chosen | settings, **others)

    return to_option(with_settings, hidden=not show_to)


def search_shortcuts(function: Callable[..., Any]) -> Callable[..., Any]:
    """--search, and options of their own for its most used keys, as one dict `settings`."""

    @click.option("--beam", type=click.IntRange(min=1), help="Hypotheses kept open; 1 = greedy.")
    @click.option(
        "--nbest",
        type=click.IntRange(min=1),
        help="Translations of each line: `0 ||| text ||| score`.",
    )
    @click.option("--prefix", hidden=True)  # as well-known as settings of --search
    @click.option("--must", multiple=True, metavar="PHRASE", hidden=True)
    @click.option("--max-length", type=click.IntRange(min=1), hidden=True)
    @functools.partial(search_option, show_to=False)  # --help has no room for it
    @functools.wraps(function)
    def with_settings(
        *,
        settings: dict[str, Any],
        beam: int | None,
        nbest: int | None,
        prefix: str | None,
        must: tuple[str, ...],
        max_length: int | None,
        **others: Any,
    ) -> Any:
        if max_length is not None:
            renamed = f"--max-length is now called --search max_length={max_length}"
            warnings.warn(renamed, RenamedWarning, stacklevel=2)

        shortcuts = {
            "beam": beam,
            "nbest": nbest,
            "prefix": prefix,
            "must": list(must) or None,
            "max_length": max_length,
        }
        given = {key: value for key, value in shortcuts.items() if value is not None}
        return function(settings=given | settings, **others)

    return with_settings


# Test sets


@dataclass(frozen=True)
class TestFiles:
    """The files of a test set, as they are given on the command line."""

    __test__ = False  # not a test case of pytest

    source: Path | None
    references: tuple[Path, ...]
    data: Path | None
    columns: tuple[int, int]

    def __post_init__(self) -> None:
        from_texts = self.source is not None and bool(self.references)
        from_tsv = self.source is None and not self.references
        if not (from_texts if self.data is None else from_tsv):
            raise click.UsageError("give --source F --reference F, or --data TSV")

    @property
    def paths(self) -> list[Path]:
        """One TSV file, or a source file and its references."""
        if self.data is not None:
            return [self.data]
        return [*([self.source] if self.source else []), *self.references]

    def read(self) -> TestSet:
        """Raises `DataError` naming the file."""
        from ..evaluation import read_test_set

        return read_test_set(self.paths, self.columns)


def _columns(ctx: click.Context, option: click.Parameter, text: str) -> tuple[int, int]:
    try:
        first, second = positive_integers(text)
    except ValueError:
        raise ConfigError(f"--columns {text!r} is not two numbers from 1, such as 1,2") from None
    return first, second


test_set_options = together(
    click.option("--source", type=TEXT, help="Text to translate; - is stdin."),
    click.option(
        "--reference",
        "references",
        type=TEXT,
        multiple=True,
        help="Its reference translation; repeat for several references.",
    ),
    click.option(
        "--data", type=TEXT, help="TSV instead: source TAB reference; equal sources are grouped."
    ),
    click.option(
        "--columns",
        default="1,2",
        show_default=True,
        callback=_columns,
        help="Source and reference column of --data, from 1.",
    ),
    as_one("files", TestFiles),
)


def positive_integers(text: str) -> list[int]:
    """Numbers between commas; raises ValueError if one is not a whole number from 1."""
    numbers: list[int] = []
    for part in text.split(","):
        if not part.strip().isdecimal() or not int(part):
            raise ValueError(f"{part!r} is not a whole number from 1")
        numbers.append(int(part))
    return numbers


def chunks(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
