"""Constraints in text as token ids: any tokenizer, and the rules of plugins."""

import pytest
import torch
from translators import rules, tiny

from seqkit.errors import ConfigError, UnknownName
from seqkit.search.rules import NO_RULES
from seqkit.text import TextConfig, Tokenizer
from seqkit.text.vocab import EOS


class NoDigits:
    """A rule as plugins write them."""

    least = 0

    def __init__(self, barred):
        self.barred = barred  # (V,) True for tokens with a digit

    def forbidden(self, history, vocab):
        return self.barred


def no_digits(tokenizer, value):
    if not isinstance(value, bool):
        raise ConfigError(f"no-digits is true or false, not {value!r}")
    digits = [any(c.isdigit() for c in token) for token in tokenizer.vocab.tokens]
    return NoDigits(torch.tensor(digits) & value)


class Hexadecimal:
    """A tokenizer as plugins write them: UTF-8 bytes in hexadecimal, two digits a token."""

    has_own_vocab = False
    unit = "character"

    def split(self, text):
        return [f"{byte:02x}" for byte in text.encode()]

    def join(self, tokens):
        return bytes.fromhex("".join(tokens)).decode(errors="replace")

    def save(self, folder):
        """Nothing to save."""

    @classmethod
    def load(cls, folder):
        return cls()


@pytest.fixture
def bytes_tokenizer():
    return Tokenizer.train(
        ["das Haus ist rot."],
        TextConfig(tokenizer="hex", normalize=["squeeze"]),
        tokenizers=lambda name: Hexadecimal,
    )


def test_a_prefix_in_a_plugin_s_tokens_ends_in_its_token_of_a_space(bytes_tokenizer):
    vocab = bytes_tokenizer.vocab
    *letters, space = rules(tiny(bytes_tokenizer), prefix="das ").prefix
    assert letters == [{vocab["64"]}, {vocab["61"]}, {vocab["73"]}]
    assert space == {EOS, vocab["20"]}


def test_a_closing_mark_in_a_plugin_s_tokens_is_what_follows_a_word(bytes_tokenizer):
    vocab = bytes_tokenizer.vocab
    assert rules(tiny(bytes_tokenizer), must=["."]).phrases == ((vocab["2e"],),)


def test_a_rule_of_a_plugin_is_made_with_the_target_tokenizer(words, registered):
    registered("rules", "no-digits", f"{__name__}:no_digits")
    numbers = Tokenizer.train(["a b c 1 22"], TextConfig(tokenizer="word"))
    (rule,) = rules(tiny(numbers), rules={"no-digits": True}).further
    barred = {numbers.vocab.tokens[i] for i in rule.barred.nonzero()[:, 0].tolist()}
    assert barred == {"1", "22"}


def test_translations_obey_the_rule_of_a_plugin(registered):
    registered("rules", "no-digits", f"{__name__}:no_digits")
    numbers = Tokenizer.train(["a b c 1 22 3 4 5 6"], TextConfig(tokenizer="word"))
    translator = tiny(numbers, seed=3)
    free = translator.translate(["a b c"], max_length=6, min_length=4)[0]
    ruled = translator.translate(["a b c"], max_length=6, min_length=4, rules={"no-digits": True})
    assert any(c.isdigit() for c in free)
    assert not any(c.isdigit() for c in ruled[0])
    as_a_key = {"rules.no-digits": True}  # as `--search rules.no-digits=true` gives it
    assert translator.translate(["a b c"], max_length=6, min_length=4, **as_a_key) == ruled
    off = translator.translate(["a b c"], max_length=6, min_length=4, rules={"no-digits": False})
    assert off == [free]


def test_a_rule_that_nobody_registered_is_named_with_a_suggestion(words, registered):
    registered("rules", "no-digits", f"{__name__}:no_digits")
    with pytest.raises(UnknownName, match=r"no rule 'no-digit'. Did you mean 'no-digits'\?"):
        rules(tiny(words), rules={"no-digit": True})


def test_a_rule_says_which_values_it_takes(words, registered):
    registered("rules", "no-digits", f"{__name__}:no_digits")
    with pytest.raises(ConfigError, match="no-digits is true or false, not 3"):
        tiny(words).translate(["das"], rules={"no-digits": 3})


def test_without_settings_there_are_no_rules(backwards):
    assert rules(backwards, unknown="keep") == NO_RULES
