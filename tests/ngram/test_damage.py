"""Damaged model files: each is refused by a line that names the file and, for ARPA, the line."""

import gzip
import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file
from small_arpa import ARPA

from seqkit import ngram
from seqkit.errors import DataError

# The text replaced, its replacement, the line named by the error, and the error.
DAMAGES = {
    "another kind of file": (ARPA, "a b c\n", 1, "begins with"),
    "an empty file": (ARPA, "", 1, "there is no"),
    "only blank lines": (ARPA, "\n\n \n", 1, "there is no"),
    "no \\data\\": ("\\data\\\n", "", 1, "begins with"),
    "no sizes": ("ngram 1=5\nngram 2=3\nngram 3=2\n", "", 2, "no line such as ngram 1=1000"),
    "a size that is not a number": ("ngram 1=5", "ngram 1=five", 2, "no line such as ngram 1=1000"),
    "a negative size": ("ngram 1=5", "ngram 1=-5", 2, "no line such as ngram 1=1000"),
    "sizes that skip an order": ("ngram 2=3\n", "", 3, "ngram 3 where ngram 2 should be"),
    "a size twice": ("ngram 2=3", "ngram 1=5", 3, "ngram 1 where ngram 2 should be"),
    "a missing section": (
        "\\2-grams:",
        "\\3-grams:",
        13,
        r"'\\\\2-grams:'|\\2-grams: should be here",
    ),
    "a section too few": ("ngram 3=2\n", "", 13, "a 2-gram, the longest, has a backoff weight"),
    "a section too many": ("ngram 3=2\n", "ngram 3=2\nngram 4=1\n", 23, "4-grams: should be here"),
    "too few words": (
        "ngram 1=5",
        "ngram 1=4",
        11,
        "the header says 4 1-grams, but there are more",
    ),
    "too many words": ("ngram 1=5", "ngram 1=6", 12, "the header says 6 1-grams, but there are 5"),
    "too few bigrams": (
        "ngram 2=3",
        "ngram 2=2",
        16,
        "the header says 2 2-grams, but there are more",
    ),
    "too many bigrams": (
        "ngram 2=3",
        "ngram 2=4",
        17,
        "the header says 4 2-grams, but there are 3",
    ),
    "far too many bigrams": (
        "ngram 2=3",
        "ngram 2=99999",
        17,
        "the header says 99,999 2-grams, but there are 3",
    ),
    "too many trigrams": (
        "ngram 3=2",
        "ngram 3=3",
        21,
        "the header says 3 3-grams, but there are 2",
    ),
    "a positive log probability": (
        "-0.25\tä b\t",
        "0.25\tä b\t",
        15,
        "the log probability '0.25' is above 0",
    ),
    "an infinite log probability": (
        "-0.25\tä b\t",
        "inf\tä b\t",
        15,
        "the log probability 'inf' is above 0",
    ),
    "NaN": ("-0.25\tä b\t", "nan\tä b\t", 15, "NaN is not a log probability"),
    "NaN as a backoff": ("ä b\t-0.25", "ä b\tnan", 15, "NaN"),
    "a score that is not a number": ("-0.25\tä b\t", "-0.2x\tä b\t", 15, "'-0.2x' is not a number"),
    "a backoff that is not a number": ("ä b\t-0.25", "ä b\t--", 15, "'--' is not a number"),
    "a decimal comma": ("-1.5\tä", "-1,5\tä", 10, "'-1,5' is not a number"),
    "a word too few": (
        "-0.25\tä b\t-0.25",
        "-0.25\tä",
        15,
        "not a 2-gram with its log probability: '-0.25",
    ),
    "a word too many": ("ä b\t-0.25", "ä b b\t-0.25", 15, "not a 2-gram with its log probability"),
    "a blank line": ("-0.25\tä b\t-0.25", "", 15, "the header says 3 2-grams, but there are 1"),
    "a line of only a number": (
        "-1.5\tä\t-0.25",
        "-1.5",
        10,
        "not a 1-gram with its log probability: '-1.5'",
    ),
    "an unknown word": ("ä b </s>", "ä c </s>", 20, "'c' is not among the 1-grams"),
    "a word twice": ("-1.25\tb", "-1.25\tä", 11, "the 1-gram 'ä' is here for the second time"),
    "a bigram twice": (
        "b </s>\t0",
        "ä b\t0",
        None,
        "the 2-gram 'ä' 'b' is here for the second time",
    ),
    "a trigram twice": (
        "ä b </s>",
        "<s> ä b",
        None,
        "the 3-gram '<s>' 'ä' 'b' is here for the second time",
    ),
    "no <s>": ("0\t<s>\t", "0\ts\t", 7, "the 1-grams lack <s>"),
    "no </s>": ("-0.5\t</s>\t", "-0.5\ts\t", 7, "the 1-grams lack </s>"),
    "a backoff at the top": (
        "<s> ä b\n",
        "<s> ä b\t-0.5\n",
        19,
        "a 3-gram, the longest, has a backoff weight",
    ),
    "no end": ("\\end\\\n", "", 22, r"does not end in \\end\\"),
    "an end that is cut off": ("\\end\\\n", "\\en", 22, r"does not end in \\end\\"),
    "cut off in a section": (
        ARPA[ARPA.index("-0.5\tb") :],
        "",
        16,
        "the header says 3 2-grams, but there are 2",
    ),
    "cut off in a line": (
        ARPA[ARPA.index("b </s>\t0") :],
        "",
        16,
        "not a 2-gram with its log probability: '-0.5",
    ),
    "cut off in a number": (
        ARPA[ARPA.index("25\tä b </s>") :],
        "",
        20,
        "not a 3-gram with its log probability",
    ),
    "cut off after a section": (
        ARPA[ARPA.index("\n\\3-grams:") :],
        "",
        17,
        "3-grams: should be here",
    ),
    "cut off in the header": (
        ARPA[ARPA.index("\n\\1-grams:") :],
        "",
        5,
        "1-grams: should be here",
    ),
    "cut off in a title": (
        ARPA[ARPA.index("grams:\n-0.125") :],
        "",
        18,
        "3-grams: should be here",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("suffix", [".arpa", ".arpa.gz", ""])
def test_a_damaged_arpa_file_is_refused_with_its_line(tmp_path, name, suffix):
    old, new, line, problem = DAMAGES[name]
    assert ARPA.count(old) == 1
    path = tmp_path / f"lm{suffix}"
    content = ARPA.replace(old, new).encode()
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
    with pytest.raises(DataError, match=problem) as error:
        ngram.load(path)
    message = str(error.value)
    assert message.startswith(f"{path}:{line}: " if line else str(path))
    assert "\n" not in message


def test_the_file_that_these_tests_damage_can_be_read(tmp_path):
    (tmp_path / "lm.arpa").write_text(ARPA, encoding="utf-8")
    assert ngram.load(tmp_path / "lm.arpa").order == 3
    (tmp_path / "lm.arpa").write_text(ARPA.removesuffix("\n"), encoding="utf-8")
    assert ngram.load(tmp_path / "lm.arpa").order == 3


@pytest.mark.parametrize(
    ("gram", "line"), [(b"\xc3\xa4\t-0.25\n-1.25", 10), (b"\xc3\xa4 b </s>", 20)]
)
def test_broken_utf8_is_refused_with_its_line(tmp_path, gram, line):
    content = ARPA.encode()
    assert content.count(gram) == 1
    (tmp_path / "lm.arpa").write_bytes(content.replace(gram, gram.replace(b"\xc3\xa4", b"\xc3", 1)))
    with pytest.raises(DataError, match=rf"lm\.arpa:{line}: .*(not UTF-8|not among the 1-grams)"):
        ngram.load(tmp_path / "lm.arpa")


def test_a_replacement_character_is_not_taken_for_the_broken_word_after_it(tmp_path):
    content = ARPA.replace("ä", "\ufffd").encode().replace(b"\tb\t-0.25", b"\t\xff\t-0.25")
    (tmp_path / "lm.arpa").write_bytes(content)
    with pytest.raises(DataError, match=r"lm\.arpa:11: a word that is not UTF-8"):
        ngram.load(tmp_path / "lm.arpa")


@pytest.mark.parametrize("kept", [0, 5, 12, 40, -9, -1])
def test_a_gzip_file_that_is_cut_off_is_refused(tmp_path, kept):
    path = tmp_path / "lm.arpa.gz"
    path.write_bytes(gzip.compress(ARPA.encode())[:kept])
    with pytest.raises(DataError, match=str(path)):
        ngram.load(path)


def test_a_gzip_file_with_a_flipped_byte_is_refused(tmp_path):
    path = tmp_path / "lm.arpa.gz"
    packed = bytearray(gzip.compress(ARPA.encode()))
    for place in (2, 40, len(packed) - 6):
        damaged = packed.copy()
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=str(path)):
            ngram.load(path)


def test_an_arpa_file_that_is_cut_off_anywhere_is_refused(tmp_path):
    path = tmp_path / "lm.arpa"
    content = ARPA.encode()
    for length in [*range(0, len(content) - 1, 3), len(content) - 2]:
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=rf"^{path}:\d+: "):
            ngram.load(path)


