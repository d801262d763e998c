from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ..errors import DataError, reason
from .options import (
    PATH,
    device_options,
    key_values,
    model_option,
    one_line,
    opened,
    search_option,
    set_threads,
)
from .progress import counted

if TYPE_CHECKING:
    from ..tasks.translator import Translation

_CHUNK = 1 << 16  # bytes of input read at once: some 1,000 sentences


@click.command()
@click.argument("text", nargs=-1)
@model_option
@click.option("-i", "--input", "source", type=PATH, help="Text to translate, a line at a time; else TEXT or stdin.")
@click.option("-o", "--output", type=PATH, help="Where translations go; else stdout.")
@click.option("--beam", type=click.IntRange(min=1), help="Hypotheses kept open; 1 = greedy.")
@click.option("--length-penalty", type=float, help="Rank by log probability / length ** this.")
@click.option("--nbest", type=click.IntRange(min=1), help="Translations of each line: `0 ||| text ||| score`.")
@click.option("--max-length", type=click.IntRange(min=1), help="Longest translation of a sentence, in tokens.")
@click.option("--batch-tokens", type=click.IntRange(min=1), help="Source tokens translated at once.")
@search_option
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def translate(
    text: tuple[str, ...],
    model: str | None,
    source: Path | None,
    output: Path | None,
    beam: int | None,
    length_penalty: float | None,
    nbest: int | None,
    max_length: int | None,
    batch_tokens: int | None,
    search: tuple[str, ...],
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Translate TEXT, a file, or stdin: a line in, a line out, in order.

    Without a model, the one that ships with seqkit translates English to German.
    """
    given = {"beam": beam, "length_penalty": length_penalty, "nbest": nbest, "max_length": max_length}
    settings = {key: value for key, value in given.items() if value is not None} | key_values(search, "--search")
    if text and source:
        raise click.UsageError("give TEXT or --input, not both")
    if source:  # fail before the model is loaded
        _open_input(source).close()
        if output and output.exists() and output.samefile(source):
            raise click.UsageError("--input and --output are the same file")

    from .. import runs

    set_threads(threads)
    translator = runs.load(model, device=device, task="translation")
    translator.batch_tokens = batch_tokens or translator.batch_tokens
    translator.translate([], **settings)  # complain about settings before anything is read
    chunks: Iterable[list[str]] = [[_utf8(line) for line in text]] if text else _chunks(source)
    several = nbest is not None or settings.get("nbest", translator.search.nbest) > 1
    number = 0
    with opened(output) as write:
        for lines in counted(chunks, "lines translated", show=source is not None):
            for line, found in zip(lines, translator.translate_nbest(lines, **settings), strict=True):
                write(_json(line, found, several) if as_json else _plain(number, found, several))
                number += 1


def _plain(number: int, found: list[Translation], several: bool) -> str:
    if several:
        return "\n".join(f"{number} ||| {one_line(t.text)} ||| {t.score:.6f}" for t in found)
    return one_line(found[0].text)


def _json(source: str, found: list[Translation], several: bool) -> str:
    best = asdict(found[0])
    record: dict[str, Any] = {"source": source, "translation": best.pop("text"), **best}
    if several:
        record["nbest"] = [
            {"translation": t.text, "score": t.score, "log_probability": t.log_probability} for t in found
        ]
    return json.dumps(record, ensure_ascii=False)


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


def _utf8(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(f"TEXT {text!r} is not UTF-8") from None
    return text
