"""`Translator`: settings in text, and what is found under them."""

import itertools

import pytest
import torch
from translators import SENTENCES, Backwards, rules, tiny

from seqkit.errors import ConfigError
from seqkit.search.rules import NO_RULES, Rules, Stem
from seqkit.text import TextConfig, Tokenizer
from seqkit.text.vocab import UNK
from seqkit.translation.translator import Translator


def ids(tokenizer, *tokens):
    assert set(tokens) <= set(tokenizer.vocab.tokens)
    return frozenset(tokenizer.vocab[token] for token in tokens)


# The target language


def test_the_only_language_of_a_model_may_be_named_and_is_no_setting(words):
    into_german = Translator(Backwards(len(words.vocab)), words, words, target_language="de")
    assert into_german.translate(["das Haus"], to="de") == into_german.translate(["das Haus"])
    assert into_german.changed({"to": "de"}) == {}
    pair = ["das Haus"], ["Haus das"]
    assert into_german.score(*pair, to="de") == into_german.score(*pair)
    assert into_german.force("das Haus", "Haus", to="de").text == "Haus"


def test_another_language_is_refused_whoever_asks(words):
    into_german = Translator(Backwards(len(words.vocab)), words, words, target_language="de")
    unknown = Translator(Backwards(len(words.vocab)), words, words)
    with pytest.raises(ConfigError, match="'fr': this model translates into one language only"):
        into_german.translate(["das Haus"], to="fr")
    with pytest.raises(ConfigError, match="'fr'"):
        into_german.score(["das Haus"], ["Haus"], to="fr")
    with pytest.raises(ConfigError, match="'de'"):
        unknown.translate(["das Haus"], to="de")


# Settings in text


def begins(translator, prefix, *said):
    """What may follow the tokens `said`, in words; None if anything may."""
    vocab = translator.target.vocab
    allowed = rules(translator, prefix=prefix).beginning([vocab[token] for token in said])
    return None if allowed is None else {vocab.tokens[i] for i in allowed}


def test_a_prefix_is_its_tokens_and_the_last_one_may_go_on(backwards):
    assert begins(backwards, "das Haus") == {"das"}
    assert begins(backwards, "das Haus", "das") == {"Haus", "Hause", "Hausboot"}
    assert begins(backwards, "das Haus", "das", "Hause") is None
    assert begins(backwards, "rot") == {"rot", "rote"}


def test_a_prefix_that_ends_in_a_space_ends_in_a_whole_word(backwards):
    assert begins(backwards, "das Haus ") == {"das"}
    assert begins(backwards, "das Haus ", "das") == {"Haus"}
    assert begins(backwards, "das Haus ", "das", "Haus") is None


def test_a_half_typed_word_need_not_be_a_word(backwards):
    assert begins(backwards, "das Hau", "das") == {"Haus", "Hause", "Hausboot"}


def test_a_half_typed_word_in_subwords_may_be_spelt_in_any_way(english):
    pieces = english.target.vocab.tokens
    assert begins(english, "Mein Fr") == {"▁Mein"}
    longer = {piece for piece in pieces if piece.startswith("▁Fr")}
    assert len(longer) > 2
    assert begins(english, "Mein Fr", "▁Mein") == longer | {"▁F", "▁"} & set(pieces)
    assert begins(english, "Mein Fr", "▁Mein", "▁F") == {
        piece for piece in pieces if piece.startswith("r")
    }
    assert begins(english, "Mein Fr", "▁Mein", "▁Fr") is None
    assert begins(english, "Mein Fr ", "▁Mein") == {"▁Fr"}


def test_a_dead_end_in_spelling_does_not_lift_a_prefix():
    """After "ab", no token goes on with "abc": the row must die, not go free."""
    rule = Rules(stem=Stem("abc", ["", "", "", "", "ab", "a", "bc"], whole=False))
    assert rule.beginning([4]) == frozenset()
    barred = rule.forbidden(torch.tensor([[4]]), 7)
    assert barred is not None
    assert barred.all()


def test_an_empty_prefix_adds_no_rule(backwards):
    assert rules(backwards, unknown="keep") == NO_RULES
    assert begins(backwards, "") is None


def test_phrases_become_their_tokens(backwards, words, english):
    found = rules(backwards, must=["das Haus", "Hund"]).phrases
    assert found == ((words.vocab["das"], words.vocab["Haus"]), (words.vocab["Hund"],))
    assert rules(english, must=["kleinen Garten"]).phrases == (
        tuple(english.target.encode("kleinen Garten")),
    )


def test_suppressed_tokens_are_given_as_tokens_or_as_text(english, words, backwards):
    found = rules(english, suppress=["▁Haus", "?"], unknown="keep").suppress
    assert found == ids(english.target, "▁Haus", "?")
    assert "Haus" not in english.target.vocab
    assert rules(english, suppress=["Haus"], unknown="keep").suppress == ids(
        english.target, "▁Haus"
    )
    assert rules(english, suppress=["er"], unknown="keep").suppress == ids(
        english.target, "▁er", "er"
    )
    assert rules(backwards, suppress=["Hund"]).suppress == ids(words, "Hund")
    assert rules(backwards, suppress=["<unk>"]).suppress == {UNK}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"must": ["Hund", "das Schloss"]},
            "must: 'das Schloss' has words that the model does not know",
        ),
        ({"must": [""]}, "must: '' is empty"),
        ({"must": ["  "]}, "must: '  ' is empty"),
        (
            {"prefix": "Schloss das "},
            "prefix: 'Schloss das ' has words that the model does not know",
        ),
        ({"prefix": " "}, "prefix: ' ' is empty"),
        ({"suppress": ["das Haus"]}, "suppress: 'das Haus' is not a single token of the model"),
        ({"suppress": ["Schloss"]}, "suppress: 'Schloss' is not a single token of the model"),
        ({"suppress": [""]}, "suppress: '' is empty"),
        (
            {"suppress": ["<eos>"]},
            "suppress: without <eos> no output ends; min_length makes outputs longer",
        ),
    ],
    ids=str,
)
def test_constraints_outside_a_word_vocabulary_are_refused(backwards, settings, says):
    with pytest.raises(ConfigError) as error:
        backwards.translate(["das Haus"], **settings)
    assert str(error.value) == says


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"must": [""]}, "must: '' is empty"),
        ({"must": [" "]}, "must: ' ' is empty"),
        ({"prefix": " "}, "prefix: ' ' is empty"),
        ({"suppress": [""]}, "suppress: '' is empty"),
        (
            {"suppress": ["kleinen Garten"]},
            "suppress: 'kleinen Garten' is not a single token of the model",
        ),
    ],
    ids=str,
)
def test_impossible_constraints_on_subwords_are_refused(english, settings, says):
    with pytest.raises(ConfigError) as error:
        english.translate(["No."], **settings)
    assert str(error.value) == says


