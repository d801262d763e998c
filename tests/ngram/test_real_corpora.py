"""Against KenLM's figures on corpora that are not shipped.

SEQKIT_CORPORA names the folder that holds them.
"""

import gzip
import os
import re
from pathlib import Path

import pytest

from seqkit import ngram

HOME = os.environ.get("SEQKIT_CORPORA")
pytestmark = pytest.mark.skipif(
    not HOME, reason="SEQKIT_CORPORA does not name a folder with multi30k/ and text/"
)


def lines_of(name):
    path = Path(HOME) / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return [
        line.removesuffix("\r")
        for line in gzip.decompress(path.read_bytes()).decode().split("\n")[:-1]
    ]


def tok(line):
    return " ".join(re.findall(r"\w+|[^\w\s]", line.lower()))


@pytest.fixture(scope="module")
def multi30k():
    return [
        [tok(line) for line in lines_of(f"multi30k/{name}.en.gz")]
        for name in ("train", "test_2016_flickr")
    ]


def check(model, test, sizes, figures, oov, tokens):
    assert not model.notes
    assert [len(level.scores) for level in model.grams] == sizes
    record = model.evaluate(test)
    assert (record.perplexity, record.perplexity_without_oov) == pytest.approx(figures, rel=1e-6)
    assert (record.oov, record.tokens, record.sentences) == (oov, tokens, len(test))


@pytest.mark.parametrize(
    ("order", "prune", "sizes", "figures"),
    [
        (3, (), [9782, 79890, 175333], (36.284973, 33.211337)),
        (5, (), [9782, 79890, 175333, 245578, 274031], (35.045478, 32.057985)),
        (4, (0, 0, 1, 1), [9782, 79890, 34210, 27307], (35.842883, 32.838199)),
    ],
)
def test_multi30k_has_the_counts_and_perplexities_of_kenlm(multi30k, order, prune, sizes, figures):
    train, test = multi30k
    check(ngram.train(train, order=order, prune=prune), test, sizes, figures, 133, 14080)


def test_penn_treebank_has_the_counts_and_perplexities_of_kenlm():
    model = ngram.train(lines_of("text/ptb.valid.txt.gz"), order=5, unk="skip")
    sizes = [6023, 38604, 56454, 59370, 58053]
    check(model, lines_of("text/ptb.test.txt.gz"), sizes, (415.296270, 241.237447), 8162, 82430)
