"""seqkit's binary of an n-gram model notices every damage, with its checksum or without."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from seqkit import ngram
from seqkit.errors import DataError
from seqkit.ngram.text import PreTokenizer
from seqkit.text import TextConfig, Tokenizer

LINES = ["a b c", "b a", "c a b a"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "lm.bin"
    ngram.save(ngram.train(LINES, order=3), path)
    return path


def header_of(path):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), 8 + length


def change(path, name="", array=None, **metadata):
    """Write the file anew, as a program that knows no checksum would."""
    header, _ = header_of(path)
    about = header["__metadata__"] | metadata
    about.pop("crc32", None)
    arrays = load_file(path)
    if name:
        arrays[name] = array
    save_file(arrays, path, about)


def scores(path):
    """The scores of a file; the error of one that is refused."""
    try:
        model = ngram.load(path)
    except DataError as error:
        return str(error)
    return [model.score(line) for line in LINES]


def test_a_flipped_bit_is_noticed_or_harmless_wherever_it_is(path):
    content, before = path.read_bytes(), scores(path)
    _, start = header_of(path)
    for place in [*range(9, start), *range(start, len(content), 7), len(content) - 1]:
        for bit in (1, 32):
            damaged = bytearray(content)
            damaged[place] ^= bit
            path.write_bytes(damaged)
            found = scores(path)
            assert found == before or str(path) in found
            assert found != before or place < start  # such as white space in the header


def test_content_that_does_not_match_is_called_so(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"lm\.bin is damaged: its content does not match its chec"):
        ngram.load(path)


def test_metadata_are_part_of_the_checksum(path):
    header, start = header_of(path)
    header["__metadata__"]["about.unk"] = "keep"
    new = json.dumps(header).encode()
    path.write_bytes(len(new).to_bytes(8, "little") + new + path.read_bytes()[start:])
    with pytest.raises(DataError, match="does not match its checksum"):
        ngram.load(path)


def test_a_file_without_a_checksum_still_opens(path):
    before = [ngram.load(path).score(line) for line in LINES]
    change(path)
    assert "crc32" not in header_of(path)[0]["__metadata__"]
    assert [ngram.load(path).score(line) for line in LINES] == before


def keys(path):
    return load_file(path)["2.keys"]


def swapped(path):
    found = keys(path).copy()
    found[[0, 1]] = found[[1, 0]]
    return found


def with_first(name, value):
    def changed(path):
        found = load_file(path)[name].copy()
        found[0] = value
        return found

    return changed


DAMAGES = {
    "keys out of order": ("2.keys", swapped, "the keys of its 2-grams are out of order"),
    "keys from high to low": ("3.keys", lambda p: load_file(p)["3.keys"][::-1].copy(), "3-grams"),
    "a key twice": ("2.keys", lambda p: np.repeat(keys(p), 2)[: len(keys(p))], "out of order"),
    "a negative key": ("2.keys", with_first("2.keys", -1), "2-grams is out of range"),
    "a key too large": ("2.keys", lambda p: keys(p) + (1 << 40), "2-grams is out of range"),
    "NaN as a score": ("2.scores", with_first("2.scores", np.nan), "a score of a 2-gram is NaN"),
    "NaN as a backoff": ("1.backoffs", with_first("1.backoffs", np.nan), "a 1-gram is NaN"),
    "an infinite score": ("3.scores", with_first("3.scores", np.inf), "a 3-gram is infinity"),
    "an infinite backoff": ("2.backoffs", with_first("2.backoffs", np.inf), "2-gram is infinity"),
    "a word twice": (
        "words",
        lambda p: np.frombuffer(b"<unk>\n<s>\n</s>\na\na\nc", np.uint8),
        "a word is there twice",
    ),
    "no special words": (
        "words",
        lambda p: np.frombuffer(b"x\ny\nz\na\nb\nc", np.uint8),
        "do not begin with <unk> <s> </s>",
    ),
    "too many words": (
        "words",
        lambda p: np.frombuffer(b"<unk>\n<s>\n</s>\na\nb\nc\nd", np.uint8),
        "different lengths",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_tables_that_cannot_be_are_refused_without_a_checksum_too(path, name):
    array, make, problem = DAMAGES[name]
    change(path, array, make(path))
    with pytest.raises(DataError, match=problem) as error:
        ngram.load(path)
    assert str(error.value).startswith(f"{path} is damaged: ")


@pytest.mark.parametrize("order", ["9" * 5000, "1000000000", "-1", "1e3"])
def test_an_order_that_cannot_be_is_refused_at_once(path, order):
    change(path, order=order)
    with pytest.raises(DataError, match=f"{path} is damaged") as error:
        ngram.load(path)
    assert "\n" not in str(error.value)


def test_deep_json_in_a_header_is_refused(path):
    deep = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    path.write_bytes(len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(DataError, match=f"{path} is damaged"):
        ngram.load(path)


def test_blanks_and_a_trained_tokenizer_pass_the_checks(tmp_path):
    tokenizer = Tokenizer.train(["ab ab ba", "ba ab"], TextConfig(tokenizer="word"))
    model = ngram.train(["ab ab ba", "ba ab"], order=3, prune=(0, 1))
    model = ngram.Model(
        model.vocabulary.words,
        model.grams,
        metadata=model.metadata,
        pre_tokenizer=PreTokenizer.trained(tokenizer),
    )
    ngram.save(model, tmp_path / "lm")
    assert ngram.load(tmp_path / "lm").score("ab ba") == model.score("ab ba")

    arpa = tmp_path / "holes.arpa"
    arpa.write_text(
        "\\data\\\nngram 1=3\nngram 2=0\nngram 3=1\n\n\\1-grams:\n-1 <s> 0\n-1 </s>\n-1 a -0.5\n\n"
        "\\2-grams:\n\n\\3-grams:\n-0.25 <s> a a\n\n\\end\\\n"
    )
    holes = ngram.load(arpa)
    ngram.save(holes, tmp_path / "holes.lm")
    assert ngram.load(tmp_path / "holes.lm").score("a a") == holes.score("a a")


def test_the_digest_of_a_file_is_that_of_its_numbers_and_not_believed_without_a_checksum(path):
    header, _ = header_of(path)
    model = ngram.load(path)
    written = header["__metadata__"]["digest"]
    del model.digest  # and it is computed
    assert model.digest == written == ngram.train(LINES, order=3).digest

    change(path, digest="000000000000")
    assert ngram.load(path).digest == written
