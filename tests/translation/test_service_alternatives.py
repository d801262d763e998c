"""Other words for one of a translation, over HTTP."""

import math
import re

import pytest
from small_services import asking
from translators import Backwards, tiny

from seqkit.translation.requests import Alternatives, Translate
from seqkit.translation.service import SERVICE
from seqkit.translation.translator import Translator


@pytest.fixture(scope="module")
def client(translator):
    with asking(translator, SERVICE) as client:
        yield client


def alternatives(client, **asked):
    response = client.post("/v1/alternatives", json=asked)
    assert response.status_code == 200, response.text
    return response.json()["alternatives"]


def work_of(translator, name, asked):
    return SERVICE.operation(name).begin(translator, asked, ())


def test_other_words_are_the_likeliest_and_each_goes_on_by_itself(client, translator):
    found = alternatives(client, text="a b c", prefix="c ", top=3)
    forced = translator.explain(translator.force("a b c", "c"))[0]
    likeliest = forced.runners_up[-1][0]  # where `<eos>` would be
    assert (found[0]["word"], found[0]["probability"]) == (
        likeliest[0],
        pytest.approx(likeliest[1], abs=1e-4),
    )
    shares = [one["probability"] for one in found]
    assert shares == sorted(shares, reverse=True)
    assert len({one["word"] for one in found}) == len(found) == 3
    for one in found:
        assert one["translation"].startswith(f"c {one['word']}")
        (expected,) = translator.translate(["a b c"], prefix=f"c {one['word']}")
        assert one["translation"] == expected


def test_other_words_of_an_ensemble_are_likely_by_the_mean_of_its_models(words):
    members = [tiny(words, seed) for seed in (1, 2)]
    asked = Alternatives(text="das Haus ist rot", top=1)
    work = work_of(Translator.ensemble(members), "alternatives", asked)
    (found,) = work.answer(work.compute(work.items))["alternatives"]
    logs = [member.token_scores(["das Haus ist rot"], [found["word"]])[0][0] for member in members]
    assert found["probability"] == pytest.approx(sum(map(math.exp, logs)) / 2, abs=1e-6)
    assert abs(logs[0] - logs[1]) > 1e-3  # or nothing is shown


def test_sentences_after_that_of_the_chosen_word_stay_as_they_stand(words, monkeypatch):
    """Whoever chose another word in them before has it kept, and nothing is searched for again."""
    translator = Translator(Backwards(len(words.vocab)), words, words)
    searched = []

    def search_parts(parts, *args):
        searched.extend(part.text for part in parts)
        return Translator.search_parts(translator, parts, *args)

    monkeypatch.setattr(translator, "search_parts", search_parts, raising=False)
    text = "das Haus rot . Hund sieht das . Haus ist rot"
    standing = "rot ist . Haus  ist ! Hund rot"
    with asking(translator, SERVICE) as client:
        asked = {"text": text, "prefix": "rot ", "translation": standing, "top": 3}
        found = alternatives(client, **asked)
        assert set(searched) == {"das Haus rot ."}
        assert all(one["translation"].endswith(" Haus  ist ! Hund rot") for one in found)
        assert all(one["translation"].startswith(f"rot {one['word']}") for one in found)

        (own,) = alternatives(client, **asked, word="sieht")
        assert set(searched) == {"das Haus rot ."}
        assert own["translation"].startswith("rot sieht")
        assert own["translation"].endswith(" Haus  ist ! Hund rot")
        assert (own["word"], own["probability"]) == ("sieht", None)


def test_a_translation_whose_sentences_are_not_those_of_the_text_is_searched_for_anew(
    client, translator
):
    text, prefix = "A b . C d . E f .", "B "
    asked = Alternatives(text=text, prefix=prefix, translation="B a . D c f e .")
    assert len(work_of(translator, "alternatives", asked).items) == 3
    fitting = asked.model_copy(update={"translation": "B a . D c . F e ."})
    assert len(work_of(translator, "alternatives", fitting).items) == 1


def test_sentences_around_the_chosen_word_go_with_those_of_translations(translator):
    text, glossary = "A b . C d . E f .", [("b", "a")]
    asked = Alternatives(text=text, prefix="B a . ", top=4, glossary=glossary)
    others = work_of(translator, "alternatives", asked)
    whole = work_of(translator, "translate", Translate(text=text, glossary=glossary))
    assert others.kind == whole.kind
    assert len(others.items) == 2  # the sentence that the prefix has is left as it is
    assert others.costs == [5 * whole.costs[1], whole.costs[2]]


ORDINAL = (
    "The meeting is on 24 December at 5 p.m. in Berlin. Everyone is invited.",
    "Das Treffen ist am 24. Dezember in Berlin. Alle sind eingeladen.",
)
URL = (
    "Visit https://example.com for details. He is here.",
    "Besuchen Sie https://example.com für Details. Er ist hier.",
)
TAG = ("<b>Hello</b>, my friend. We go home.", "<b>Hallo</b>, mein Freund. Wir gehen heim.")


@pytest.mark.parametrize(("text", "standing"), [ORDINAL, URL, TAG], ids=["ordinal", "url", "tag"])
def test_a_click_on_any_word_keeps_all_before_it_and_every_other_sentence(english, text, standing):
    end_of_first = standing.rindex(". ") + 2
    for word in re.finditer(r"\S+", standing):
        prefix = standing[: word.start()]
        asked = Alternatives(text=text, prefix=prefix, translation=standing, top=1)
        work = work_of(english, "alternatives", asked)
        found = work.answer(list(work.compute(work.items)))["alternatives"]
        assert bool(found) == ("http" not in word[0]), word  # nothing else for what is copied
        for one in found:
            assert one["translation"].startswith(prefix + one["word"]), word
            rest = one["translation"].removeprefix(prefix)
            if word.start() < end_of_first:
                assert rest.endswith(" " + standing[end_of_first:])
            assert one["translation"].count("https") == standing.count("https")


@pytest.mark.parametrize(
    ("text", "prefix", "items"),
    [
        (ORDINAL[0], "Das Treffen ist am 24. ", ["Das Treffen ist am 24. ", ""]),
        (ORDINAL[0], "Das Treffen ist am 24. Dezember. ", [""]),
        ("Mr Smith came. He left.", "Es kam Hrn. ", ["Es kam Hrn. ", ""]),
        (URL[0], "Besuchen Sie https://example.com für ", ["für ", ""]),
        (URL[0], "Besuchen Sie https://example.com", ["", ""]),
        (URL[0], "Besuchen https://other.com ", ["Besuchen https://other.com "]),  # as a whole
        (TAG[0], "<b>Hallo</b>", ["", ""]),
        ("24 people came. They left.", "24 ", ["24 ", ""]),
    ],
)
def test_a_prefix_is_of_its_own_sentence_and_what_is_copied_is_no_part_of_it(
    english, text, prefix, items
):
    work = work_of(english, "translate", Translate(text=text, prefix=prefix))
    assert [item.prefix for item in work.items] == items
    answer = work.answer(list(work.compute(work.items)))
    assert answer["translations"][0]["translation"].startswith(prefix)


def test_there_are_no_other_words_where_sentences_do_not_go_together(english):
    asked = Alternatives(text="He is here. She is there.", translation="Er. Ist hier. Sie ist da.")
    for prefix in ("Er. ", "Er. Ist hier. "):
        work = work_of(english, "alternatives", asked.model_copy(update={"prefix": prefix}))
        assert work.answer([]) == {"alternatives": []}
        assert not work.items
