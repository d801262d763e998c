"""What is answered over HTTP is what the translator says in Python."""

import json

import pytest
from small_services import asking

from seqkit.translation.glossary import Glossary
from seqkit.translation.service import SERVICE

TEXT = "a b c . d e f g . h i"


@pytest.fixture(scope="module")
def client(translator):
    with asking(translator, SERVICE) as client:
        yield client


def ask(client, operation, **asked):
    response = client.post(f"/v1/{operation}", json=asked)
    assert response.status_code == 200, response.text
    return response.json()


def refused(client, operation, **asked):
    response = client.post(f"/v1/{operation}", json=asked)
    assert response.status_code in (400, 422), response.text
    return response.json()["error"]["message"]


def plain(records):
    return json.loads(json.dumps(records))


def close(found, expected):
    """Batches of other sizes sum in another order: floats are equal up to that."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            close(found[key], expected[key]) for key in expected
        )
    if isinstance(expected, list):
        pairs = zip(found, expected, strict=True)
        return len(found) == len(expected) and all(close(a, b) for a, b in pairs)
    return found == (pytest.approx(expected, abs=1e-4) if type(expected) is float else expected)


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({}, {}),
        ({"nbest": 3, "search": {"beam": 4}}, {"nbest": 3, "beam": 4}),
        ({"align": True}, {"align": True}),
        ({"search": {"length_penalty": 0.0}}, {"length_penalty": 0.0}),
        ({"search": {"sample": True, "seed": 3}}, {"sample": True, "seed": 3}),
        ({"glossary": [["b", "a"]]}, {"glossary": Glossary({"b": "a"})}),
    ],
)
def test_translations_are_those_of_the_translator(client, translator, asked, settings):
    texts = ["a b c", "", "d e f g", TEXT]
    expected = [line.record() for line in translator.predict(texts, **settings)]
    found = ask(client, "translate", text=texts, **asked)["translations"]
    if "sample" in settings:  # what is drawn depends on what is drawn together
        assert len(found) == len(expected)
    else:
        assert close(found, plain(expected))


def test_one_text_is_one_translation(client, translator):
    (found,) = ask(client, "translate", text="a b c")["translations"]
    assert found["translation"] == translator.translate(["a b c"])[0]


def test_a_stream_grows_into_the_translation_sentence_by_sentence(client, translator):
    asked = {"text": TEXT, "stream": True}
    with client.stream("POST", "/v1/translate", json=asked) as response:
        blocks = response.read().decode().split("\n\n")
    events = [json.loads(block[6:]) for block in blocks if block.startswith("data:")]
    (whole,) = translator.translate([TEXT])
    assert [event["done"] for event in events] == [False] * (len(events) - 1) + [True]
    assert all(whole.startswith(event["text"].rstrip()) for event in events)
    assert events[-1]["record"]["translation"] == events[-1]["text"] == whole


def test_a_prefix_is_kept_and_so_are_sentences_that_it_has_whole(client, translator):
    (found,) = ask(client, "translate", text="a b c", prefix="b ")["translations"]
    (expected,) = translator.translate(["a b c"], prefix="b ")
    assert found["translation"] == expected
    assert expected.startswith("b ")


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"lm": "/etc/passwd"}, "unknown key 'search.lm'"),
        ({"rules": {"x": 1}}, "unknown key 'search.rules'"),
        ({"beam": 10_000}, "search.beam"),
        ({"max_length": 10_000_000}, "search.max_length"),
        ({"temperature": 2.0}, "temperature is for sampling"),
        ({"coverage_penalty": 1.0}, "unknown key"),
    ],
)
def test_searches_that_read_files_or_take_for_ever_are_refused(client, search, said):
    assert said in refused(client, "translate", text="a", search=search)


def test_a_glossary_that_contradicts_itself_or_lacks_a_word_is_refused(client):
    both = [["b", "x"], ["b", "y"]]
    assert "'b' has two translations" in refused(client, "translate", text="a", glossary=both)
    assert "term" in refused(client, "translate", text="a", glossary=[["", "x"]])


def test_a_language_that_the_model_has_not_is_refused(client):
    assert "xx" in refused(client, "translate", text="a", to="xx")


def test_scores_are_those_of_the_translator(client, translator):
    sources, targets = ["a b", "c d e"], ["b a", "e d"]
    expected = translator.score(sources, targets)
    found = ask(client, "score", source=sources, text=targets)["scores"]
    assert found == pytest.approx(expected, abs=1e-4)
    assert "do not pair up" in refused(client, "score", source=sources, text=["a"])


def test_an_explanation_is_by_words_and_shares_its_attention_among_them(client, translator):
    found = ask(client, "explain", text="a b c")
    (explanation,) = translator.explain(translator.translate_nbest(["a b c"])[0][0])
    assert found["source"] == ["a", "b", "c"]
    assert found["target"] == explanation.target[:-1]
    assert found["probabilities"] == pytest.approx(explanation.probabilities[:-1], abs=1e-4)

    words = explanation.mean_attention[:-1, :-1]  # these tokens are words; without `<eos>`
    expected = (words / words.sum(1, keepdim=True)).tolist()
    for row, of_model in zip(found["attention"], expected, strict=True):
        assert row == pytest.approx(of_model, abs=1e-4)


def test_a_translation_of_somebody_else_is_explained_as_it_stands(client, translator):
    found = ask(client, "explain", text="a b c", translation="a a b")
    (explanation,) = translator.explain(translator.force("a b c", "a a b"))
    assert found["target"] == ["a", "a", "b"]
    assert found["probabilities"] == pytest.approx(explanation.probabilities[:-1], abs=1e-4)


def test_other_words_are_the_likeliest_and_each_goes_on_by_itself(client, translator):
    found = ask(client, "alternatives", text="a b c", prefix="c ", top=3)["alternatives"]
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


def test_models_say_which_languages_they_have(client):
    (record,) = client.get("/v1/models").json()["models"]
    assert {"translate", "alternatives", "explain", "score"} <= set(record["operations"])
    assert {"source", "targets"} <= set(record)
