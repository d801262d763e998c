"""Glossaries: read, found in texts, and had in translations."""

import pytest
import torch
from toy import Table

from seqkit.errors import ConfigError, DataError, WrongType
from seqkit.search.beam import beam_search
from seqkit.search.rules import Rules
from seqkit.translation.cutting import Part
from seqkit.translation.glossary import Glossary
from seqkit.translation.replaced_terms import Replacing
from seqkit.translation.segments import Candidate
from seqkit.translation.stand_ins import NAMES, NUMBERS
from seqkit.translation.terms import Terms, with_terms


def terms(glossary, tokenizer, languages=("en", "de"), longest=100):
    return Terms(glossary, tokenizer, tokenizer, languages=languages, longest=longest)


def surfaces(found):
    return [(item.surface, item.wanted) for item in found]


# Reading


def test_a_file_has_two_columns_or_three_comments_and_blank_lines(tmp_path):
    path = tmp_path / "terms.tsv"
    path.write_text("\ufeff# ours\ncontract\tVertrag\tnoun\n\nGit\t-\n", encoding="utf-8")
    first, second = Glossary.read(path).terms
    assert (first.source, first.target, first.part_of_speech) == ("contract", "Vertrag", "noun")
    assert (second.source, second.target) == ("Git", "-")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\tb\nhouse\n", "terms.tsv:2: 1 column"),
        (b"a\tb\tc\td\n", "terms.tsv:1: 4 columns"),
        (b"a\t \n", "terms.tsv:1: the translation is empty"),
        (b"\tb\n", "terms.tsv:1: the term is empty"),
        (b"a\tb\nx\ty\na\tc\n", "terms.tsv:3: 'a' becomes 'c', and 'b' by .*terms.tsv:1"),
        (b"a\tb\nh\xe4user\tc\n", "terms.tsv:2: not UTF-8"),
        (b"a\tb\0\n", r"terms.tsv:1: '\\x00' is not text"),
        (b"a\tb\rc\td\r", r"terms.tsv:1: '\\r' is not text.*end each line .* with a line feed"),
        (b"", "terms.tsv has no terms"),
        (b"# nothing\n\n", "terms.tsv has no terms"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_line(tmp_path, content, said):
    path = tmp_path / "terms.tsv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        Glossary.read(path)


def test_a_glossary_in_python_is_a_dict_of_texts():
    assert len(Glossary({"contract": "Vertrag"})) == 1
    with pytest.raises(DataError, match="has no terms"):
        Glossary({})
    with pytest.raises(WrongType, match="not list"):
        Glossary(["contract"])
    with pytest.raises(WrongType, match="has texts"):
        Glossary({"contract": 3})


# Finding


def test_a_term_is_found_in_its_inflections_and_not_within_words(english):
    found = terms(Glossary({"house": "Haus", "art": "Kunst"}), english.source)
    assert surfaces(found.find("Two Houses of a party")) == [("Houses", "Haus")]


def test_of_overlapping_terms_the_longest_counts(english):
    found = terms(
        Glossary({"machine": "Apparat", "machine learning": "Lernen", "learning rate": "Rate"}),
        english.source,
    )
    text = "A machine for machine learning, its learning rate"
    wanted = [("machine", "Apparat"), ("machine learning", "Lernen"), ("learning rate", "Rate")]
    assert surfaces(found.find(text)) == wanted


def test_of_terms_with_one_stem_the_one_that_is_written_alike_counts(english):
    found = terms(Glossary({"universe": "All", "university": "Uni"}), english.source)
    assert surfaces(found.find("universities")) == [("universities", "Uni")]
    assert surfaces(found.find("universes")) == [("universes", "All")]


def test_a_kept_term_is_wanted_as_the_text_has_it(english):
    found = terms(Glossary({"cat": "-"}), english.source)
    assert surfaces(found.find("Cats!")) == [("Cats", "Cats")]


def test_a_language_without_a_stemmer_is_compared_word_by_word(english):
    found = terms(Glossary({"house": "Haus"}), english.source, languages=("xx", "de"))
    assert found.find("houses") == []
    assert surfaces(found.find("House")) == [("House", "Haus")]


def test_terms_are_found_where_no_spaces_are(chars):
    found = terms(Glossary({"好": "你"}), chars, languages=("zh", "zh"))
    assert surfaces(found.find("你好。")) == [("好", "你")]


def test_any_inflection_of_a_translation_will_do(english):
    found = terms(Glossary({"contract": "Vertrag"}), english.source)
    assert found.lacking("the contracts", "die Vertrags") == []
    assert surfaces(found.lacking("the contracts", "die Abkommen")) == [("contracts", "Vertrag")]


def test_terms_that_the_model_cannot_read_or_write_are_named(english, words):
    with pytest.raises(ConfigError, match=r"term 'rot'.*'Dampfschiff'.*does not know"):
        terms(Glossary({"rot": "Dampfschiff"}), words)
    with pytest.raises(ConfigError, match=r"the term has 5 tokens, .* at most 4"):
        terms(Glossary({"das Haus ist rot .": "Haus"}), words, longest=4)
    with pytest.raises(ConfigError, match="the translation has 5 tokens"):
        terms(Glossary({"Haus": "das Haus ist rot ."}), words, longest=4)


# Searching


@pytest.mark.parametrize("groups", [1, 2])
def test_phrases_of_each_sentence_are_searched_for_as_if_it_were_alone(groups):
    phrases = [((4, 6),), (), ((5,), (7, 4))]
    model = Table(vocab=9, seed=3)
    together = beam_search(
        model, torch.tensor([[1], [2], [3]]), [7, 6, 8], beam=4, groups=groups, phrases=phrases
    )
    for i, of_sentence in enumerate(phrases):
        (alone,) = beam_search(
            model,
            torch.tensor([[i + 1]]),
            [7 - (i == 1) + (i == 2)],
            beam=4,
            groups=groups,
            rules=Rules(phrases=of_sentence),
        )
        assert [h.ids for h in together[i]] == [h.ids for h in alone]


def test_a_translator_uses_the_terms_and_leaves_other_lines_as_they_are(english):
    lines = ["The contract was signed yesterday.", "I live in a small house.", ""]
    plain = english.translate(lines)
    found = english.translate(lines, glossary=Glossary({"contract": "Abkommen"}))
    assert "Abkommen" not in plain[0]
    assert "Abkommen" in found[0]
    assert found[1:] == plain[1:]


def test_a_term_that_could_not_be_placed_is_in_the_record(english, monkeypatch):
    monkeypatch.setattr(Terms, "appends", lambda *_: True)  # whatever the search finds
    monkeypatch.setattr(Replacing, "candidates", lambda self, parts, *_: [[] for _ in parts])
    text = "The contract was signed yesterday."
    (line,) = english.predict([text], glossary=Glossary({"contract": "Abkommen"}))
    assert [line.best.text] == english.translate([text])
    assert line.record()["unplaced_terms"] == ["contract → Abkommen"]


@pytest.mark.parametrize(
    ("line", "unplaced"),
    [
        ("Run `make` now.", []),
        ("RUN `make` NOW.", []),  # which is cut there
        ("`make`: run it.", []),
        ("You make `make` run.", ["make → bauen"]),
        ("You make it `make`", ["make → bauen"]),
    ],
)
def test_a_term_in_code_is_not_one_that_could_not_be_placed(english, line, unplaced):
    glossary = Glossary({"make": "bauen"})
    (found,) = english.translate_nbest([line])
    described = english.described(
        line, found, align=False, nbest=False, terms=english.terms(glossary, english.search)
    )
    assert described.unplaced_terms == unplaced


def test_a_stand_in_is_no_term(english):
    line = "Call `a` and `b`, then see `c`."
    names = {name: f"{name}chen" for name in NAMES + NUMBERS}
    assert english.translate([line], glossary=Glossary(names)) == english.translate([line])


CAR = "Er kaufte ein Auto."


@pytest.mark.parametrize(
    ("source", "plain", "forced", "appends"),
    [
        ("He bought a car yesterday.", CAR, "Er kaufte ein Auto Wagen.", True),
        ("He bought a car yesterday.", CAR, "Er kauft ein Auto. Wagen", True),
        ("He bought a car yesterday.", CAR, "Er kaufte einen Wagen.", False),
        ("He bought a car yesterday.", CAR, "Wagen Er kaufte ein Auto.", False),
        ("He bought a car yesterday.", CAR, CAR, False),
        ("He bought a car yesterday.", CAR, "Er kaufte das. Wagen.", True),
        ("A car! He bought it.", "Ein Auto! Er kaufte es.", "Ein Wagen! Er kaufte es.", False),
        ("He bought a car yesterday.", "", "Wagen", False),
        ("He bought Cars!”", "Er kaufte", "Er kaufte Wagen.", False),
        ("I bought a car.", "Ich kaufte ein Auto.", "Ich kaufte ein Auto Wagen.", True),
        ("Car", "Auto Auto.", "Auto Auto Wagen", True),
        ("A man's car.", "Das Auto eines Mannes.", "Das Auto eines Herrn Wagen.", True),
        ("A man's car.", "Das Auto eines Mannes.", "Der Wagen eines Herrn.", False),
        ("A man's car.", "Eines Mannes Auto.", "Eines Herrn Wagen.", False),
        ("A car for a man is new.", "Autos sind neu für Leute.", "Herr für Leute Wagen.", True),
    ],
)
def test_a_term_that_is_only_added_at_the_end_is_not_placed(
    english, source, plain, forced, appends
):
    found = terms(Glossary({"car": "Wagen", "man": "Herr"}), english.source)
    assert found.appends(source, plain, forced) is appends


GARBLED = "Eine Eine Eine Fraun Robe"  # has "Robe", and another word of "Frau"


@pytest.mark.parametrize(
    ("plain", "forced", "replaced", "chosen"),
    [
        ("Damen in Kleidern.", "Frauen in Roben.", "Frau in Robe.", "Frauen in Roben."),
        ("Damen in Kleidern.", GARBLED, "Frau in Robe.", "Frau in Robe."),
        ("Damen in Kleidern.", "Damen in Robe Frauchen.", "", "Damen in Robe Frauchen."),
        ("Damen in Kleidern.", GARBLED, "", "Damen in Kleidern."),
        ("Damen in Kleidern.", "Damen in Kleidern. Frau Robe", "", "Damen in Kleidern."),
        ("Damen in Roben.", "Fraun in Kleidern", "", "Damen in Roben."),  # no more than there were
        ("Damen in Kleidern.", "", "", "Damen in Kleidern."),  # no output has them
    ],
)
def test_an_output_of_a_search_that_lacks_terms_is_not_taken_before_others(
    english, plain, forced, replaced, chosen
):
    glossary = terms(Glossary({"woman": "Frau", "dress": "Robe"}), english.source)
    part = Part("A woman in a dress.", [5, 3], "")

    def candidates(text):
        return [Candidate(part, [5], [text], text, -1.0, -1.0)] if text else []

    found = with_terms(
        glossary,
        [candidates(plain)],
        lambda *_, **__: [candidates(forced)],
        lambda *_: [candidates(replaced)],
    )
    assert [[one.text for one in of_part] for of_part in found] == [[chosen]]


def test_a_glossary_is_not_for_sampling(english):
    with pytest.raises(ConfigError, match="a glossary is for searching"):
        english.translate(["a"], glossary=Glossary({"house": "Haus"}), sample=True)


def test_a_dict_is_no_glossary(english):
    with pytest.raises(WrongType, match="not as dict"):
        english.translate(["a"], glossary={"house": "Haus"})


def test_the_command_reads_a_glossary(cli, here, shipped):
    (here / "terms.tsv").write_text("contract\tAbkommen\n", encoding="utf-8")
    done = cli("translate", "--glossary", "terms.tsv", "The contract was signed yesterday.")
    assert "Abkommen" in done.out
