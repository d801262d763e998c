"""Tokenizers that need no training, and the contract of all."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from subwords import LINES, QUICK, config

from seqkit.errors import ConfigError, UnknownName
from seqkit.text import (
    UNK,
    CharTokenizer,
    Tokenizer,
    WhitespaceTokenizer,
    WordTokenizer,
    built_in,
)

SCRIPTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"])),
    st.text("aé_9'’-.,!?«中文かカ한글नि\u0301\u200d\u200c■👩’", max_size=8),
)


@settings(QUICK, max_examples=300)
@given(
    st.lists(
        SCRIPTS.map(lambda text: "".join(text.replace("\uffed", "").split())).filter(bool)
    ).map(" ".join)
)
@example("don't l’eau 'quoted' it's. \"Yes,\" he said -- no. 3.50 €")
@example("中文 and 한국어, かな。mixed中文text!?")
@example("\u0301a !\u0301b _x_ ...")
def test_joined_words_are_the_text_if_its_white_space_is_single_spaces(text):
    tokenizer = WordTokenizer()
    tokens = tokenizer.split(text)
    assert tokenizer.join(tokens) == text
    assert not any(re.search(r"\s", token) or not token for token in tokens)


def test_words_and_punctuation_are_separated_in_any_script():
    def bare(text):
        return [token.strip("\uffed") for token in WordTokenizer().split(text)]

    assert bare("Hello, world!") == ["Hello", ",", "world", "!"]
    assert bare("don't l’eau 'so'") == ["don't", "l’eau", "'", "so", "'"]
    assert bare("«Привет», мир…") == ["«", "Привет", "»", ",", "мир", "…"]
    assert bare("我爱你。") == ["我", "爱", "你", "。"]
    assert bare("한국어 नमस्ते") == ["한국어", "नमस्ते"]
    assert bare("می\u200cخواهم क\u094d\u200dष") == ["می\u200cخواهم", "क\u094d\u200dष"]
    assert bare("e\u0301te\u0301") == ["e\u0301te\u0301"]


def test_a_literal_joiner_becomes_a_square():
    tokenizer = WordTokenizer()
    assert tokenizer.join(tokenizer.split("a\uffedb \uffed")) == "a■b ■"


@QUICK
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_white_space_tokens_lose_only_the_amount_of_white_space(text):
    tokenizer = WhitespaceTokenizer()
    tokens = [token.decode() for token in text.encode().split()]
    assert tokenizer.split(tokenizer.join(tokenizer.split(text))) == tokenizer.split(text) == tokens


def test_characters_are_code_points():
    assert CharTokenizer().split("e\u0301 \n") == ["e", "\u0301", " ", "\n"]


def test_untrained_tokenizers_have_a_repr_that_makes_them():
    assert repr(WordTokenizer()) == "WordTokenizer()"
    assert repr(CharTokenizer()) == "CharTokenizer()"


# A plugin's tokenizer


class Graphemes:
    """Characters with their combining marks: a tokenizer that a plugin might bring."""

    has_own_vocab = False
    unit = "character"

    def split(self, text):
        return re.findall(r"[^\u0300-\u036f][\u0300-\u036f]*|[\u0300-\u036f]+", text)

    def join(self, tokens):
        return "".join(tokens)

    def save(self, folder):
        (folder / "graphemes").write_text("")

    @classmethod
    def load(cls, folder):
        assert (folder / "graphemes").exists()
        return cls()


def with_plugin(name):
    return Graphemes if name == "graphemes" else built_in(name)


def test_a_plugin_s_tokenizer_is_found_by_the_lookup_when_trained_and_when_loaded(tmp_path):
    tokenizer = Tokenizer.train(LINES, config(tokenizer="graphemes"), tokenizers=with_plugin)
    tokenizer.save(tmp_path)
    loaded = Tokenizer.load(tmp_path, tokenizers=with_plugin)
    assert isinstance(loaded.model, Graphemes)
    assert loaded.encode_all(LINES) == tokenizer.encode_all(LINES)

    with pytest.raises(UnknownName, match="no tokenizer 'graphemes'"):
        Tokenizer.load(tmp_path)


def test_unknown_tokens_of_any_character_tokenizer_are_spelt_as_bytes():
    tokenizer = Tokenizer.train(LINES, config(tokenizer="graphemes"), tokenizers=with_plugin)
    text = "a e\u0301 漢"
    assert "e\u0301" in tokenizer.split(text)
    assert tokenizer.byte_fallback
    assert UNK not in tokenizer.encode(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("attribute", ["unit", "split", "join", "save", "load"])
def test_the_error_for_a_tokenizer_that_lacks_something_names_it(attribute):
    members = {name: value for name, value in vars(Graphemes).items() if name != attribute}
    broken = type("Broken", (), members)
    message = f"tokenizer 'mine' does not follow seqkit.text.TokenizerModel: it lacks {attribute}$"
    with pytest.raises(ConfigError, match=message):
        Tokenizer.train(LINES, config(tokenizer="mine"), tokenizers=lambda name: broken)


def test_the_error_for_an_incomplete_trained_tokenizer_names_everything_it_lacks():
    broken = type("Broken", (Graphemes,), {"has_own_vocab": True})
    message = "TrainedTokenizerModel: it lacks train, encode_ids, sample$"
    with pytest.raises(ConfigError, match=message):
        Tokenizer.train(LINES, config(tokenizer="mine"), tokenizers=lambda name: broken)
