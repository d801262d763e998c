"""Translators and tokenizers that several files use."""

import pytest
from translators import LINES, Backwards

import seqkit
from seqkit.plugins import components
from seqkit.registry import Entry
from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.translator import Translator


@pytest.fixture(scope="session")
def english(shipped):
    """The shipped translator from English to German."""
    return seqkit.load(shipped, device="cpu")


@pytest.fixture(scope="session")
def words():
    return Tokenizer.train(LINES, TextConfig(tokenizer="word", normalize=["squeeze"]))


@pytest.fixture(scope="session")
def chars():
    return Tokenizer.train(LINES, TextConfig(tokenizer="char", normalize=["squeeze"]))


@pytest.fixture
def backwards(words):
    return Translator(Backwards(len(words.vocab)), words, words)


@pytest.fixture
def registered(monkeypatch):
    """`registered("metrics", name, target)` registers a name, as a plugin would, for one test."""

    def register(kind, name, target):
        registry = getattr(components(), kind)
        entry = Entry(name, target, "a-plugin", "for a test")
        monkeypatch.setitem(registry._entries, name, entry)

    return register
