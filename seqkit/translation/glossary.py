"""A glossary: how terms are to be translated, read from a file or given in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..data.files import name_of, read_lines
from ..errors import DataError, WrongType
from ..parsing import path_of

KEEP = "-"  # as a target: the term stays as it stands in the source
_COLUMNS = (2, 3)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Term:
    """A term of the source language and what it must become; `KEEP` leaves it as it is."""

    source: str
    target: str
    place: str  # where it comes from, for errors: "terms.tsv:3"
    part_of_speech: str = ""  # for people: a term is found whatever it is there


class Glossary:
    """`Glossary({"contract": "Vertrag", "Git": "-"})`, or `Glossary.read("terms.tsv")`.

    Give it to `Translator.translate(texts, glossary=…)`. Raises `DataError` for an empty glossary,
    an empty term, and a term with two translations.
    """

    def __init__(self, terms: Mapping[str, str]) -> None:
        if not isinstance(terms, Mapping):
            raise WrongType(
                f"a glossary is a dict from terms to their translations, not "
                f"{type(terms).__name__}; Glossary.read(path) reads a file"
            )
        self.terms = _checked(_given(terms), "the glossary")

    @classmethod
    def read(cls, path: str | Path) -> Glossary:
        """A TSV file: term, translation or `-`, and optionally a part of speech, one term a line.

        Blank lines, and those that begin with `#`, are skipped. Raises `DataError` naming the line.
        """
        glossary = cls.__new__(cls)
        glossary.terms = _checked(_read(path_of(path)), str(path))
        return glossary

    def __len__(self) -> int:
        return len(self.terms)

    def __repr__(self) -> str:
        return f"<Glossary: {len(self):,} terms>"


def _given(terms: Mapping[str, str]) -> Iterator[Term]:
    for source, target in terms.items():
        if not isinstance(source, str) or not isinstance(target, str):
            raise WrongType(f"a glossary has texts, not {source!r}: {target!r}")
        yield Term(source.strip(), target.strip(), f"the glossary, term {source!r}")


def _read(path: Path) -> Iterator[Term]:
    name = name_of(path)
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip() or line.startswith("#"):
            continue

        place = f"{name}:{number}"
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) not in _COLUMNS:
            count = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
            raise DataError(
                f"{place}: {count}, where a term, a tab and its translation belong, and may be "
                "followed by a tab and a part of speech"
            )
        source, target, *further = cells
        yield Term(source, target, place, *further)


def _checked(terms: Iterator[Term], name: str) -> tuple[Term, ...]:
    """The terms, each once; raises `DataError` for those that cannot be meant so."""
    known: dict[str, Term] = {}
    for term in terms:
        if not term.source or not term.target:
            side = "translation" if term.source else "term"
            raise DataError(
                f"{term.place}: the {side} is empty; `-` as the translation keeps a term as it is"
            )
        control = _CONTROL.search(term.source + term.target)
        if control:
            raise DataError(
                f"{term.place}: {control[0]!r} is not text and would break lines: take it out, and "
                "end each line of a glossary with a line feed"
            )
        before = known.setdefault(term.source, term)
        if before.target != term.target:
            raise DataError(
                f"{term.place}: {term.source!r} becomes {term.target!r}, and {before.target!r} "
                f"by {before.place}: leave one of them out"
            )

    if not known:
        raise DataError(f"{name} has no terms")
    return tuple(known.values())
