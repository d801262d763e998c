"""The text of the n-gram rows: the English column of tatoeba-deu-eng."""

from __future__ import annotations

import re
from pathlib import Path

from seqkit.data.files import read_lines
from seqkit.recipes import corpora


def words_of(line: str) -> str:
    """Lower case, punctuation apart."""
    return " ".join(re.findall(r"\w+|[^\w\s]", line.lower()))


def prepared(folder: Path, name: str) -> Path:
    """The unique lines of a split in their order, written once."""
    path = folder / f"{name}.txt"
    if not path.exists():
        (source,) = corpora().locate("tatoeba-deu-eng", [f"{name}.tsv.gz"])
        lines = dict.fromkeys(line.split("\t")[0] for line in read_lines(source))
        text = "".join(f"{words_of(line)}\n" for line in lines)
        path.write_text(text, encoding="utf-8")
    return path
