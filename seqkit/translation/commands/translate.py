from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ...cli.options import (
    PATH,
    checked_utf8,
    device_options,
    key_values,
    opened,
    refuse_input,
    set_threads,
)
from ...cli.progress import counted
from ...errors import ConfigError, DataError, reason
from .options import models_option, one_line, open_translator, search_option

if TYPE_CHECKING:
    from ..explain import Explanation
    from ..translator import Translation

Pairs = list[tuple[int, int]]

_CHUNK = 1 << 16  # bytes of input read at once: some 1,000 sentences


@click.command()
@click.argument("text", nargs=-1)
@models_option
@click.option(
    "-i",
    "--input",
    "source",
    type=PATH,
    help="Text to translate, a line at a time; else TEXT or stdin.",
)
@click.option("-o", "--output", type=PATH, help="Where translations go; else stdout.")
@click.option("--beam", type=click.IntRange(min=1), help="Hypotheses kept open; 1 = greedy.")
@click.option(
    "--nbest", type=click.IntRange(min=1), help="Translations of each line: `0 ||| text ||| score`."
)
@click.option(
    "--max-length", type=click.IntRange(min=1), help="Longest translation of a sentence, in tokens."
)
@click.option("--prefix", help="How each translation begins; its last word may be half typed.")
@click.option(
    "--must", multiple=True, metavar="PHRASE", help="A phrase that each translation holds."
)
@click.option(
    "--attention", "maps", type=PATH, help="Draw a heat map of each line into this folder."
)
@click.option(
    "--alignments",
    is_flag=True,
    help="Add ` ||| 0-0 1-2`: which source word made which word, from 0.",
)
@click.option(
    "--batch-tokens", type=click.IntRange(min=1), help="Source tokens translated at once."
)
@search_option
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def translate(
    text: tuple[str, ...],
    models: tuple[str, ...],
    source: Path | None,
    output: Path | None,
    beam: int | None,
    nbest: int | None,
    max_length: int | None,
    prefix: str | None,
    must: tuple[str, ...],
    maps: Path | None,
    alignments: bool,
    batch_tokens: int | None,
    search: tuple[str, ...],
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Translate TEXT, a file, or stdin: a line in, a line out, in order.

    Without a model, the one that ships with seqkit translates English to German.
    """
    given: dict[str, Any] = {"beam": beam, "nbest": nbest, "max_length": max_length}
    given |= {"prefix": prefix, "must": list(must) or None}
    settings = {key: value for key, value in given.items() if value is not None} | key_values(
        search, "--search"
    )
    if text and source:
        raise click.UsageError("give TEXT or --input, not both")
    for line in text:
        if (os.sep in line or Path(line).suffix) and os.path.isfile(line):
            raise click.UsageError(f"{line} is a file: give it as --input {line}")
    if source:  # fail before the model is loaded
        _open_input(source).close()
        refuse_input(output, (source,))
    if maps:
        _make(maps)
    set_threads(threads)
    translator = open_translator(models, device)
    translator.batch_tokens = batch_tokens or translator.batch_tokens
    translator.translate([], **settings)  # complain about settings before anything is read
    if (maps or alignments) and not translator.attends:
        raise ConfigError("this model has no attention: there is nothing to draw or to align by")
    chunks: Iterable[list[str]] = (
        [[checked_utf8(line) for line in text]] if text else _chunks(source)
    )
    several = nbest is not None or settings.get("nbest", translator.search.nbest) > 1
    number = 0
    with opened(output) as write:
        for lines in counted(chunks, "lines translated", show=source is not None):
            for line, found in zip(
                lines, translator.translate_nbest(lines, **settings), strict=True
            ):
                looks = [translator.explain(t) for t in found] if alignments or maps else []
                pairs = [_pairs(parts) for parts in looks] if alignments else []
                write(
                    _json(line, found, several, pairs)
                    if as_json
                    else _plain(number, found, several, pairs)
                )
                number += 1
                if maps and looks:
                    _draw(looks[0], maps, number)


def _plain(number: int, found: list[Translation], several: bool, pairs: list[Pairs]) -> str:
    ends = ["".join(f" {i}-{j}" for i, j in row) for row in pairs]
    ends = [f" |||{end}" for end in ends] or [""] * len(found)
    if several:
        rows = zip(found, ends, strict=True)
        return "\n".join(
            f"{number} ||| {one_line(t.text)} ||| {t.score:.6f}{end}" for t, end in rows
        )
    return one_line(found[0].text) + ends[0]


def _json(source: str, found: list[Translation], several: bool, pairs: list[Pairs]) -> str:
    best = found[0]
    record: dict[str, Any] = {
        "source": source,
        "translation": best.text,
        "score": best.score,
        "log_probability": best.log_probability,
        "tokens": best.tokens,
    }
    if pairs:
        record["alignment"] = pairs[0]
    if several:
        record["nbest"] = [
            {"translation": t.text, "score": t.score, "log_probability": t.log_probability}
            for t in found
        ]
    return json.dumps(record, ensure_ascii=False)


def _pairs(looks: list[Explanation]) -> Pairs:
    from ..explain import alignment

    return alignment(looks)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {folder}: {reason(error)}") from None


def _draw(looks: list[Explanation], folder: Path, number: int) -> None:
    """A picture of each part: 00001.png, or 00001-1.png, 00001-2.png … of a line of several."""
    from ..attention_maps import draw

    for i, look in enumerate(looks, 1):
        draw(look, folder / (f"{number:05}.png" if len(looks) == 1 else f"{number:05}-{i}.png"))


def _chunks(path: Path | None) -> Iterator[list[str]]:
    """Lines of a file or stdin, as many as can be had without waiting, so that a pipe is answered at once."""
    name = str(path or "stdin")
    number, rest = 0, b""
    with _open_input(path) if path else sys.stdin.buffer as file:
        while data := _read(file):
            *lines, rest = (rest + data).split(b"\n")
            if lines:
                yield [_decode(line, name, number + i) for i, line in enumerate(lines, 1)]
                number += len(lines)
    if rest:
        yield [_decode(rest, name, number + 1)]


def _read(file: BinaryIO) -> bytes:
    """What is there, up to a chunk; waits only if there is nothing."""
    try:
        return os.read(file.fileno(), _CHUNK)
    except OSError:  # not a real file, as under a test runner
        return file.read(_CHUNK)


def _open_input(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None


def _decode(line: bytes, name: str, number: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}:{number}: not UTF-8: byte {line[error.start]:#04x} at column {error.start + 1}"
        ) from None
