"""`seqkit bulk …`: folders, Parquet and JSON lines by many worker processes, on Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..progress import say
from .options import (
    DATA,
    PATH,
    amount_of,
    amount_options,
    key_values,
    one_model_option,
    set_option,
    together,
)
from .progress import counted

if TYPE_CHECKING:
    from ..bulk.job import Progress
    from ..bulk.verbs import Verb

F = TypeVar("F", bound=Callable[..., Any])

_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_HELP)
def bulk() -> None:
    """Translate, label, score or select more text than one process gets through, on Ray.

    INPUT is a file or a folder of text, TSV, JSON lines (*.jsonl) or Parquet (*.parquet), plain or
    packed. OUTPUT is a folder of parts in the same order; rows that fail are set aside in
    OUTPUT/_failed. The same command goes on where it was stopped. Needs `pip install
    'seqkit[bulk]'`.
    """


_files = together(
    click.argument("input", type=DATA),
    click.argument("output", type=PATH),
)

_shared = together(
    click.option(
        "--text",
        default=None,
        metavar="FIELD",
        help="Field of the text: a name, a.b for b inside a; of a TSV, a number from 1.  "
        "[default: text, or 1]",
    ),
    click.option("--prefix", default="", help="Put this before the names of added fields."),
    click.option(
        "--rows",
        type=click.IntRange(min=1),
        default=5000,
        show_default=True,
        help="Rows of a part: what is lost if work is cut off.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, 10_000),
        help="Processes, each with the model and one thread; else one a CPU.",
    ),
    click.option(
        "--address", metavar="HOST:PORT", help="Of a Ray cluster; else one on this machine."
    ),
)

_models = together(
    click.option(
        "--json", "as_json", is_flag=True, help="Of plain text, make one JSON object a line."
    ),
    click.option("--device", default="auto", show_default=True, help="cpu, cuda or auto."),
)

_engines = together(
    click.option("--engine", default="auto", show_default=True, help="torch, ctranslate2 or auto."),
    click.option("--compute", default="float32", show_default=True, help="Numbers of ctranslate2."),
)


def _model(*, required: bool) -> Callable[[F], F]:
    return one_model_option("A run folder, or whatever seqkit.load opens.", required=required)


@bulk.command()
@_files
@_model(required=False)
@set_option
@_shared
@_models
@_engines
def translate(**given: Any) -> None:
    """Add the translation of each row of INPUT.

    Without a model, the one that ships with seqkit translates English to German.
    """
    _run("translate", "translated", **given)


@bulk.command()
@_files
@_model(required=True)
@set_option
@_shared
@_models
def predict(**given: Any) -> None:
    """Add what any model makes of each row of INPUT: what `seqkit predict --json` prints."""
    _run("predict", "predicted", **given)


@bulk.command()
@_files
@_model(required=True)
@click.option("--target", metavar="FIELD", help="Field of the translation, for a translator.")
@set_option
@_shared
@_models
def score(**given: Any) -> None:
    """Add the log probability of each row of INPUT, by a language model or a translator.

    A language model gives logs to base 10, and perplexity; a translator that of --target, in nats.
    """
    _run("score", "scored", **given)


@bulk.command()
@_files
@click.option(
    "--in-domain", required=True, type=PATH, help="Text of the domain, a line for each row."
)
@amount_options("rows")
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Of the random sample."
)
@_shared
def select(
    input: Path,
    output: Path,
    in_domain: Path,
    top: str | None,
    threshold: float | None,
    dedup: Any,
    seed: int,
    **shared: Any,
) -> None:
    """Keep those rows of INPUT that are most like --in-domain, by `seqkit lm select`'s score."""
    from ..bulk.choosing import Chosen, Selection
    from ..bulk.choosing import select as selected

    amount = amount_of(top, threshold)

    selection = Selection(in_domain, amount, threshold, dedup, seed=seed)
    failed = 0
    for found in counted(selected(input, output, selection, note=say, **shared), "rows scored"):
        if isinstance(found, Chosen):
            click.echo(f"{found}{_set_aside(failed, output)}", err=True)
        else:
            failed += found.part.failed


def _run(
    verb: Verb,
    done: str,
    *,
    input: Path,
    output: Path,
    model: str | None,
    overrides: tuple[str, ...],
    text: str | None,
    prefix: str,
    as_json: bool,
    rows: int,
    workers: int | None,
    address: str | None,
    device: str,
    target: str | None = None,
    engine: str = "auto",
    compute: str = "float32",
) -> None:
    from ..bulk.job import run
    from ..bulk.verbs import Request

    settings = key_values(overrides, "--set")
    request = Request(verb, model, settings, device, engine, compute, prefix)
    fields = [text, target] if target else [text]
    _show(
        run(
            input,
            output,
            request,
            fields=fields,
            as_json=as_json,
            rows=rows,
            workers=workers,
            address=address,
            note=say,
        ),
        done,
        output,
    )


def _show(parts: Iterable[Progress], done: str, output: Path) -> None:
    rows = known = failed = 0
    for progress in counted(parts, f"rows {done}"):
        rows += len(progress)
        known += 0 if progress.is_new else len(progress)
        failed += progress.part.failed

    earlier = f", {known:,} of them earlier" if known else ""
    click.echo(f"{rows:,} rows {done}{earlier}{_set_aside(failed, output)}", err=True)


def _set_aside(failed: int, output: Path) -> str:
    return f"; {failed:,} rows failed: see {output / '_failed'}" if failed else ""
