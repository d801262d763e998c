"""What is answered over HTTP is what the translator says in Python."""

import json
import sys
import threading

import pytest
from small_services import asking
from translators import Backwards

from seqkit.testing import check_service
from seqkit.translation import service_search
from seqkit.translation.engines.searcher import Deferred
from seqkit.translation.glossary import Glossary
from seqkit.translation.requests import Alternatives, Explain, Score, Translate
from seqkit.translation.service import SERVICE
from seqkit.translation.translator import Translator

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
    assert response.status_code in (400, 413, 422), response.text
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


def test_models_say_which_languages_they_have(client):
    (record,) = client.get("/v1/models").json()["models"]
    assert {"translate", "alternatives", "explain", "score"} <= set(record["operations"])
    assert {"source", "targets"} <= set(record)


# What one request may take


def work_of(translator, name, asked):
    return SERVICE.operation(name).begin(translator, asked, ())


@pytest.mark.parametrize(
    ("name", "asked"),
    [("explain", Explain(text="A b . " * 30)), ("alternatives", Alternatives(text="A b . " * 30))],
)
def test_sentences_are_items_so_that_a_long_text_holds_up_nobody(translator, name, asked):
    work = work_of(translator, name, asked)
    assert len(work.items) == len(work.costs) == 30


def test_a_text_of_several_sentences_is_explained_as_its_whole_translation_is(client, translator):
    text = "A b c . D e f g . H i"
    (whole,) = translator.translate_nbest([text])[0]
    segments = translator.explain(whole)
    assert len(segments) == 3
    found = ask(client, "explain", text=text, translation=whole.text)
    assert found == ask(client, "explain", text=text)
    assert found["target"] == whole.text.split()

    starts = [sum(len(one.source) - 1 for one in segments[:i]) for i in range(len(segments) + 1)]
    rows = iter(found["attention"])
    for number, one in enumerate(segments):
        for row in (next(rows) for _ in one.target[:-1]):
            assert sum(row[starts[number] : starts[number + 1]]) == pytest.approx(1)
            assert sum(row) == pytest.approx(1)


def test_more_words_than_can_be_shown_in_pairs_are_not_explained(client):
    said = refused(client, "explain", text="a " * 1001)
    assert "1,000 words are explained at once, and this text has 1,001" in said
    assert "1,000 words" in refused(client, "explain", text="a b", translation="a " * 1001)
    response = client.post("/v1/explain", json={"text": "a " * 1001})
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


def test_a_long_translation_that_does_not_pair_up_is_not_explained_as_one(client):
    said = refused(client, "explain", text="a . " * 500, translation="b " * 900)
    assert "not as many sentences" in said


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("translate", {"text": "a " * 2100, "search": {"split": False}}),
        ("translate", {"text": "a . " * 1100, "search": {"must": ["b"]}}),
        ("score", {"source": "a " * 2100, "text": "b"}),
        ("score", {"source": "a", "text": "b " * 2100}),
    ],
)
def test_nothing_that_stays_whole_may_be_as_long_as_a_book(client, operation, asked):
    assert "may have 2,000 tokens here" in refused(client, operation, **asked)


@pytest.mark.parametrize(
    ("search", "named"),
    [
        ({"must": ["b"] * 17}, "search.must"),
        ({"suppress": ["b"] * 17}, "search.suppress"),
        ({"min_length": 201}, "search.min_length"),
    ],
)
def test_searches_that_look_cheap_and_are_not_are_refused(client, search, named):
    assert named in refused(client, "translate", text="a", search=search)


def test_a_glossary_of_a_request_has_a_bound(client):
    pairs = [[f"a{i}", "b"] for i in range(1001)]
    assert "glossary" in refused(client, "translate", text="a", glossary=pairs)


