"""Lines of the corpora that rows and scripts read."""

from __future__ import annotations

from collections.abc import Iterator

from seqkit.data.files import read_lines
from seqkit.recipes import corpora

TATOEBA = ("tatoeba-deu-eng", "train.tsv.gz")  # English, German


def lines_of(corpus: str, name: str, column: int | None = None) -> Iterator[str]:
    """The lines of a file of a corpus, or one column of its table."""
    (path,) = corpora().locate(corpus, [name])
    for line in read_lines(path):
        yield line if column is None else line.split("\t")[column]


def news() -> Iterator[str]:
    """The English of newstest2014 and newstest2017: in `wmt`, beside the folders of corpora."""
    corpus, name = TATOEBA
    (path,) = corpora().locate(corpus, [name])
    for year in (2014, 2017):
        yield from read_lines(path.parents[1] / f"wmt/newstest{year}.eng.gz")
