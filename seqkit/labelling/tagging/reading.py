"""Tagged sentences from files: columns (CoNLL), CoNLL-U, `word/tag`, and segmented text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from ...data.files import name_of, read_lines
from ...data.unpacking import PACKED
from ...errors import ConfigError, DataError

Format = Literal["auto", "conll", "conllu", "word/tag", "segmented"]
FORMATS: tuple[str, ...] = get_args(Format)

_BY_SUFFIX: dict[str, Format] = {
    ".conllu": "conllu",
    ".conll": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".iob2": "conll",
}
_DOCUMENT = "-DOCSTART-"  # a line between documents in files of CoNLL-2003
_CONLLU_COLUMNS = 10
NO_VALUE = "_"  # in CoNLL-U


class Sentence(NamedTuple):
    """Words and their tags; without tags, the words of a segmented text."""

    words: list[str]
    tags: list[str]


class Columns(NamedTuple):
    """Where the words and the tags are, counted from 1; 0 = where the format has them."""

    word: int = 0
    tag: int = 0


_USUAL = Columns()


def read_sentences(
    paths: Sequence[Path], form: Format = "auto", columns: Columns = _USUAL
) -> list[Sentence]:
    """The sentences of these files, none of them empty.

    Raises `DataError` naming file and line, or a file without any sentence; `ConfigError` for
    columns of a format that has none, and for a file whose name does not say its format.
    """
    known: dict[str, str] = {}  # so that a word that occurs often is in memory once
    return [
        Sentence(_shared(words, known), _shared(tags, known))
        for path in paths
        for words, tags in sentences_of(path, form, columns)
    ]


def sentences_of(
    path: Path, form: Format = "auto", columns: Columns = _USUAL
) -> Iterator[Sentence]:
    """The sentences of one file, lazily; raises as `read_sentences`."""
    own = format_of(path) if form == "auto" else form
    is_empty = True
    for sentence in _read(path, own, columns):
        is_empty = False
        yield sentence
    if is_empty:
        raise DataError(f"{name_of(path)}: there is no sentence in it")


def _shared(texts: list[str], known: dict[str, str]) -> list[str]:
    return [known.setdefault(text, text) for text in texts]


def has_columns(path: Path) -> bool:
    """Whether the name of a file says that it holds columns."""
    return _suffix(path) in _BY_SUFFIX


def format_of(path: Path) -> Format:
    """The format that the name of a file says; raises `ConfigError` if it says none."""
    suffix = _suffix(path)
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]

    known = ", ".join(f"*{ending}" for ending in _BY_SUFFIX)
    raise ConfigError(
        f"{name_of(path)}: its name does not say its format: name it {known}, or train with "
        f"data.format set to one of {', '.join(FORMATS[1:])}"
    )


def _suffix(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix not in PACKED]
    return suffixes[-1] if suffixes else ""


def _read(path: Path, form: Format, columns: Columns) -> Iterator[Sentence]:
    lines = enumerate(read_lines(path), 1)
    numbered = ((number, line.removesuffix("\r")) for number, line in lines)
    if form in ("word/tag", "segmented"):
        if any(columns):
            raise ConfigError(
                f'data.format = "{form}" has no columns: set data.word and data.tag to 0'
            )
        return _read_lines(numbered, path, has_tags=form == "word/tag")
    return _read_columns(numbered, path, _placed(columns, form), form)


def _placed(columns: Columns, form: Format) -> Columns:
    """The columns with those of the format in place of 0; a tag column of 0 is the last one."""
    if form == "conllu":
        return Columns(columns.word or 2, columns.tag or 4)
    return Columns(columns.word or 1, columns.tag)


# Columns


def _read_columns(
    lines: Iterable[tuple[int, str]], path: Path, columns: Columns, form: Format
) -> Iterator[Sentence]:
    words: list[str] = []
    tags: list[str] = []
    width = 0  # of the first row, which all others must have
    for number, line in lines:
        cells = _cells(line)
        if not cells:
            if words:
                yield Sentence(words, tags)
            words, tags = [], []
            continue
        if _is_no_word(cells, form):
            continue

        width = width or len(cells)
        where = f"{name_of(path)}:{number}"
        _check_width(cells, width, columns, where, form)
        words.append(_cell(cells, columns.word, where))
        tags.append(_cell(cells, columns.tag, where))

    if words:
        yield Sentence(words, tags)


def _cells(line: str) -> list[str]:
    """The columns of a line: between tabs where there is one, else between blanks."""
    if not line.strip():
        return []
    return line.split("\t") if "\t" in line else line.split()


def _is_no_word(cells: list[str], form: Format) -> bool:
    """A comment, a range of words or an empty node (CoNLL-U), or a mark between documents."""
    if form != "conllu":
        return cells[0] == _DOCUMENT
    return cells[0].startswith("#") or (not cells[0].isdecimal() and len(cells) > 1)


def _check_width(cells: list[str], width: int, columns: Columns, where: str, form: Format) -> None:
    if form == "conllu" and len(cells) != _CONLLU_COLUMNS:
        raise DataError(
            f"{where}: {len(cells)} columns between tabs; CoNLL-U has {_CONLLU_COLUMNS}"
        )
    if len(cells) != width:
        raise DataError(f"{where}: {len(cells)} columns, and {width} in the rows before")
    last = max(columns)
    if last > width:
        raise DataError(f"{where}: {width} columns, so there is no column {last}")
    if width == 1:
        raise DataError(
            f"{where}: one column, which cannot hold words and tags; of text with blanks between "
            'words, set data.format = "segmented"'
        )


def _cell(cells: list[str], column: int, where: str) -> str:
    """A cell, counted from 1; 0 is the last one."""
    text = cells[column - 1].strip()
    if not text:
        raise DataError(f"{where}: column {column or len(cells)} is empty")
    return text


# Lines


def _read_lines(
    lines: Iterable[tuple[int, str]], path: Path, *, has_tags: bool
) -> Iterator[Sentence]:
    for number, line in lines:
        tokens = line.split()
        if not tokens:
            continue
        if not has_tags:
            yield Sentence(tokens, [])
            continue

        pairs = [token.rpartition("/") for token in tokens]
        for token, (word, _, tag) in zip(tokens, pairs, strict=True):
            if not word or not tag:
                raise DataError(f"{name_of(path)}:{number}: {token!r} is not WORD/TAG")
        yield Sentence([word for word, _, _ in pairs], [tag for _, _, tag in pairs])