# What is found under them


@pytest.mark.parametrize("prefix", ["Mein Bu", "Da ", "Das Haus"])
def test_translations_begin_with_the_prefix(english, prefix):
    assert not any(text.startswith(prefix) for text in english.translate(SENTENCES))
    found = english.translate(SENTENCES, prefix=prefix)
    assert [text[: len(prefix)] for text in found] == [prefix] * len(SENTENCES)
    assert len(set(found)) > 1


def test_a_prefix_that_ends_in_a_space_is_followed_by_a_new_word(english):
    (found,) = english.translate(["I live in a small house."], prefix="Mein Bu ")
    assert found.startswith("Mein Bu ")


def test_the_space_at_the_end_of_a_prefix_is_a_token_of_a_character_model(chars):
    assert tiny(chars).translate(["das"], prefix="das ", max_length=9)[0].startswith("das ")


def test_a_prefix_may_end_in_characters_spelt_as_bytes(english):
    assert "<0x5B>" in english.target.split("Ich sehe [es")
    for prefix in ("Ich sehe [es", "Ich sehe 你"):
        assert english.translate(["I see."], prefix=prefix)[0].startswith(prefix)


@pytest.mark.parametrize("left", [26, 9, 2])
def test_a_half_typed_word_is_completed_as_the_model_would_write_it(english, left):
    """Half of a word may fall into other pieces than the whole word: "Ich wo", "klei", "Hau"."""
    (whole,) = english.translate(["I live in a small house."])
    assert english.translate(["I live in a small house."], prefix=whole[:-left]) == [whole]


def test_a_prefix_applies_to_the_whole_line_once(english):
    (found,) = english.translate(["Where is my book? I live here."], prefix="Also")
    assert found.startswith("Also")
    assert found.count("Also") == 1


def test_translations_contain_every_phrase(english):
    phrases = ["kleinen Garten", "gestern"]
    assert not any(phrases[0] in text for text in english.translate(SENTENCES))
    for text in english.translate(SENTENCES[:2], must=phrases):
        assert all(phrase in text for phrase in phrases)


def test_required_closing_punctuation_has_no_space_before_it(english):
    assert rules(english, must=["."]).phrases == ((english.target.vocab["."],),)
    assert english.translate(["Help!"], must=["!"]) == ["Hilfe!"]
    words = Tokenizer.train(["das Haus."], TextConfig(tokenizer="word"))
    assert rules(tiny(words), must=["."]).phrases == ((words.vocab["￭."],),)


def test_max_length_does_not_count_the_end_of_the_sentence(english):
    for longest in (1, 2, 3):
        found = english.translate_nbest(["Thank you very much."], max_length=longest)[0][0]
        assert len(found.tokens) == longest


def test_drawn_translations_are_each_returned_once(english):
    found = english.translate_nbest(["I have lost my keys."], mbr=12, nbest=12)[0]
    assert 1 < len(found) == len({t.text for t in found}) < 12
    assert [t.score for t in found] == sorted((t.score for t in found), reverse=True)


def test_translations_avoid_suppressed_tokens(english):
    (plain,), (found,) = (
        english.translate_nbest(SENTENCES[1:2], suppress=s) for s in ([], ["▁Haus", "▁Hause"])
    )
    assert "▁Haus" in plain[0].tokens
    assert not {"▁Haus", "▁Hause"} & set(found[0].tokens)


def test_no_ngram_occurs_twice(backwards):
    line = "das Haus ist das Haus das Haus"
    plain, ruled = (
        backwards.translate_nbest([line], no_repeat_ngram=n)[0][0].tokens for n in (0, 2)
    )
    runs = [list(itertools.pairwise(tokens)) for tokens in (plain, ruled)]
    assert plain == line.split()[::-1]
    assert len(set(runs[1])) == len(runs[1]) > 2


def test_translations_have_at_least_the_minimum_length(english):
    assert max(len(found[0].tokens) for found in english.translate_nbest(SENTENCES)) < 12
    assert (
        min(len(found[0].tokens) for found in english.translate_nbest(SENTENCES[:2], min_length=12))
        >= 12
    )


def test_groups_give_different_translations(english):
    (found,) = english.translate_nbest(SENTENCES[:1], beam=4, groups=4, nbest=4, diversity=20.0)
    assert len({translation.text for translation in found}) == 4
    assert len({translation.tokens[0] for translation in found}) == 4
    assert [t.score for t in found] == sorted((t.score for t in found), reverse=True)
    assert found[0].text == english.translate(SENTENCES[:1], beam=1)[0]
