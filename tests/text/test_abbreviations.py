"""Where a full stop ends no sentence, in many languages and scripts."""

import pytest

from seqkit.text import split_sentences
from seqkit.text.abbreviations import words_of


def sentences(text, language=""):
    return [sentence for sentence, _ in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "А. С. Пушкин родился в Москве."),
        ("ru", "Д. И. Менделеев жил на ул. Ленина."),
        ("fr", "É. Zola est mort."),
        ("pl", "Ł. Nowak i św. Jan."),
        ("el", "Γ. Σεφέρης, π.χ. Αθήνα."),
        ("en", "Mt. Fuji is high."),
        ("en", "Add approx. 5 litres."),
        ("en", "See pp. 3 and 4, No. 5, ch. IV."),
        ("en", "Gov. Brown met Sen. Warren."),
        ("en", "Lt. Col. Adams of Ft. Worth."),
        ("en", "The U.S. Army is large."),
        ("de", "Vgl. Kap. 3 und Abb. 2."),
        ("de", "Das ist z. B. Wasser, d. h. H2O."),
        ("de", "Am 24. Dezember kam Fr. Schulz."),
        ("es", "La Sra. López y Dña. Ana."),
        ("es", "Vive en EE. UU. desde 1999."),
        ("it", "Il Sig. Rossi, cap. 3."),
        ("pt", "A Sra. Costa, av. Paulista, n. 5."),
        ("nl", "Dhr. Jansen, bijv. Amsterdam."),
        ("tr", "Örn. Ankara."),
    ],
)
def test_no_sentence_ends_after_initials_and_abbreviations(language, text):
    assert sentences(text, language) == [text]
    assert sentences(text) == [text], "without a language"


@pytest.mark.parametrize("write", [str, str.upper, str.title])
def test_abbreviations_are_known_however_they_are_written(write):
    for text in ("mr. Brown came", "see approx. 5 men", "vgl. Kap. 3", "mt. Fuji"):
        assert len(sentences(write(text))) == 1


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("en", ["It was 2020.", "3 men came."]),
        ("en", ["We won!", "3 goals."]),
        ("en", ["No.", "Paul is here."]),
        ("en", ["So do I.", "He left."]),
        ("en", ["They talked until 6 p.m.", "Then they left."]),
        ("en", ["He moved to the U.S.", "His brother stayed."]),
        ("en", ["He bought apples, etc.", "She did not."]),
        ("en", ["That is Tom's.", "Mary left."]),
        ("de", ["Ich bin 12.", "Er ist 13."]),
        ("de", ["Siehe Abb. 3.", "Dort steht es."]),
        ("de", ["„Nein.“", "Er blieb."]),
        ("fr", ["Où est-il ?", "À la maison.", "Élise aussi."]),
        ("fr", ["« Non. »", "Il est resté."]),
        ("ru", ["Это был я.", "Он меня не узнал."]),
        ("pl", ["Jest tu.", "Łódź jest tam.", "Żaba też."]),
        ("hi", ["मैं ठीक हूँ।", "तुम कैसे हो?"]),
        ("ar", ["كيف حالك؟", "أنا بخير."]),
        ("ka", ["გამარჯობა.", "როგორ ხარ?"]),
    ],
)
def test_sentences_end_before_any_letter_that_is_not_lower_case_and_before_digits(language, wanted):
    text = " ".join(wanted)
    assert sentences(text, language) == wanted
    assert sentences(text) == wanted, "without a language"


def test_a_lower_case_letter_of_any_script_begins_no_sentence():
    for text in ("Stop! élan.", "Стой! сказал он.", "So ... ärgerlich."):
        assert sentences(text) == [text]


def test_a_language_decides_what_is_a_word_and_what_an_abbreviation():
    assert sentences("Han satte sig. Paul kom.", "sv") == ["Han satte sig.", "Paul kom."]
    assert sentences("Il sig. Rossi.", "it") == ["Il sig. Rossi."]
    assert sentences("She is 12. Paul is 13.", "en") == ["She is 12.", "Paul is 13."]
    assert sentences("Am 12. Mai.", "de") == ["Am 12. Mai."]


def test_a_semicolon_is_a_question_mark_in_greek_alone():
    assert sentences("Πού είσαι; Εδώ.", "el") == ["Πού είσαι;", "Εδώ."]
    assert sentences("One; Two.") == ["One; Two."]


def test_a_language_may_have_a_region_and_an_unknown_one_counts_as_none():
    assert words_of("pt-BR") is words_of("pt")
    assert words_of("pt_BR") is words_of("pt")
    assert words_of("xx") is words_of("")
