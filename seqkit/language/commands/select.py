"""`seqkit lm select`: the lines of a general text that are most like those of a domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import click

from ...cli.lines import STDIN, TEXT
from ...cli.options import (
    PATH,
    amount_of,
    amount_options,
    device_options,
    refuse_input,
)
from ...errors import ConfigError, DataError
from ...progress import working
from .inputs import (
    MOST_DIGITS,
    check_writable,
    name_of,
    note,
    open_model,
    pre_tokenizer_of,
    shortened,
)

if TYPE_CHECKING:
    from ..aligned import AlignedFiles, Chunk
    from ..domains import Pair
    from ..duplicates import Sameness
    from ..selection import Choice, Survey

Write = Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class _Request:
    """What is to be selected from, and by what."""

    in_domain: tuple[Path, ...]
    models: tuple[Path, ...]
    general: AlignedFiles
    columns: tuple[int, ...]  # of tables
    dedup: Sameness
    order: int
    tokenizer: str
    seed: int
    device: str


@click.command()
@click.option(
    "--in-domain",
    multiple=True,
    type=TEXT,
    help="Text of the domain; for a parallel text, one file for each side to score.",
)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    type=PATH,
    help="Instead of a text: a model of the domain, then a general one; two more for another side.",
)
@click.option(
    "--general",
    required=True,
    multiple=True,
    type=PATH,
    help="Text to select from; for a parallel text, one file for each side.",
)
@click.option("--columns", metavar="1,2", help="Columns to score of files called *.tsv, from 1.")
@amount_options("lines")
@click.option(
    "--order",
    default=4,
    show_default=True,
    type=click.IntRange(min=1),
    help="Of the n-gram models that are counted.",
)
@click.option(
    "--tokenizer",
    default="word",
    show_default=True,
    help="How they split text: word, whitespace, char, or the folder of a trained one or a run.",
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Of the random sample."
)
@click.option("--scores", type=PATH, help="Write the scores of the selected lines, one a line.")
@click.option(
    "-o",
    "--out",
    "outs",
    multiple=True,
    type=PATH,
    help="Selected lines, one file for each --general; packed if called *.gz. Else stdout.",
)
@device_options
def select(
    in_domain: tuple[Path, ...],
    models: tuple[Path, ...],
    general: tuple[Path, ...],
    columns: str | None,
    top: str | None,
    threshold: float | None,
    dedup: Sameness,
    order: int,
    tokenizer: str,
    seed: int,
    scores: Path | None,
    outs: tuple[Path, ...],
    device: str,
) -> None:
    """Select the lines of --general that are most like those of --in-domain, in their order.

    The score of a line is the difference of its cross-entropies, in bits a token, by a model of the
    domain and one of a random sample of --general of the same size (Moore & Lewis 2010); the lower,
    the more like the domain. Of a parallel text, the first --general belongs to the first
    --in-domain, and so on; the scores of sides add up (Axelrod et al. 2011), and sides without an
    --in-domain are written alongside. --general is read three times.
    """
    from ..selection import check_amount, check_settings, choose, score_text

    amount = amount_of(top, threshold)
    check_amount(amount, threshold)
    check_settings(dedup, order, seed)
    chosen = _columns(columns) if columns else ()
    source = _general_text(general, in_domain, models, chosen)
    _check_outs(outs, general, [*outs, *([scores] if scores else [])], (*in_domain, *general))

    request = _Request(in_domain, models, source, chosen, dedup, order, tokenizer, seed, device)
    pairs, survey = _pairs(request)
    with working("scoring"):
        found = score_text(source, pairs)
    choice = choose(found, survey, top=amount, threshold=threshold)

    with working("writing"):
        _write(source, choice, outs)
        if scores:
            with _file(scores) as write:
                write([f"{score:.6f}" for score in found[choice.mask].tolist()])
    click.echo(_summary(survey, choice), err=True)


def _general_text(
    general: Sequence[Path],
    in_domain: Sequence[Path],
    models: Sequence[Path],
    columns: tuple[int, ...],
) -> AlignedFiles:
    """The text to select from, once it is clear which of its sides are scored."""
    from ..aligned import AlignedFiles, check_columns, is_table

    if bool(in_domain) == bool(models):
        raise click.UsageError(
            "give --in-domain, or models of the domain and of general text by -m"
        )
    for path in general:
        if path == STDIN or path.is_fifo():
            raise ConfigError(
                f"--general {path} can be read only once, and it is read three times: "
                "save it to a file"
            )

    check_columns(columns, general, [path for path in (*general, *in_domain) if is_table(path)])
    is_of_columns = is_table(general[0])
    if len(models) % 2:
        raise click.UsageError("-m goes in pairs: a model of the domain, then one of general text")
    sides = len(models) // 2 or sum(len(columns) if is_table(path) else 1 for path in in_domain)

    _check_sides(sides, len(columns) if is_of_columns else len(general), is_of_columns)
    return AlignedFiles(general, sides, columns if is_of_columns else ())


def _check_sides(scored: int, offered: int, are_columns: bool) -> None:
    """Raise `ConfigError` unless --general has all sides that models or --in-domain are for.

    Columns are named to be scored; files may also be written alongside.
    """
    if scored > offered or (are_columns and scored < offered):
        what = "--columns names" if are_columns else "--general gives"
        raise ConfigError(
            f"--in-domain or -m is for {scored} side(s) of a text, but {what} {offered}: "
            "give one for each"
        )


def _columns(text: str) -> tuple[int, ...]:
    """The numbers of --columns: 1,2 as (1, 2)."""
    parts = [part.strip() for part in text.split(",")]
    is_list = all(part.isdecimal() and len(part) <= MOST_DIGITS and int(part) for part in parts)
    if not is_list or len(set(parts)) < len(parts):
        raise ConfigError(
            f"--columns {shortened(text)} is not a list of different numbers from 1, such as 1,2"
        )
    return tuple(map(int, parts))


def _check_outs(
    outs: Sequence[Path], general: Sequence[Path], written: Sequence[Path], inputs: Sequence[Path]
) -> None:
    if len(outs) != len(general) and (outs or len(general) > 1):
        raise click.UsageError(
            f"give an -o for each --general: {len(outs)} for {len(general)} files"
        )
    for number, out in enumerate(written):
        if out in written[:number]:
            raise click.UsageError(f"{out} is to be written twice: name another file")
        check_writable(out)
        refuse_input(out, inputs)


def _pairs(request: _Request) -> tuple[Sequence[Pair], Survey]:
    """The models to score by, counted or opened, and what is known of the general text."""
    from ..selection import counted_pairs

    if request.models:
        pairs = _opened_pairs(request.models, request.device)
        return pairs, _survey(request, [])

    pre_tokenizer = pre_tokenizer_of(request.tokenizer)
    in_domain = _in_domain(request)
    survey = _survey(request, in_domain)
    with working("counting"):
        counted = counted_pairs(in_domain, survey, order=request.order, pre_tokenizer=pre_tokenizer)
    return counted, survey


def _survey(request: _Request, in_domain: Sequence[Sequence[str]]) -> Survey:
    from ..selection import survey_text

    source = request.general
    with working("reading"):
        return survey_text(
            source,
            in_domain,
            dedup=request.dedup,
            seed=request.seed,
            name=name_of(tuple(source.paths)),
        )


def _in_domain(request: _Request) -> list[list[str]]:
    """The lines of the domain, of each side that is scored."""
    from ..aligned import columns_of

    sides: list[list[str]] = []
    for path in request.in_domain:
        found = columns_of(path, request.columns)
        if not any(map(str.strip, found[0])):
            raise DataError(f"{name_of((path,))}: the text is empty")
        sides += found
    return sides


def _opened_pairs(models: Sequence[Path], device: str) -> list[Pair]:
    from ..domains import GivenPair

    pairs: list[Pair] = []
    for own, other in zip(models[::2], models[1::2], strict=True):
        pair = GivenPair(open_model(own, device), open_model(other, device))
        if not pair.knows_the_same:
            note(
                f"{own} and {other} know different words: what only one of them knows decides "
                "more than it should"
            )
        pairs.append(pair)
    return pairs


def _write(source: AlignedFiles, choice: Choice, outs: Sequence[Path]) -> None:
    """Write the chosen lines, the same of all files."""
    with ExitStack() as stack:
        writers: list[Write] = [stack.enter_context(_file(out)) for out in outs]
        for lines in _chosen(source(), choice):
            for write, side in zip(writers or [_to_stdout], lines, strict=True):
                write(side)


def _chosen(chunks: Iterator[Chunk], choice: Choice) -> Iterator[list[list[str]]]:
    """The chosen lines of each file, chunk by chunk."""
    from itertools import compress

    start = 0
    for chunk in chunks:
        mask = choice.mask[start : start + len(chunk)].tolist()
        start += len(chunk)
        if any(mask):
            yield [list(compress(side, mask)) for side in chunk.lines]


@contextmanager
def _file(path: Path) -> Iterator[Write]:
    """A function that writes lines to a file, which is replaced once all are there."""
    import gzip

    from ...data.aside import replacing

    with replacing(path) as part, part.open("wb") as raw, ExitStack() as stack:
        file: IO[bytes] = raw
        if path.suffix == ".gz":
            packed = stack.enter_context(gzip.GzipFile("", "wb", fileobj=raw, mtime=0))
            file = cast("IO[bytes]", packed)
        yield lambda lines: _put(file, lines)


def _put(file: IO[bytes], lines: Sequence[str]) -> None:
    file.write(_block(lines))


def _block(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _to_stdout(lines: Sequence[str]) -> None:
    click.echo(_block(lines), nl=False)


def _summary(survey: Survey, choice: Choice) -> str:
    numbers = {"duplicate": survey.duplicates, "blank line": survey.blanks}
    left_out = [
        f"{number:,} {what}{'s' if number > 1 else ''}"
        for what, number in numbers.items()
        if number
    ]
    shown = f" without {' and '.join(left_out)}" if left_out else ""
    candidates = int(survey.candidates.sum())
    return (
        f"{candidates:,} lines{shown}; selected {len(choice):,}, "
        f"with scores up to {choice.highest:.4f}"
    )