@pytest.mark.parametrize(
    ("asked", "cost"),
    [
        ({}, 4),  # three words and the end, as the batches of `seqkit translate` count them
        ({"search": {"beam": 1}}, 4),
        ({"search": {"beam": 20}}, 16),
        ({"search": {"beam": 11}}, 12),
        ({"nbest": 20, "search": {"sample": True}}, 16),
        ({"search": {"mbr": 10}}, 8),
        ({"search": {"must": ["rot", "Haus"]}}, 12),
        ({"search": {"min_length": 150}}, 150),
    ],
)
def test_a_sentence_costs_what_its_search_takes_beside_the_models_own(words, asked, cost):
    translator = Translator(Backwards(len(words.vocab)), words, words)
    assert translator.search.beam == 5
    assert list(
        work_of(translator, "translate", Translate(text="das Haus rot", **asked)).costs
    ) == [cost]


@pytest.mark.parametrize(
    ("operation", "asked", "opens"),
    [
        ("translate", Translate(text="das Haus"), False),
        ("translate", Translate(text="das Haus", align=True), True),
        ("translate", Translate(text="das Haus", prefix="rot "), True),
        ("translate", Translate(text="das Haus", glossary=[("Haus", "rot")]), True),
        ("alternatives", Alternatives(text="das Haus"), True),
        ("explain", Explain(text="das Haus"), True),
        ("score", Score(source="das Haus", text="Haus das"), True),
    ],
)
def test_what_needs_torch_opens_it_before_it_waits_with_others(words, operation, asked, opens):
    opened = []

    def open_model():
        opened.append(True)
        return Backwards(len(words.vocab))

    translator = Translator(Deferred("Backwards", True, open_model), words, words)
    work_of(translator, operation, asked)
    assert bool(opened) == opens


# What is kept between requests


def test_threads_that_prepare_requests_at_once_keep_what_was_used_of_late(words):
    translator = Translator(Backwards(len(words.vocab)), words, words)
    failed = []

    def prepare(number):
        try:
            for i in range(60):
                service_search.search_of(translator, {"length_penalty": number + i / 1000}, ())
        except Exception as error:
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=prepare, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failed
    assert service_search.SEARCHES.count(translator) == service_search.SEARCHES.most


def test_what_was_used_longest_ago_is_forgotten_first(words, monkeypatch):
    translator = Translator(Backwards(len(words.vocab)), words, words)
    monkeypatch.setattr(service_search.SEARCHES, "most", 2)
    first = service_search.search_of(translator, {"beam": 1}, ()).config
    service_search.search_of(translator, {"beam": 2}, ())
    assert service_search.search_of(translator, {"beam": 1}, ()).config is first
    second = service_search.search_of(translator, {"beam": 3}, ()).config
    assert service_search.search_of(translator, {"beam": 1}, ()).config is first
    assert service_search.search_of(translator, {"beam": 3}, ()).config is second
    assert service_search.SEARCHES.count(translator) == 2


def test_a_large_glossary_is_not_kept(words):
    translator = Translator(Backwards(len(words.vocab)), words, words)
    for pairs in (200, 201):
        service_search.search_of(translator, {}, [(f"a{i}", "rot") for i in range(pairs)])
    assert service_search.SEARCHES.count(translator) == 1


# The language that a model has


def test_the_only_language_of_a_model_may_be_named(words):
    translator = Translator(Backwards(len(words.vocab)), words, words, target_language="de")
    with asking(translator, SERVICE) as client:
        for operation, asked in {
            "translate": {"text": "das Haus"},
            "alternatives": {"text": "das Haus", "top": 1},
            "score": {"source": "das Haus", "text": "Haus das"},
        }.items():
            assert ask(client, operation, to="de", **asked) == ask(client, operation, **asked)
            assert "'fr'" in refused(client, operation, to="fr", **asked)


def test_the_service_conforms(translator):
    requests = {
        "translate": {"text": [TEXT, "a b"], "align": True},
        "alternatives": {"text": TEXT},
        "explain": {"text": TEXT},
        "score": {"source": ["a b", "c"], "text": ["b a", "c"]},
    }
    refused = [
        ("translate", {"text": "a", "to": "xx"}),
        ("translate", {"text": "a", "search": {"beam": 0}}),
        ("score", {"source": ["a", "b"], "text": ["a"]}),
        ("explain", {}),
    ]
    check_service(SERVICE, translator, requests, refused=refused)
