"""ARPA files as they are found: what other tools write around, between and into the n-grams."""

import bz2
import gzip
import lzma

import pytest

from seqkit import ngram
from seqkit.errors import DataError

WHOLE = r"""\data\
ngram 1=6
ngram 2=4
ngram 3=2

\1-grams:
-2	<unk>	0
-99	<s>	-0.5
-0.5	</s>	0
-1.5	ä	-0.25
-1.25	b_1	-0.25
-1.75	c	0

\2-grams:
-0.5	<s> ä	-0.25
-0.25	ä b_1	-0.25
-0.5	b_1 </s>	0
-0.75	b_1 c	0

\3-grams:
-0.125	<s> ä b_1
-0.25	ä b_1 </s>

\end\
"""
LINES = ["ä b_1", "b_1 c", "", "zebra c ä", "c c b_1 ä b_1"]

CMU = r"""#############################################################################
## Copyright (c) 1996, Carnegie Mellon University, Cambridge University,
#############################################################################
===============  This file was produced by the CMU-Cambridge  ===============
This is a 3-gram language model, based on a vocabulary of 4 words,
  which begins "ä", "b_1", "c"...
Good-Turing discounting was applied.
1-gram frequency of frequency : 0

Data formats:

Beginning of data mark: \data\
ngram 1=nr            # number of 1-grams
ngram 2=nr            # number of 2-grams

\1-grams:
p_1     wd_1 bo_wt_1
\2-grams:
p_2     wd_1 wd_2 bo_wt_2

end of data mark: \end\

"""
LMTOOL = """Language model created by QuickLM on Sat Nov 28 20:00:00 EST 2020
Copyright (c) 1996-2010 Carnegie Mellon University and Alexander I. Rudnicky

The model is in standard ARPA format, designed by Doug Paul while he was at MITRE.

The (fixed) discount mass is 0.5. The backoffs are computed using the ratio method.
This model based on a corpus of 3 sentences and 7 words

"""

