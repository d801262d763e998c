"""Pretrained word vectors: every form gives the same, and what is wrong is said."""

import gzip
import struct

import numpy as np
import pytest

from seqkit.data.vectors import read_vectors
from seqkit.errors import DataError

GLOVE = "the 0.5 -1 2e-1\n, 1 2 3\nnew york 4 5 6\nthe 9 9 9\n"
EXPECTED = {"the": [0.5, -1.0, 0.2], ",": [1, 2, 3], "new york": [4, 5, 6]}


def everything(word):
    return True


def as_dict(found):
    return {
        word: pytest.approx(row.tolist())
        for word, row in zip(found.words, found.table, strict=True)
    }


def binary(*, line_breaks=False):
    end = b"\n" if line_breaks else b""
    rows = [word.encode() + b" " + struct.pack("<3f", *row) + end for word, row in EXPECTED.items()]
    return b"3 3\n" + b"".join(row.replace(b"new york", b"new_york") for row in rows)


@pytest.mark.parametrize("head", ["", "4 3\n"])
def test_text_of_glove_and_of_word2vec(head, tmp_path):
    path = tmp_path / "x.vec"
    path.write_text(head + GLOVE, encoding="utf-8")
    assert as_dict(read_vectors(path, everything)) == EXPECTED
    packed = tmp_path / "x.vec.gz"
    packed.write_bytes(gzip.compress((head + GLOVE).encode()))
    assert as_dict(read_vectors(packed, everything)) == EXPECTED


@pytest.mark.parametrize("line_breaks", [True, False])
def test_the_binary_form_of_word2vec(line_breaks, tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(binary(line_breaks=line_breaks))
    found = as_dict(read_vectors(path, everything))
    assert found == {word.replace(" ", "_"): row for word, row in EXPECTED.items()}


def test_only_wanted_words_are_kept(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text(GLOVE, encoding="utf-8")
    found = read_vectors(path, {"the", "none"}.__contains__)
    assert (found.words, found.width, found.table.dtype) == (["the"], 3, np.float32)
    with pytest.raises(DataError, match="none of the words"):
        read_vectors(path, lambda word: False)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", b"the 1 2\nof 1\n", r"x\.txt:2: expected a word and 2 numbers"),
        ("x.txt", b"the 1 2\nof 1 x\n", r"x\.txt:2: a vector holds what is no number"),
        ("x.txt", b"the 1 nan\n", "the vector of 'the' is not finite"),
        ("x.txt", binary(), r"name it \*\.bin"),
        ("x.bin", binary()[:-5], "ends after 2 of 3 words"),
        ("x.bin", b"the 1 2\n", "does not begin with the numbers"),
        ("x.bin", struct.pack("<i", 793712314) + b"\0" * 50, r"a model of fastText.*its \.vec"),
        ("y.bin", None, "cannot read"),
    ],
)
def test_what_is_wrong_is_said(name, content, message, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_vectors(path, everything)
