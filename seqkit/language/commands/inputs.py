"""What the commands of `seqkit lm` share: models and texts to open, notes on stderr."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...cli.lines import STDIN, TEXT
from ...cli.options import PATH, one_model_option
from ...errors import ConfigError, DataError
from ...plugins import components

if TYPE_CHECKING:
    from ...metrics.scoring import Scorer
    from ...ngram.text import PreTokenizer

MOST_DIGITS = 12  # of a number
_EPSILON = b"<eps>"  # the empty word of symbol tables
_DISAMBIGUATION = re.compile(rb"#\d+$")
_TOKENIZER_OF_RUN = "tokenizer"  # folder of a step
_LONGEST = 40  # characters of a wrong value in an error
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

FILES = click.argument("files", nargs=-1, type=TEXT, metavar="[FILE]...")
MODEL = one_model_option(
    "Run folder, ARPA file, seqkit's binary, or a mixture (.toml).", required=True, type=PATH
)
COUNTS = click.option(
    "--counts", "are_counts", is_flag=True, help="FILEs are counts of n-grams, as SRILM's, no text."
)
ORDER = click.option(
    "--order",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="Length of the longest n-gram.",
)
TOKENIZER = click.option(
    "--tokenizer",
    default="whitespace",
    show_default=True,
    help="whitespace, word, char, or the folder of a trained one or of a run.",
)
MEMORY = click.option(
    "--memory",
    default="1G",
    show_default=True,
    help="Beyond this, n-grams are sorted and smoothed on disk.",
)


def open_model(path: Path, device: str) -> Scorer:
    """The language model at `path`, counted or trained."""
    from ...runs.load import load

    if path.suffix and not path.exists():  # a run folder seldom has one
        raise DataError(
            f"no model at {path}: give an ARPA file, seqkit's binary, the .toml of a mixture, or a "
            "run folder"
        )
    scorer: Scorer = load(path, device=device, task="language-modelling")
    return scorer


def read_blocks(files: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    """Blocks of whole lines of all files, or of stdin, each with the name of its file."""
    from ...cli.progress import counted
    from ...ngram.text import blocks

    for path in files or (None,):
        name = _shown(path)
        for block in counted(blocks(path), f"bytes of {name} read"):
            yield name, block


def arriving_blocks(files: tuple[Path, ...]) -> Iterator[bytes]:
    """The lines of all files, or of stdin, as soon as they are there."""
    from ...cli.progress import counted
    from ...ngram.text import blocks

    for path in files or (None,):
        name = _shown(path)
        is_shown = name != "stdin"
        yield from counted(blocks(path, at_once=True), f"bytes of {name} read", show=is_shown)


def read_text(files: tuple[Path, ...]) -> list[bytes]:
    """All blocks of the files, or of stdin, to be measured again and again; at least one."""
    text = [block for _, block in read_blocks(files)]
    if not text:
        raise DataError(f"{name_of(files)}: the text is empty")
    return text


def words_of(path: Path) -> frozenset[bytes]:
    """The words of a file: white space between them, or a table of words and numbers.

    Such are the symbol tables of Kaldi and OpenFst, of which `<eps>` and `#0` are no words, and
    lists of frequencies. Raises `DataError` for a file without words, or a broken table.
    """
    from ...ngram.text import blocks

    lines = [line.split() for block in blocks(path) for line in block.split(b"\n")]
    rows = [(number, row) for number, row in enumerate(lines, 1) if row]
    if not rows:
        raise DataError(f"{name_of((path,))}: there are no words in it")

    words = {row[0] for _, row in rows}
    broken = next((number for number, row in rows if not _is_numbered(row)), None)
    if rows[0][1][0] == _EPSILON and broken is not None:
        raise DataError(f"{path}:{broken}: not a symbol and its number, as in the lines before")
    if broken is not None or len(words) < len(rows):
        return frozenset(word for _, row in rows for word in row)

    found = frozenset(
        word for word in words if word != _EPSILON and not _DISAMBIGUATION.match(word)
    )
    note(f"{name_of((path,))} is a table of words and numbers: {len(found):,} words")
    return found


def _is_numbered(row: Sequence[bytes]) -> bool:
    return len(row) == 2 and row[1].isdigit()


def pre_tokenizer_of(name: str) -> PreTokenizer:
    """What splits text by --tokenizer: a name, a trained tokenizer's folder, or a network's run."""
    from ...ngram.text import PreTokenizer
    from ...runs.imported import is_run
    from ...training import checkpoint

    path = Path(name)
    if path.is_dir() and is_run(path):
        name = str(checkpoint.resolve(path) / _TOKENIZER_OF_RUN)
    return PreTokenizer.find(name, components().tokenizers.load)


def name_of(files: tuple[Path, ...]) -> str:
    return ", ".join(map(_shown, files)) or "stdin"


def _shown(path: Path | None) -> str:
    return "stdin" if path is None or path == STDIN else str(path)


def note(text: str) -> None:
    """Show a note on stderr, unless it is empty."""
    if text:
        click.echo(f"note: {text}", err=True)


def check_writable(out: Path) -> None:
    """Fail early, before anything is counted."""
    if out.is_dir():
        raise ConfigError(f"cannot write {out}: it is a folder")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {out}: there is no such folder")


def bytes_of(option: str, text: str) -> int:
    """The bytes of a size such as 500M."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?\s*", text.upper())
    if not found or len(found[1]) > MOST_DIGITS:
        raise ConfigError(f"{option} {shortened(text)} is not a size such as 500M or 4G")
    number, unit = found.groups()
    return int(float(number) * _UNITS[unit])


def shortened(text: str) -> str:
    """What was given, cut off where it is long."""
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"
