"""Bits per character and byte: what is counted is what is predicted, for every model."""

import math

import numpy as np
import pytest
from language.tiny import untrained

from seqkit import ngram
from seqkit.language.data_config import LanguageData
from seqkit.language.prepared import PreparedText
from seqkit.ngram.text import blocks, words_of
from seqkit.text import Tokenizer
from seqkit.text.spelling import Spelling, count_words, spelling_of_lines, spelling_of_words
from seqkit.text.tokenizer import TextConfig
from seqkit.text.tokenizer_models import CharTokenizer, WhitespaceTokenizer, WordTokenizer

LINES = ["the cat sees the ball .", "", "the man, he has (no) ball!"]
PLAIN = "".join(f"{line}\n" for line in LINES)
STANDARD = ("nfc", "spaces", "control", "squeeze")
DISGUISES = {
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "a byte-order mark": "\ufeff" + PLAIN,
    "both": "\ufeff" + PLAIN.replace("\n", "\r\n"),
    "no end of the last line": PLAIN.removesuffix("\n"),
}
WHITE = {
    "doubled blanks": PLAIN.replace(" ", "  "),
    "indentation": PLAIN.replace("the", "\t  the"),
    "blanks at the ends": PLAIN.replace("\n", " \t \n"),
    "blanks on empty lines": PLAIN.replace("\n\n", "\n   \n"),
    "form feeds": PLAIN.replace("\n", "\f\n"),
    "everything": "\ufeff"
    + PLAIN.replace(" ", "   ").replace("\n", "\t\r\n").replace("the", "  the"),
}
NORMALIZED = {
    "zero-width spaces": PLAIN.replace("e", "e\u200b"),
    "soft hyphens": PLAIN.replace("a", "a\u00ad"),
    "no-break spaces": PLAIN.replace(" ", "\u00a0"),
}


def counted(tokenizer):
    return ngram.train(LINES, order=2, tokenizer=tokenizer)


def counted_by(tokenizer, tmp_path):
    config = TextConfig(tokenizer=tokenizer, vocab_size=300)
    trained = Tokenizer.train(LINES * 9, config)
    trained.save(tmp_path)
    return ngram.train(LINES, order=2, tokenizer=str(tmp_path))


def figures(model, path, text):
    path.write_bytes(text.encode())
    found = model.evaluate_blocks(blocks(path)).record()
    names = ("perplexity", "bits_per_char", "bits_per_byte")
    return {name: round(found[name], 9) for name in names}


@pytest.mark.parametrize("tokenizer", ["whitespace", "word", "char"])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_ends_of_lines_and_marks_change_no_figure_of_an_ngram_model(tmp_path, tokenizer, disguise):
    model = counted(tokenizer)
    plain = figures(model, tmp_path / "a", PLAIN)
    assert figures(model, tmp_path / "b", DISGUISES[disguise]) == plain


@pytest.mark.parametrize("tokenizer", ["whitespace", "word"])
@pytest.mark.parametrize("disguise", WHITE)
def test_white_space_that_is_no_token_changes_no_figure_of_an_ngram_model(
    tmp_path, tokenizer, disguise
):
    model = counted(tokenizer)
    plain = figures(model, tmp_path / "a", PLAIN)
    assert figures(model, tmp_path / "b", WHITE[disguise]) == plain


@pytest.mark.parametrize("tokenizer", ["whitespace", "word", "char", "sentencepiece"])
@pytest.mark.parametrize("disguise", [*DISGUISES, *WHITE, *NORMALIZED])
def test_what_the_normaliser_takes_away_changes_no_figure(tmp_path, tokenizer, disguise):
    text = {**DISGUISES, **WHITE, **NORMALIZED}[disguise]
    (tmp_path / "tokenizer").mkdir()
    model = counted_by(tokenizer, tmp_path / "tokenizer")
    plain = figures(model, tmp_path / "a", PLAIN)
    assert figures(model, tmp_path / "b", text) == plain


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("tokenizer", ["whitespace", "word", "char", "sentencepiece"])
def test_no_figure_of_a_network_changes_either(tmp_path, tokenizer, joined):
    size = 300 if tokenizer == "sentencepiece" else 8000
    model = untrained(
        "lstm", tokenizer=tokenizer, normalize=STANDARD, vocab_size=size, joined=joined
    )
    plain = figures(model, tmp_path / "a", PLAIN)
    for text in (*DISGUISES.values(), *WHITE.values(), *NORMALIZED.values()):
        assert figures(model, tmp_path / "b", text) == plain


