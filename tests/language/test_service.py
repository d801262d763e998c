"""What is answered over HTTP is what the language model says in Python, counted or trained."""

import json
import math

import pytest
from small_services import asking

from seqkit import ngram
from seqkit.language.service import SERVICE
from seqkit.testing import check_service

LINES = ["the cat sat", "the dog sat", "the cat ran"]


@pytest.fixture(scope="module", params=["counted", "trained"])
def model(request):
    if request.param == "counted":
        return ngram.train(LINES, order=2)
    return request.getfixturevalue("lstm").model


@pytest.fixture(scope="module")
def client(model):
    with asking(model, SERVICE) as client:
        yield client


def ask(client, operation, **asked):
    response = client.post(f"/v1/{operation}", json=asked)
    assert response.status_code == 200, response.text
    return response.json()


def test_scores_are_those_of_the_model(client, model):
    found = ask(client, "score", text=LINES)["scores"]
    assert found == pytest.approx([model.score(line) for line in LINES], abs=1e-4)


def test_perplexity_is_that_of_the_lines(client, model):
    found = ask(client, "perplexity", text="\n".join(LINES))
    assert found["perplexity"] == pytest.approx(model.perplexity(LINES), rel=1e-4)
    assert found["signature"] == model.evaluate(LINES).signature


def test_surprisals_add_up_to_the_probability(client, model):
    found = ask(client, "surprisal", text="\n".join(LINES))
    bits = math.fsum(token["bits"] for token in found["tokens"])
    total = model.evaluate(LINES).record()["log10_probability"]
    assert bits == pytest.approx(-total / math.log10(2), rel=1e-4)
    assert sum(token["end"] for token in found["tokens"]) == 3


def test_what_may_come_next_is_what_the_model_says(client, model):
    found = ask(client, "complete", text="an earlier line\nthe", top=3)["next"]
    expected = model.next("the", top=3)
    assert [one["word"] for one in found] == [word.replace("▁", " ") for word, _ in expected]
    shares = [10**score for _, score in expected]
    assert [one["probability"] for one in found] == pytest.approx(shares, rel=1e-3)


def test_a_text_is_drawn_as_in_python_whether_it_is_streamed_or_not(client, model):
    settings = {"temperature": 0.9, "top_k": 5, "seed": 4}
    _, *pieces = model.generate(prompt="the", length=12, **settings)
    asked = {"text": "the", "tokens": 12, **settings}
    assert ask(client, "generate", **asked)["text"] == "".join(pieces)

    response = client.post("/v1/generate", json={**asked, "stream": True})
    *deltas, end = [block for block in response.text.split("\n\n") if block]
    assert [json.loads(delta[6:])["delta"] for delta in deltas] == pieces
    assert end.startswith("event: end")


def test_settings_that_nothing_can_be_drawn_by_are_refused(client):
    for asked in ({"temperature": -1}, {"top_p": 0}, {"tokens": 10**9}, {"seed": -1}):
        assert client.post("/v1/generate", json=asked).status_code == 422


# What one request may take


@pytest.mark.parametrize("operation", ["perplexity", "surprisal"])
def test_a_long_text_is_read_in_blocks_between_which_others_have_their_turn(model, operation):
    lines = LINES * 2400  # some 85,000 characters
    offered = SERVICE.operation(operation)
    work = offered.begin(model, offered.request(text="\n".join(lines)), ())
    found = list(work.pieces)
    assert len(found) == 6
    answer = work.answer(found)
    whole = model.evaluate(lines).record()
    assert answer.get("report", answer) == pytest.approx(whole)
    if operation == "surprisal":
        assert sum(token["end"] for token in answer["tokens"]) == len(lines)


@pytest.mark.parametrize("operation", ["score", "perplexity", "surprisal", "complete", "generate"])
def test_what_is_read_at_once_has_a_bound(client, operation):
    response = client.post(f"/v1/{operation}", json={"text": "the " * 25_001})
    assert response.status_code == 413
    assert "100,000 characters at once, and these are 100,004" in response.text


def test_a_long_text_of_short_lines_has_none_where_lines_stand_alone(client, model):
    response = client.post("/v1/perplexity", json={"text": "the cat sat\n" * 9000})
    assert response.status_code == (200 if isinstance(model, ngram.Model) else 413)


def test_no_text_is_told_as_in_python(client, model):
    found = ask(client, "perplexity", text="")
    assert found == pytest.approx(model.evaluate([""]).record())


def test_the_service_conforms(model):
    text = "\n".join(LINES)
    requests = {
        "score": {"text": LINES},
        "perplexity": {"text": text},
        "surprisal": {"text": text},
        "complete": {"text": "the"},
        "generate": {"text": "the", "tokens": 5},
    }
    refused = [(name, {"text": 1}) for name in requests]
    check_service(SERVICE, model, requests, refused=refused)
