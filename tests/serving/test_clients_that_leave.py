"""What runs is given up when its client hangs up; whoever is computed with it notices nothing."""

import json
import threading

import pytest
from connections import MOST_SECONDS, answer_of, connected, request_of, serving, until
from small_services import Capitals, Predict, app_of
from translators import LINES, Backwards

from seqkit.services import Operation, Service
from seqkit.text import TextConfig, Tokenizer
from seqkit.translation import service as translation
from seqkit.translation.translator import Translator
from seqkit.wanted import check_wanted


class Steps(Capitals):
    """Says a text in capitals letter by letter, each once its gate is open."""

    def __init__(self):
        super().__init__()
        self.letters_begun = []

    def compute(self, texts):
        for text in texts:
            for letter in text:
                check_wanted()
                self.letters_begun.append(letter)
                self.gate.wait(MOST_SECONDS)
            yield text.upper()


@pytest.fixture
def model():
    return Steps()


def hang_up_while_computed(app, address, model, body, path="/v1/predict"):
    """A client asks, and leaves once the model has begun with it and waits at its gate."""
    model.gate.clear()
    with connected(address) as leaves:
        leaves.sendall(request_of(body, path))
        until(lambda: model.letters_begun)
    until(lambda: not app.state.kernel.running)
    model.gate.set()


def test_what_is_computed_for_nobody_is_given_up_at_its_next_step(model):
    app = app_of({"toy": model})
    with serving(app) as address:
        hang_up_while_computed(app, address, model, {"inputs": ["abc", "def"]})
        with connected(address) as connection:
            connection.sendall(request_of({"inputs": ["xy"]}))
            assert json.loads(answer_of(connection)[2]) == {"predictions": ["XY"]}
    assert model.letters_begun == ["a", "x", "y"]


def test_who_is_computed_with_a_client_that_leaves_gets_the_whole_answer(model):
    app = app_of({"toy": model})
    kernel = app.state.kernel
    model.gate.clear()
    with serving(app) as address, connected(address) as stays:
        with connected(address) as leaves, connected(address) as first:
            first.sendall(request_of({"inputs": ["-"]}))
            until(lambda: model.letters_begun)
            leaves.sendall(request_of({"inputs": ["abc"]}))
            stays.sendall(request_of({"inputs": ["def"]}))
            batcher = kernel.catalogue.entries["toy"].model.batcher
            until(lambda: batcher.queued[0] == 2)
            hold_after(model, 1)
            until(lambda: len(model.letters_begun) == 2)
            leaves.shutdown(2)
            until(lambda: kernel.running == 1)
            model.gate.set()
        assert json.loads(answer_of(stays)[2]) == {"predictions": ["DEF"]}
    assert sorted(model.letters_begun) == sorted("-abcdef")


def hold_after(model, letters):
    """Let the model go on for so many letters."""
    free = model.gate
    model.gate = threading.Event()
    free.set()
    until(lambda: len(model.letters_begun) > letters)


def test_a_request_that_is_being_prepared_is_given_up(model):
    ended = threading.Event()
    begun = threading.Event()

    def begin(model, asked, uploads):
        begun.set()
        try:
            until(lambda: check_wanted() is not None)
        finally:
            ended.set()

    service = Service([Operation("predict", "Never ready.", Predict, begin)])
    app = app_of({"toy": model}, {"toy": service})
    with serving(app) as address:
        with connected(address) as leaves:
            leaves.sendall(request_of({"inputs": ["a book"]}))
            assert begun.wait(MOST_SECONDS)
        assert ended.wait(MOST_SECONDS / 2)


# Translations


class Slow(Backwards):
    """Steps that wait for a gate."""

    def __init__(self, vocab):
        super().__init__(vocab)
        self.gate = threading.Event()
        self.letters_begun = []

    def step(self, ids, state):
        self.letters_begun.append(len(state[0]))
        self.gate.wait(MOST_SECONDS)
        return super().step(ids, state)

    def cross_attention_weights(self, source, inputs):
        self.letters_begun.append(len(source))
        self.gate.wait(MOST_SECONDS)
        return super().cross_attention_weights(source, inputs)


@pytest.fixture
def translator():
    words = Tokenizer.train(LINES, TextConfig(tokenizer="word"))
    slow = Slow(len(words.vocab))
    found = Translator(slow, words, words)
    found.gate = slow.gate
    return found, slow


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/translate", {"text": "das Haus ist rot " * 20}),
        ("/v1/translate", {"text": "das Haus ist rot " * 20, "search": {"sample": True}}),
        ("/v1/translate", {"text": "das Haus ist rot " * 20, "stream": True}),
        ("/v1/explain", {"text": "das Haus ist rot " * 20}),
    ],
)
def test_a_search_is_given_up_at_its_next_step(translator, path, asked):
    found, slow = translator
    app = app_of({"toy": found}, {"toy": translation.SERVICE})
    with serving(app) as address:
        hang_up_while_computed(app, address, slow, asked, path)
        with connected(address) as connection:
            connection.sendall(request_of({"text": "das Haus"}, "/v1/translate"))
            (record,) = json.loads(answer_of(connection)[2])["translations"]
    assert record["translation"] == "Haus das"
    assert len(slow.letters_begun) <= 6  # of 80 tokens: the step that ran, and those of "das Haus"
