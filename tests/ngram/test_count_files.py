"""Counts on disk: SRILM's format, pieces that add up, and counts that cannot be."""

import gzip

import numpy as np
import pytest
from ngram.slow import some_lines

from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.ngram import count_files
from seqkit.ngram.smoothing import Options
from seqkit.ngram.training import model_of

# What `ngram-count -order 3 -write -` gives for the lines "a b a" and "b", counted by hand
SRILM = """<s>	2
<s> a	1
<s> a b	1
<s> b	1
<s> b </s>	1
a	2
a b	1
a b a	1
a </s>	1
b	2
b a	1
b a </s>	1
b </s>	1
</s>	2
"""


def smoothed(counts):
    return model_of(counts, smoothing="witten-bell", options=Options())


def test_counts_are_written_as_srilm_writes_them(tmp_path):
    count_files.write(ngram.count(["a b a", "b"], order=3), tmp_path / "c")
    assert sorted((tmp_path / "c").read_text().splitlines()) == sorted(SRILM.splitlines())
    count_files.write(ngram.count(["a b a", "b"], order=3), tmp_path / "c.gz")
    assert gzip.decompress((tmp_path / "c.gz").read_bytes()) == (tmp_path / "c").read_bytes()


def test_a_model_of_counts_is_that_of_the_text(tmp_path):
    lines = some_lines(4, lines=60)
    count_files.write(ngram.count(lines, order=3), tmp_path / "c.gz")
    counts = count_files.read([tmp_path / "c.gz"], 3)
    direct = ngram.train(lines, order=3, smoothing="witten-bell")
    assert counts.tokens == direct.training_tokens
    for line in some_lines(5):
        assert smoothed(counts).score(line) == pytest.approx(direct.score(line), rel=1e-6)


def test_counts_of_pieces_add_up(tmp_path):
    lines = some_lines(4, lines=60)
    paths = [tmp_path / f"{i}" for i in range(3)]
    for i, path in enumerate(paths):
        count_files.write(ngram.count(lines[i::3], order=3), path)
    merged = count_files.read(paths, 3)
    whole = ngram.count(lines, order=3)
    assert merged.sizes == whole.sizes
    count_files.write(merged, tmp_path / "merged")
    count_files.write(whole, tmp_path / "whole")
    merged_lines, whole_lines = ((tmp_path / name).read_text() for name in ("merged", "whole"))
    assert sorted(merged_lines.splitlines()) == sorted(whole_lines.splitlines())


def test_longer_ngrams_than_asked_for_are_left_out(tmp_path):
    (tmp_path / "c").write_text(SRILM)
    counts = count_files.read([tmp_path / "c"], 2)
    expected = ngram.count(["a b a", "b"], order=2)
    assert counts.sizes == expected.sizes
    assert np.sort(counts.tables[1].counts).tolist() == np.sort(expected.tables[1].counts).tolist()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("a b\t1\n", "", "the counts contradict each other: 'a b' is not among them"),
        ("b a\t1\n", "", "the counts contradict each other: 'b a' is not among them"),
        ("a\t2\n", "a\t1\n", "'a' is counted 1 times, the longer n-grams that end in it 2 times"),
        ("a b\t1", "a b one", ":7: not an n-gram, a tab and its count, a whole number: 'a b one'"),
        ("a b\t1", "a b\t-1", ":7: not an n-gram, a tab and its count"),
        ("a b\t1", "a <s>\t1", ":7: <s> can only begin an n-gram"),
    ],
)
def test_counts_that_cannot_be_are_refused(tmp_path, old, new, complaint):
    (tmp_path / "c").write_text(SRILM.replace(f"\n{old}", f"\n{new}", 1))
    with pytest.raises(DataError) as error:
        count_files.read([tmp_path / "c"], 3)
    assert complaint in str(error.value)


def test_an_order_beyond_the_counts_is_refused(tmp_path):
    (tmp_path / "c").write_text(SRILM)
    with pytest.raises(ConfigError, match="the counts go up to 3-grams: ask for --order 3"):
        count_files.read([tmp_path / "c"], 5)
    (tmp_path / "empty").write_text("")
    with pytest.raises(ConfigError, match="the files of counts hold no n-grams"):
        count_files.read([tmp_path / "empty"], 5)


def test_a_count_of_0_is_none(tmp_path):
    (tmp_path / "c").write_text(SRILM + "a a\t0\nc\t0\n")
    (tmp_path / "plain").write_text(SRILM)
    with_zeros = smoothed(count_files.read([tmp_path / "c"], 3))
    plain = smoothed(count_files.read([tmp_path / "plain"], 3))
    assert with_zeros.tables.sizes == plain.tables.sizes
    assert with_zeros.score("a a c") == plain.score("a a c")
