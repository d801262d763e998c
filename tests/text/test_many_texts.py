"""Python takes a string for a list of its characters; no function that wants many texts does."""

import random
from pathlib import Path

import pytest

import seqkit
from seqkit import ngram
from seqkit.data import read_parallel
from seqkit.data.parallel import read_references
from seqkit.errors import DataError, SeqkitError, WrongType
from seqkit.metrics.overlap import consensus
from seqkit.text import (
    CharTokenizer,
    Normalizer,
    SentencePieceTokenizer,
    TextConfig,
    Tokenizer,
    Vocab,
    WhitespaceTokenizer,
    WordTokenizer,
    ngrams,
)
from seqkit.text.lines import check_many, each_text

LINES = ["a b c", "a b d"]
WORDS = TextConfig(tokenizer="word")
TOKENIZER = Tokenizer.train(LINES, WORDS)
COUNTED = ngram.train(LINES, order=1, smoothing="add-k")

TAKE_MANY = {
    "Vocab": Vocab,
    "Vocab.specials": lambda tokens: Vocab([], specials=tokens),
    "Vocab.build": Vocab.build,
    "Vocab.build, one sentence": lambda tokens: Vocab.build([tokens]),
    "Vocab.encode": TOKENIZER.vocab.encode,
    "Normalizer": Normalizer,
    "Tokenizer.train": lambda lines: Tokenizer.train(lines, WORDS),
    "Tokenizer.train, subwords": lambda lines: Tokenizer.train(lines, TextConfig(vocab_size=300)),
    "Tokenizer.encode_all": TOKENIZER.encode_all,
    "Tokenizer.join": TOKENIZER.join,
    "CharTokenizer.join": CharTokenizer().join,
    "WhitespaceTokenizer.join": WhitespaceTokenizer().join,
    "WordTokenizer.join": WordTokenizer().join,
    "SentencePieceTokenizer.train": lambda lines: SentencePieceTokenizer.train(
        lines, vocab_size=300
    ),
    "ngrams": lambda tokens: ngrams(tokens, 2),
    "ngram.train": ngram.train,
    "ngram.train, vocabulary": lambda words: ngram.train(LINES, vocabulary=words),
    "ngram.count": ngram.count,
    "ngram.Model.evaluate": COUNTED.evaluate,
    "ngram.Model.predict": lambda lines: list(COUNTED.predict(lines)),
    "ngram.Model.read_test_data": COUNTED.read_test_data,
    "consensus": consensus,
    "read_parallel": read_parallel,
    "read_references": read_references,
}
NO_LISTS = {
    "a string": "a b c",
    "an empty string": "",
    "bytes": b"a b",
    "None": None,
    "a number": 3,
}


MISTAKES = [(name, wrong) for name in TAKE_MANY for wrong in NO_LISTS]
MISTAKES.remove(("ngram.train, vocabulary", "None"))  # any word will do


@pytest.mark.parametrize(("name", "wrong"), MISTAKES)
def test_what_is_no_list_is_refused_with_what_to_pass(name, wrong):
    with pytest.raises(WrongType, match="give a list of ") as caught:
        TAKE_MANY[name](NO_LISTS[wrong])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["read_parallel", "read_references", "ngram.Model.read_test_data"])
def test_one_path_is_no_list_of_paths(name):
    with pytest.raises(WrongType, match="give a list of paths, not "):
        TAKE_MANY[name](Path("text.tsv"))


@pytest.mark.parametrize(
    "name",
    [
        "Vocab",
        "Vocab.build, one sentence",
        "Tokenizer.train",
        "Tokenizer.train, subwords",
        "Tokenizer.encode_all",
        "Normalizer",
        "ngram.train",
        "ngram.train, vocabulary",
        "ngram.count",
        "ngram.Model.evaluate",
        "ngram.Model.predict",
        "consensus",
    ],
)
@pytest.mark.parametrize("wrong", [None, 3, ("a", "b")], ids=["None", "number", "tuple"])
def test_what_is_no_string_among_the_texts_is_named_by_its_number(name, wrong):
    with pytest.raises(WrongType, match=r"number 2 of the .* is .*, not a string"):
        TAKE_MANY[name](["nfc", wrong])


@pytest.mark.parametrize("text", [None, 3, ["a"]], ids=["None", "number", "list"])
def test_one_text_is_a_string(text):
    one = (TOKENIZER.encode, TOKENIZER.split, Normalizer(), COUNTED.score)
    for function in one:
        with pytest.raises(WrongType, match=r"as a string, not|is .*, not a string"):
            function(text)


def test_a_wrong_type_is_a_type_error_and_one_of_ours():
    with pytest.raises(TypeError, match="not one string"):
        check_many("abc")
    assert issubclass(WrongType, DataError)
    assert issubclass(seqkit.errors.WrongValue, ValueError | SeqkitError)


def test_an_error_shows_the_beginning_of_a_long_string():
    with pytest.raises(WrongType) as caught:
        check_many("x" * 100_000)
    assert len(str(caught.value)) < 100


def test_texts_are_read_one_by_one():
    endless = iter(lambda: str(random.random()), None)
    texts = each_text(endless)
    assert [next(texts), next(texts)]


def test_numbers_are_texts_of_no_kind_however_long():
    with pytest.raises(WrongType, match="number 1 of the texts is"):
        list(each_text([10**5000]))
