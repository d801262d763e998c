"""What several commands share: options, and where output goes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from ..errors import ConfigError, DataError, half_surrogate, reason
from ..parsing import BeyondLimits, NoPlainData, to_json, toml_of
from ..threads import choose_threads

F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


class _FileOrAddress(click.Path):
    """A path; an address, such as s3://bucket/text.gz, stays as it was given."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from ..data.files import is_address

        if isinstance(value, str) and is_address(value):
            return value
        return super().convert(value, param, ctx)


DATA = _FileOrAddress(path_type=Path)  # what is only read

_SHARE = re.compile(r"(\d+(?:\.\d+)?)%")
_MOST_DIGITS = 12  # of a number
_LONGEST_SHOWN = 40  # characters of a wrong value in an error
_FRACTION = re.compile(r"[+-]?\.\d+")  # .5, which TOML does not take for a number


def one_model_option(
    help: str, *, required: bool = False, type: click.ParamType[Any] = click.STRING
) -> Callable[[F], F]:
    """-m, the one model of a command; click would take the last of several without a word."""

    def one(ctx: click.Context, option: click.Parameter, names: tuple[Any, ...]) -> Any:
        if len(names) > 1:
            given = ", ".join(map(str, names))
            raise ConfigError(f"one model is asked here: choose one of {given}")
        return names[0] if names else None

    return click.option(
        "-m", "--model", multiple=True, required=required, type=type, callback=one, help=help
    )


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator for several options, which --help lists in this order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def as_one(name: str, cls: type) -> Callable[[F], F]:
    """What options say by the names of the fields of `cls`, as one argument called `name`."""
    names = [field.name for field in fields(cls)]

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def with_one(**given: Any) -> Any:
            own = {field: given.pop(field) for field in names}
            return function(**{name: cls(**own)}, **given)

        return cast(F, with_one)

    return decorate


def _compute_with(ctx: click.Context, option: click.Parameter, threads: int | None) -> None:
    if threads:
        choose_threads(threads)


device_options = together(
    click.option(
        "--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, mps or auto."
    ),
    click.option(  # which no command has to know: it holds once it is read
        "--threads",
        type=click.IntRange(1, 1024),
        expose_value=False,
        callback=_compute_with,
        help="CPU threads to use.",
    ),
)

set_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting."
)

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@dataclass(frozen=True)
class RunOptions:
    """How a run starts, and what it changes of its config."""

    out: Path | None
    resume: bool
    overwrite: bool
    overrides: tuple[str, ...]
    device: str

    def settings(self) -> dict[str, Any]:
        """What --set says."""
        return key_values(self.overrides, "--set")


training_options = together(
    click.option("--out", type=PATH, help="Folder of the run; else runs/NAME-OF-THE-CONFIG."),
    click.option("--resume", is_flag=True, help="Continue where the run in --out stopped."),
    click.option("--overwrite", is_flag=True, help="Replace the run in --out."),
    click.option(
        "--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE", help="Override a setting."
    ),
    device_options,
    as_one("options", RunOptions),
)


def key_values(pairs: Iterable[str], option: str) -> dict[str, Any]:
    """`("a=1", "b=word")` as {"a": 1, "b": "word"}: values are TOML, a bare word is a string."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"{option} {pair!r} is not KEY=VALUE")
        found[key.strip()] = _toml_value(key.strip(), text, option)
    return found


def _toml_value(key: str, text: str, option: str) -> Any:
    try:
        found = toml_of(f"value = {text}")
    except BeyondLimits as error:
        raise ConfigError(f"{option} {key}: {error}") from None
    except NoPlainData:
        return float(text) if _FRACTION.fullmatch(text) else text
    return found["value"] if found.keys() == {"value"} else text


@contextmanager
def opened(path: Path | None) -> Iterator[Callable[[str], None]]:
    """A function that writes a line to a file or to stdout ("-"), at once."""
    if path is None or path == Path("-"):
        yield click.echo
        return

    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            yield lambda line: click.echo(line, file=file)
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}") from None


def amount_options(what: str) -> Callable[[F], F]:
    """--top and --threshold of a selection of `what`, and --dedup; see `amount_of`."""
    return together(
        click.option("--top", metavar="20%|5000", help=f"How many {what} to select."),
        click.option(
            "--threshold", type=float, metavar="-0.5", help="Instead of --top: the highest score."
        ),
        click.option(
            "--dedup",
            type=click.Choice(["exact", "normalised", "off"]),
            default="exact",
            show_default=True,
            help=f"Leave out {what} seen before; normalised: case, punctuation and spacing make "
            "none new.",
        ),
    )


def amount_of(top: str | None, threshold: float | None) -> float | None:
    """What --top says; raises `UsageError` unless one of the two is given."""
    if (top is None) == (threshold is None):
        raise click.UsageError("give one of --top and --threshold")
    return None if top is None else share_or_number(top, "--top")


def share_or_number(text: str, option: str) -> float:
    """`20%` as 0.2, `5000` as it stands; raises `ConfigError` for what is neither."""
    share = _SHARE.fullmatch(text.strip())
    if share and len(share[1]) <= _MOST_DIGITS and 0 < float(share[1]) <= 100:
        return float(share[1]) / 100
    if text.strip().isdecimal() and len(text) <= _MOST_DIGITS and int(text) > 0:
        return int(text)
    shown = repr(text) if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]!r}…"
    raise ConfigError(
        f"{option} {shown} is neither a share such as 20%, up to 100%, nor a number of lines"
    )


def show_report(report: Any, *, as_json: bool) -> None:
    """Print a report, and on stderr what it has to say besides its figures."""
    click.echo(to_json(report.record()) if as_json else report)
    show_notes(report)


def show_notes(report: Any) -> None:
    """Show on stderr what a report has to say besides its figures, such as a leak."""
    for note in getattr(report, "notes", ()):
        click.echo(f"note: {note}", err=True)


def refuse_input(output: Path | None, inputs: Iterable[Path]) -> None:
    """A usage error if `output` is one of the files that are read."""
    if output is None or not output.exists():
        return
    for path in inputs:
        if path.exists() and output.samefile(path):
            raise click.UsageError(f"{output} is an input file: write to another file")


def checked_utf8(text: str) -> str:
    """An argument that UTF-8 can express; raises `DataError` for another."""
    wrong = half_surrogate(text, "TEXT")
    if wrong:
        raise DataError(wrong)
    return text
