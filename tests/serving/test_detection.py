"""Which language a text is in, and which languages there are ways between."""

import pytest

from seqkit.serving.detection import detect
from seqkit.serving.languages import base_of, find, name_of, same
from seqkit.serving.pairs import Hop, Pairs

SAID = {
    "en": "I have not seen your brother since Monday.",
    "de": "Ich habe deinen Bruder seit Montag nicht gesehen.",
    "fr": "Je n'ai pas vu ton frère depuis lundi.",
    "zh": "从星期一起我就没见过你弟弟。",
    "ru": "Я не видел твоего брата с понедельника.",
}


@pytest.mark.parametrize("language", list(SAID))
def test_sentences_are_told_apart(language):
    found = detect([SAID[language]], list(SAID))
    assert found[0].code == language
    assert found[0].probability > 0.9


def test_what_can_be_translated_is_likelier():
    assert detect(["Hello"], [])[0].code != "en"  # a word is too little to tell by
    assert detect(["Hello"], ["en", "de"])[0].code == "en"
    assert detect([SAID["fr"]], ["en", "de"])[0].code == "fr"  # a sentence is not


def test_a_language_comes_back_as_the_model_spells_it():
    assert detect([SAID["de"]], ["eng", "deu_Latn"])[0].code == "deu_Latn"


@pytest.mark.parametrize("text", ["", " \n", "12:30", "😀 …"])
def test_without_letters_there_is_no_language(text):
    assert detect([text], ["en"]) == []


def test_texts_are_taken_together_and_only_their_beginning():
    assert detect([SAID["en"], *[SAID["de"]] * 5], ["en", "de"])[0].code == "de"
    assert detect([SAID["en"] * 60, SAID["de"] * 1000], ["en", "de"])[0].code == "en"


@pytest.mark.parametrize(
    ("code", "spelt"),
    [
        ("zh_Hans", "zh-hans"),
        ("zh-TW", "zh-hant"),
        ("zt", "zh-hant"),  # as Argos calls traditional Chinese
        ("pb", "pt-br"),  # and Brazilian Portuguese
        ("DEU", "de"),
        ("deu_Latn", "de-latn"),
        ("xyz", "xyz"),
    ],
)
def test_codes_of_all_kinds_have_one_spelling(code, spelt):
    assert same(code) == spelt


@pytest.mark.parametrize(
    ("code", "known", "found"),
    [
        ("zh-Hans", ["en", "zh"], "zh"),  # what Weblate and LibreTranslate call it
        ("zh", ["en", "zh-Hans"], "zh-Hans"),
        ("zh-Hant", ["en", "zh"], None),
        ("de-CH", ["de"], "de"),
        ("pt", ["pb"], "pb"),
        ("ger", ["de"], None),
        ("", ["en"], None),
    ],
)
def test_varieties_are_found_but_no_other_script(code, known, found):
    assert find(code, known) == found


def test_languages_have_english_names():
    assert [name_of(code) for code in ("de", "fra", "zh-Hant", "pt-BR", "tlh")] == [
        "German",
        "French",
        "Chinese (traditional)",
        "Portuguese (BR)",
        "tlh",
    ]
    assert base_of("pt-BR") == "pt"


def record(name, source=None, targets=(), operations=("translate",)):
    return {"name": name, "source": source, "targets": targets, "operations": operations}


def test_a_way_is_one_model_or_two():
    pairs = Pairs.of([record("first", "zh", ["en"]), record("many", "en", ["de", "fr"])])
    assert pairs.languages == ["zh", "en", "de", "fr"]
    assert pairs.path("zh", "en") == [Hop("first")]
    assert pairs.path("en", "fr") == [Hop("many", "fr")]  # told, as it has several
    assert pairs.path("zh", "de") == [Hop("first"), Hop("many", "de")]
    assert pairs.path("de", "de") == []
    assert pairs.path("de", "en") is None
    assert pairs.reachable("en") == ["en", "de", "fr"]


def test_a_model_that_knows_no_languages_has_those_of_its_name():
    pairs = Pairs.of([record("en-de-large"), record("mine"), record("fr-en", operations=["score"])])
    assert pairs.languages == ["en", "de"]


def test_the_first_model_of_a_pair_is_taken():
    pairs = Pairs.of([record("a", "en", ["de"]), record("b", "eng", ["deu"])])
    assert pairs.path("en", "de") == [Hop("a")]
    assert pairs.languages == ["en", "de"]
