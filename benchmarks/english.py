"""The text of the n-gram rows: the English of tatoeba-deu-eng, and of Multi30k."""

from __future__ import annotations

import random
import re
from pathlib import Path

from .core import SEED
from .machine import whole
from .texts import lines_of


def words_of(line: str) -> str:
    """Lower case, punctuation apart."""
    return " ".join(re.findall(r"\w+|[^\w\s]", line.lower()))


def captions(name: str) -> list[str]:
    """The English side of a split of Multi30k, as words."""
    return [words_of(line) for line in lines_of("multi30k", name)]


def prepared(folder: Path, name: str) -> Path:
    """The unique lines of a split in their order, written once."""
    path = folder / f"{name}.txt"
    if not path.exists():
        lines = dict.fromkeys(lines_of("tatoeba-deu-eng", f"{name}.tsv.gz", 0))
        text = "".join(f"{words_of(line)}\n" for line in lines)
        with whole(path) as part:
            part.write_text(text, encoding="utf-8")
    return path


def grown(path: Path, copies: int) -> Path:
    """A text many times over, each copy with a tenth of the words drawn anew by frequency."""
    out = path.with_name(f"{path.stem}-{copies}.txt")
    if out.exists():
        return out

    chance = random.Random(SEED)
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    pool = [word for line in lines for word in line]
    with whole(out) as part, part.open("w", encoding="utf-8") as file:
        for copy in range(copies):
            share = 0.1 if copy else 0.0
            for line in lines:
                words = [chance.choice(pool) if chance.random() < share else word for word in line]
                file.write(" ".join(words) + "\n")
    return out