# What is done to the file; all of it is read by KenLM, or by Kaldi, or by both.
FOUND = {
    "a blank line first": lambda text: "\n" + text,
    "SRILM's blank line and no blank line at the end": lambda text: "\n" + text.rstrip("\n"),
    "comments": lambda text: "# made by hand\n#\n\n" + text,
    "CMU's explanations": lambda text: CMU + text,
    "lmtool's letter": lambda text: LMTOOL + text,
    "comments and blank lines among the sizes": lambda text: text.replace(
        "ngram 2=4\n", "# bigrams\n\nngram 2=4\n\n"
    ),
    "a blank line after \\data\\": lambda text: text.replace("\\data\\\n", "\\data\\\n\n"),
    "spaces around =": lambda text: text.replace("=", " = "),
    "tabs and spaces among the sizes": lambda text: text.replace("ngram ", " ngram\t "),
    "blank lines after the titles": lambda text: text.replace("-grams:\n", "-grams:\n\n \n"),
    "blank lines between n-grams": lambda text: text.replace("\n-0.5\t", "\n\n\t\n-0.5\t"),
    "no blank lines": lambda text: text.replace("\n\n", "\n"),
    "white space after titles and lines": lambda text: text.replace("\n", " \t\n"),
    "white space before lines": lambda text: text.replace("\n-", "\n  -"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CRLF and more blank lines": lambda text: text.replace("\n\n", "\n\n\n").replace("\n", "\r\n"),
    "spaces for tabs": lambda text: text.replace("\t", " "),
    "several spaces": lambda text: text.replace("\t", "  ").replace(" ", "  "),
    "no backoffs that are 0": lambda text: text.replace("\t0\n", "\n"),
    "a backoff of 0 at the top": lambda text: text.replace("<s> ä b_1\n", "<s> ä b_1\t0\n"),
    "more after the end": lambda text: text + "\n\ntrailing words\n",
    "exponents": lambda text: text.replace("-0.125\t", "-1.25e-01\t"),
    "longer numbers": lambda text: text.replace("-0.125\t", f"-0.125{'0' * 5000}\t"),
    "<UNK>": lambda text: text.replace("<unk>", "<UNK>"),
    "capitals": lambda text: text.replace("data", "DATA").replace("grams", "Grams"),
    "an order without n-grams": lambda text: text.replace("3=2\n", "3=2\nngram 4=0\n"),
    "an order without n-grams, and its title": lambda text: text.replace(
        "3=2\n", "3=2\nngram 4=0\n"
    ).replace("\\end", "\\4-grams:\n\n\\end"),
    "a byte-order mark": lambda text: "\ufeff" + text,
    "a byte-order mark before a comment": lambda text: "\ufeff# comment\n" + text,
}


def read(tmp_path, content, name="found.arpa"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return ngram.load(path)


def scores(model):
    return [list(model.full_scores(line)) for line in LINES]


@pytest.mark.parametrize("name", FOUND)
def test_a_file_as_it_is_found_gives_the_same_numbers(tmp_path, name):
    changed = FOUND[name](WHOLE)
    assert changed != WHOLE
    found = read(tmp_path, changed)
    expected = read(tmp_path, WHOLE)
    assert scores(found) == scores(expected)
    assert found.words == expected.words


PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "none": bytes}


@pytest.mark.parametrize("name", ["lm.arpa", "lm.gz", "lm.bz2", "lm.xz", "lm"])
@pytest.mark.parametrize("packer", PACKERS)
def test_a_packed_file_is_known_by_its_content_and_not_by_its_name(tmp_path, packer, name):
    for text in (WHOLE, "\ufeff" + LMTOOL + WHOLE):
        packed = PACKERS[packer](text.encode())
        assert scores(read(tmp_path, packed, name)) == scores(read(tmp_path, WHOLE))


@pytest.mark.parametrize("packer", ["gzip", "bzip2", "xz"])
def test_a_packed_file_that_is_cut_off_is_refused(tmp_path, packer):
    packed = PACKERS[packer](WHOLE.encode())
    for end in (len(packed) // 2, len(packed) - 1):
        with pytest.raises(DataError, match=r"found\.arpa"):
            read(tmp_path, packed[:end])


def test_words_may_hold_white_space_that_separates_nothing(tmp_path):
    """KenLM ends a word at a NUL, but not at a vertical tab, a form feed or a wide space."""
    for space in ("\v", "\f", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}", "\x1c", "\x85"):
        model = read(tmp_path, WHOLE.replace("b_1", f"b{space}1"))
        assert f"b{space}1" in model.words
        assert [row[:2] for row in model.full_scores("ä c")] == [(-0.5, 2), (-2.25, 1), (-0.5, 1)]

        for name in ("again.arpa", "again.lm"):
            ngram.save(model, tmp_path / name)
            again = ngram.load(tmp_path / name)
            assert again.words == model.words
            assert scores(again) == scores(model)

    separated = read(tmp_path, WHOLE.replace("ä b_1", "ä\0b_1"))
    assert scores(separated) == scores(read(tmp_path, WHOLE))


def test_ngrams_in_another_order_of_lines_with_blank_lines_are_named_by_their_own_line(tmp_path):
    text = WHOLE.replace("\n-0.5\tb_1", "\n\n\n-0.5\tb_1").replace("-0.75\tb_1 c", "-0.5\tä b_1")
    line = text[: text.index("-0.5\tä b_1")].count("\n") + 1
    with pytest.raises(DataError, match=rf"found\.arpa:{line}: the 2-gram 'ä' 'b_1' is here for"):
        read(tmp_path, text)


def test_the_size_that_disagrees_is_named_with_the_line_to_correct(tmp_path):
    few, many = WHOLE.replace("2=4", "2=5"), WHOLE.replace("2=4", "2=3")
    with pytest.raises(DataError, match=r"but there are 4: .* correct its header to ngram 2=4$"):
        read(tmp_path, few)
    with pytest.raises(DataError, match=r"but there are more: .* correct its header to ngram 2=N$"):
        read(tmp_path, many)
    lost = WHOLE.replace("-0.25\tä b_1\t-0.25\n", "\n")
    with pytest.raises(DataError, match=r"there are 1 before this blank line and 3 in all: "):
        read(tmp_path, lost)


REFUSED = {
    "an underscore in a number": ("-0.75\t", "-0_75\t", "'-0_75' is not a number"),
    "an infinite backoff": ("c\t0\n", "c\tinf\n", "the backoff weight 'inf' is not finite"),
    "a backoff of -inf": ("c\t0\n", "c\t-inf\n", "the backoff weight '-inf' is not finite"),
    "a backoff beyond float32": ("c\t0\n", "c\t1e39\n", "the backoff weight '1e39' is not finite"),
    "a probability above 1": ("-0.75\t", "0.75\t", "the log probability '0.75' is above 0"),
    "a size of 5,000 digits": ("ngram 2=4", f"ngram 2={'4' * 5000}", "more than 18 digits"),
    "an order of 5,000 digits": ("ngram 2=4", f"ngram {'2' * 5000}=4", "more than 18 digits"),
    "a size that lies by far": ("ngram 2=4", f"ngram 2={10**12}", "the header says 1,000,000,000,"),
    "a score of 5,000 digits": ("-0.75\t", f"{'9' * 5000}\t", "is above 0"),
    "a binary of KenLM": (WHOLE, "mmap lm http://kheafield.com/code\0", "is a binary of KenLM"),
    "iARPA": ("\\data\\\n", "iARPA\n\\data\\\n", "is an iARPA file of IRSTLM"),
    "a binary of SRILM": (WHOLE, "SRILM_BINARY_NGRAM_002\n\\data\\\n", "is a binary of SRILM"),
    "UTF-16": (WHOLE, WHOLE.encode("utf-16"), "UTF-16.*convert it: iconv"),
    "Latin-1": (WHOLE, WHOLE.encode("latin-1"), "not UTF-8: convert the file, as by iconv"),
    "a packed binary": (WHOLE, gzip.compress(bytes([9, *[0] * 7]) + b'{"a":{}}'), "unpack it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_meant_so_is_refused_in_one_line(tmp_path, name):
    old, new, problem = REFUSED[name]
    content = new
    if isinstance(new, str):
        assert WHOLE.count(old) >= 1
        content = WHOLE.replace(old, new, 1)
    with pytest.raises(DataError, match=problem) as error:
        read(tmp_path, content)
    assert str(error.value).startswith(str(tmp_path / "found.arpa"))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 6000


def test_a_long_file_without_data_is_refused_before_it_is_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("seqkit.ngram.arpa._CHUNK", 1000)
    with pytest.raises(DataError, match=r"found\.arpa:1: an ARPA file begins with \\data\\"):
        read(tmp_path, gzip.compress(bytes(1 << 24)))
    with pytest.raises(DataError, match="a line has more than 1,000 bytes"):
        read(tmp_path, gzip.compress(WHOLE.encode() + bytes(1 << 21)))
