"""Which engine `auto` is."""

import pytest

import seqkit
from seqkit.native import layers
from seqkit.search import quicker
from seqkit.search.quicker import MOST_THREADS, WORTH_BEGINNING, is_quicker
from seqkit.threads import threads

pytest.importorskip("ctranslate2")

LINES = ["Where is the station?", "Good morning. How are you?"]
OURS, CTRANSLATE2 = {"torch float32"}, {"ctranslate2 float32"}


class Library:
    def __init__(self, instructions=layers.AVX2, eight_bits=layers.NOTHING):
        self.seqkit_instructions = lambda: instructions
        self.seqkit_instructions_of_eight_bits = lambda: eight_bits


@pytest.fixture
def compiled(monkeypatch):
    """`compiled(library)` is there instead."""
    return lambda library: monkeypatch.setattr(quicker, "library", lambda: library)


@pytest.mark.parametrize(
    ("compute", "count", "work", "expected"),
    [
        ("float32", 1, WORTH_BEGINNING, True),
        ("float32", 1, WORTH_BEGINNING - 1, False),
        ("float32", 2, 2 * WORTH_BEGINNING, True),
        ("float32", 2, 2 * WORTH_BEGINNING - 1, False),  # by the clock, it begins as late
        ("float32", MOST_THREADS + 1, 10**9, False),
        ("int8", 1, WORTH_BEGINNING, False),
        ("bfloat16", 1, WORTH_BEGINNING, False),
    ],
)
def test_our_own_search_is_quicker_for_much_text(compiled, compute, count, work, expected):
    compiled(Library())
    assert is_quicker(compute, count, work) == expected


@pytest.mark.parametrize("library", [None, Library(layers.NOTHING)])
def test_it_is_not_without_compiled_layers(compiled, library):
    compiled(library)
    assert not is_quicker("float32", 1)


def engines_of(translator, lines=LINES, **settings):
    found = translator.translate_nbest(lines, **settings)
    return {translation.engine for nbest in found for translation in nbest}


@pytest.fixture
def soon(monkeypatch, compiled):
    """Two lines with a beam of 5 are worth it on any machine, not with a beam of 1."""
    compiled(Library())
    monkeypatch.setattr(quicker, "WORTH_BEGINNING", 50 / threads())
    monkeypatch.setattr(quicker, "MOST_THREADS", threads())


def test_much_text_at_once_is_searched_by_ours_and_so_is_what_follows(soon, shipped):
    translator = seqkit.load(shipped, device="cpu")
    assert engines_of(translator, LINES, beam=1) == CTRANSLATE2
    assert engines_of(translator, LINES) == OURS
    assert engines_of(translator, LINES, beam=1) == OURS

    other = seqkit.load(shipped, device="cpu", engine="ctranslate2")
    assert translator.translate(LINES) == other.translate(LINES)


@pytest.mark.parametrize("asked", [{"engine": "ctranslate2"}, {"compute": "int8"}])
def test_what_was_asked_for_stays(soon, shipped, asked):
    """In int8, the two engines do not find the same."""
    translator = seqkit.load(shipped, device="cpu", **asked)
    (engine,) = engines_of(translator, LINES)
    assert engine.startswith("ctranslate2")