@pytest.fixture
def binary(tmp_path):
    path = tmp_path / "lm.bin"
    ngram.save(ngram.train(["a b c", "b a"], order=3), path)
    return path


def test_a_binary_that_is_cut_off_anywhere_is_refused(binary):
    content = binary.read_bytes()
    for length in [*range(12), *range(12, len(content), 13), len(content) - 1]:
        binary.write_bytes(content[:length])
        with pytest.raises(DataError, match=str(binary)):
            ngram.load(binary)


def rewritten(binary, change):
    """Change the header of the binary in place."""
    content = binary.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    new = json.dumps(header).encode()
    binary.write_bytes(len(new).to_bytes(8, "little") + new + content[8 + length :])


CHANGES = {
    "another format": (
        lambda header: header["__metadata__"].update(format="999"),
        "has format 999",
    ),
    "another type": (
        lambda header: header["__metadata__"].update(type="other"),
        "not an n-gram model",
    ),
    "no metadata": (lambda header: header.pop("__metadata__"), "lm.bin"),
    "no order": (lambda header: header["__metadata__"].pop("order"), "damaged"),
    "an order too high": (lambda header: header["__metadata__"].update(order="4"), "damaged"),
    "an order of words": (lambda header: header["__metadata__"].update(order="three"), "damaged"),
    "an order of 0": (lambda header: header["__metadata__"].update(order="0"), "damaged"),
    "an unknown kind": (lambda header: header["__metadata__"].update(kind="magic"), "damaged"),
    "no words": (lambda header: header.pop("words"), "damaged"),
    "no keys": (lambda header: header.pop("2.keys"), "damaged"),
    "keys of another type": (lambda header: header["2.keys"].update(dtype="BF16"), "damaged"),
    "scores for other n-grams": (
        lambda header: header.update({"2.scores": header["3.scores"]}),
        "damaged",
    ),
    "words for another model": (
        lambda header: header["words"].update(data_offsets=[0, 8]),
        "damaged",
    ),
    "offsets beyond the end": (
        lambda header: header["words"].update(data_offsets=[0, 1 << 40]),
        "damaged",
    ),
    "offsets that are not numbers": (
        lambda header: header["words"].update(data_offsets=["a", None]),
        "damaged",
    ),
    "no offsets": (lambda header: header["words"].pop("data_offsets"), "damaged"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_binary_whose_header_is_wrong_is_refused(binary, name):
    change, problem = CHANGES[name]
    rewritten(binary, change)
    with pytest.raises(DataError, match=problem) as error:
        ngram.load(binary)
    assert str(binary) in str(error.value)


def test_a_binary_with_a_rewritten_but_equal_header_is_read(binary):
    rewritten(binary, lambda header: None)
    assert ngram.load(binary).order == 3


@pytest.mark.parametrize(
    "content", [b"{}", b"[]", b"{" + b" " * 40, b"{\xff}", b'{"__metadata__": 3}']
)
def test_a_header_that_is_not_an_object_of_json_is_refused(tmp_path, content):
    path = tmp_path / "lm.bin"
    path.write_bytes(len(content).to_bytes(8, "little") + content)
    with pytest.raises(DataError, match=str(path)):
        ngram.load(path)


def test_a_tokenizer_in_a_binary_writes_no_file_outside_its_folder(binary, tmp_path):
    outside = tmp_path / "outside"
    rewritten(binary, lambda header: header.update({f"tokenizer/{outside}": header["words"]}))
    with pytest.raises(DataError, match=f"a file of its tokenizer is called '{outside}'"):
        ngram.load(binary)
    assert not outside.exists()


def test_other_files_are_refused(tmp_path):
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "plain.safetensors")
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "other.safetensors", {"format": "pt"})
    (tmp_path / "pickle").write_bytes(pickle.dumps({"a": [1, 2, 3]}))
    (tmp_path / "zeros").write_bytes(bytes(1000))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("some words\nof a text\n")
    (tmp_path / "folder").mkdir()
    for name in (
        "plain.safetensors",
        "other.safetensors",
        "pickle",
        "zeros",
        "empty",
        "text",
        "folder",
        "none",
    ):
        with pytest.raises(DataError, match=str(tmp_path / name)):
            ngram.load(tmp_path / name)
