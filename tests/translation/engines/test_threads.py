"""Our own search by several threads: the same as by one."""

import threading

import pytest
import torch

import seqkit
from seqkit.search import decoding
from seqkit.search.rules import Rules
from seqkit.translation.engines import compute
from seqkit.translation.engines import own as engine

LINES = [
    "Where is the station?",
    "He opened the door, looked around, and went back to his car without a word.",
    "In 1998, about 25 kg of gold were found.",
    "",
    "Good morning. How are you?",
    "The committee will discuss the proposal for a new bridge at its next meeting on Tuesday.",
] * 6
SETTINGS = [
    {},
    {"beam": 1},
    {"nbest": 3},
    {"sample": True, "nbest": 2, "seed": 3},
    {"must": ["Tag"]},
    {"groups": 5, "diversity": 0.5},
    {"coverage_penalty": 0.2},
]


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def searched_by(monkeypatch):
    """The threads that have searched."""
    found = set()
    for name in ("_search", "_sample"):
        search = getattr(decoding, name)

        def noting(*given, search=search):
            found.add(threading.current_thread())
            return search(*given)

        monkeypatch.setattr(decoding, name, noting)
    return found


def own(number="float32"):
    if number == "int8" and not compute.has_own_int8():
        pytest.skip("this CPU, or this installation, has no int8 of our own")
    return seqkit.load(device="cpu", engine="torch", compute=number)


def translated(translator, threads, **settings):
    torch.set_num_threads(threads)
    return translator.translate_nbest(LINES, **settings)


@pytest.mark.parametrize("number", ["float32", "int8"])
@pytest.mark.parametrize("settings", SETTINGS)
def test_two_threads_find_what_one_finds(shipped, two_threads, number, settings):
    translator = own(number)
    alone = translated(translator, 1, **settings)
    together = translated(translator, 2, **settings)
    for one, two in zip(alone, together, strict=True):
        assert [each.text for each in one] == [each.text for each in two]
        scores = [each.score for each in one]
        assert [each.score for each in two] == pytest.approx(scores, abs=1e-4)


def test_each_thread_has_batches_of_its_own(shipped, two_threads, searched_by):
    if compute.compiled_library() is None:
        pytest.skip("no compiled library")
    translated(own(), 2)
    assert searched_by
    assert threading.current_thread() not in searched_by


@pytest.mark.parametrize(
    "asked", [{"fusion": object()}, {"rules": Rules(further=(lambda history, vocab: None,))}]
)
def test_what_others_have_written_is_called_by_this_thread_alone(
    shipped, two_threads, searched_by, asked, monkeypatch
):
    """Language models, and rules of plugins, may keep what no two threads can share."""
    translator = own()
    sources = translator.source.encode_all(LINES[:3] * 6, eos=True)
    monkeypatch.setattr(decoding, "beam_search", lambda *given, **options: [[1]] * len(given[1]))

    given = {"rules": Rules(), "batch_tokens": 1500, **asked}
    engine.search(translator.models, sources, translator.search, **given)
    assert searched_by == {threading.current_thread()}


def test_torch_divides_its_operations_itself(shipped, two_threads, searched_by, monkeypatch):
    monkeypatch.setenv("SEQKIT_NATIVE", "off")
    translated(own(), 2)
    assert searched_by == {threading.current_thread()}
