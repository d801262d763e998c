"""A model that is opened when it is needed."""

import copy
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

import seqkit
from seqkit.translation.engines.searcher import Deferred, Searcher

_SOON = 60  # seconds, after which something waits for ever


def within_time(work):
    """What `work` returns, unless it waits for ever: then the test fails, and does not wait."""
    answers = []
    thread = Thread(target=lambda: answers.append(work()), daemon=True)
    thread.start()
    thread.join(_SOON)
    assert answers
    return answers[0]


def deferred(open):
    return Searcher(Deferred("Toy", attends=True, open=open))


def test_threads_that_ask_together_open_the_model_once():
    opened = []

    def open_slowly():
        opened.append(1)
        time.sleep(0.05)
        return object()

    searcher = deferred(open_slowly)
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda _: searcher.models[0], range(4)))

    assert len(opened) == 1
    assert len(set(map(id, models))) == 1


def test_opening_may_ask_for_models():
    """As opening a run does, whose translator opens its own."""
    inner = deferred(object)
    outer = deferred(lambda: inner.models[0])
    assert within_time(lambda: outer.models) == inner.models


def test_opening_may_ask_for_the_very_model_that_is_opened():
    asked = []

    def open_and_ask():
        asked.append(1)
        return searcher.models[0] if len(asked) == 1 else "the model"

    searcher = deferred(open_and_ask)
    assert within_time(lambda: searcher.models) == ["the model"]
    assert searcher.models == ["the model"]


def test_a_model_is_opened_while_another_one_is():
    begun, ended = Event(), Event()

    def open_slowly():
        begun.set()
        assert ended.wait(_SOON)
        return "slow"

    slow = deferred(open_slowly)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: slow.models)
        assert begun.wait(_SOON)
        assert within_time(lambda: deferred(lambda: "quick").models) == ["quick"]
        ended.set()
        assert waiting.result(_SOON) == ["slow"]


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))],  # noqa: S301
)
def test_a_copy_opens_its_model(copied):
    assert copied(deferred(dict)).models == [{}]


def test_a_translation_with_an_alignment_returns(shipped):
    """CTranslate2 searches; the model that knows what it attends to is opened in torch after it."""
    translator = seqkit.load(shipped, device="cpu")
    (line,) = within_time(lambda: translator.predict(["I like my cat."], align=True))
    assert len(line.alignment) >= 3