@pytest.mark.parametrize("tokenizer", ["whitespace", "word", "char"])
def test_a_network_without_a_normaliser_counts_what_it_predicts(tmp_path, tokenizer):
    model = untrained("lstm", tokenizer=tokenizer)
    plain = figures(model, tmp_path / "a", PLAIN)
    for text in (*DISGUISES.values(), *([] if tokenizer == "char" else WHITE.values())):
        assert figures(model, tmp_path / "b", text) == plain


def test_characters_that_are_predicted_count(tmp_path):
    model = counted("char")
    one, two = model.evaluate(["a b"]), model.evaluate(["a  b"])
    assert (one.characters, two.characters) == (one.tokens, two.tokens) == (4, 5)


@pytest.mark.parametrize(
    "model", [counted("whitespace"), counted("word"), counted("char")], ids=repr
)
def test_plain_text_counts_as_it_stands(model):
    found = model.evaluate(["ä bc", "", "日本 x"])
    assert (found.characters, found.bytes) == (11, 16)
    found = model.evaluate([])
    assert (found.characters, found.bytes) == (0, 0)


def test_a_joined_text_has_one_end():
    model = untrained("lstm", normalize=STANDARD, joined=True)
    found = model.evaluate(["the cat", "", " the dog"])
    assert (found.sentences, found.words, found.characters) == (1, 5, len("the cat the dog") + 1)


def test_lines_in_python_may_keep_half_of_their_ends():
    for tokenizer in ("whitespace", "word", "char"):
        model = counted(tokenizer)
        plain = model.evaluate(LINES)
        assert model.evaluate([line + "\r\n" for line in LINES]) == plain
        assert model.evaluate([line + "\r" for line in LINES]) == plain
        assert model.score(LINES[0] + "\r\n") == model.score(LINES[0])


def test_a_model_of_characters_learns_no_carriage_returns(tmp_path):
    (tmp_path / "text").write_bytes(PLAIN.replace("\n", "\r\n").encode())
    model = ngram.train([line + "\r" for line in LINES], order=2, tokenizer="char")
    assert set(model.words) == set(counted("char").words)
    data = LanguageData(train=[str(tmp_path / "text")], valid=[str(tmp_path / "text")])
    assert [*PreparedText(data).train] == LINES


@pytest.mark.parametrize("text", ["", "a  b", "  a,b!\t\tc ", "x\u3000y\x1cz", "日本語 です", "￭"])
@pytest.mark.parametrize(
    "model", [WordTokenizer(), CharTokenizer(), WhitespaceTokenizer()], ids=repr
)
def test_the_spelling_is_what_join_makes_of_the_tokens(model, text):
    joined = model.join(model.split(text))
    spelt = Spelling(len(joined) + 1, len(joined.encode()) + 1)
    assert spelling_of_lines([text], model) == spelt


class Stems:
    """A plugin's tokenizer, which knows no `spell`: it keeps four letters of each word."""

    has_own_vocab = False
    unit = "word"

    def split(self, text):
        return [word[:4] for word in text.split()]

    def join(self, tokens):
        return " ".join(tokens)


def test_a_tokenizer_of_a_plugin_counts_what_its_tokens_spell():
    assert spelling_of_lines(["  walking  home"], Stems()) == (10, 10)


def test_bits_are_those_of_the_definition(tmp_path):
    model = counted("word")
    (tmp_path / "text").write_bytes(WHITE["everything"].encode())
    found = model.evaluate_blocks(blocks(tmp_path / "text"))
    bits = -sum(map(model.score, LINES)) / math.log10(2)
    assert found.bits_per_char == pytest.approx(bits / len(PLAIN))


@pytest.mark.parametrize("between", [bytes([code]) for code in range(128)])
def test_a_block_spells_what_its_words_joined_spell(between):
    block = "é\n\n  日本 \U0001f642".encode() + between + b"z \n"
    ends = np.array([word == b"\0" for word in words_of(block)])

    joined = [" ".join(word.decode() for word in words_of(line)) for line in block.split(b"\n")]
    text = "\n".join(joined)
    assert spelling_of_words(block, ends) == (len(text), len(text.encode()))


def test_words_are_counted_as_they_are_split():
    for byte in range(256):
        between = bytes([byte])
        assert count_words(between) == len(between.split())
        block = between + b"one" + between + between + b"two\n\n"
        assert count_words(block) == len(block.split())
    assert count_words(b"") == 0
