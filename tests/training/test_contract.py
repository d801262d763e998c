"""What is said of a model that lacks something its task asks for."""

from typing import ClassVar, Protocol

import pytest

from seqkit.training.contract import members, missing_members


class Base(Protocol):
    def start(self) -> int:
        """The first state. More on it."""


class Contract(Base, Protocol):
    kind: ClassVar[str]
    vocab: int
    _private: int

    @property
    def output(self) -> int:
        """The last layer."""

    def step(self, x: int) -> int: ...


class Whole:
    kind = "whole"
    output = 3

    def __init__(self):
        self.vocab = 7

    def start(self):
        return 0

    def step(self, x):
        return x


class Empty:
    pass


def test_members_are_those_of_the_protocol_and_its_bases():
    assert members(Contract) == {
        "start": "The first state. More on it",
        "kind": "",
        "vocab": "",
        "output": "The last layer",
        "step": "",
    }


def test_nothing_is_missing_from_a_model_that_has_all():
    assert missing_members(Whole(), Contract) == []
    assert missing_members(Whole, Contract) == []


def test_everything_that_is_missing_is_named():
    assert missing_members(Empty(), Contract) == [
        "start (The first state. More on it)",
        "kind",
        "vocab",
        "output (The last layer)",
        "step",
    ]


@pytest.mark.parametrize("name", ["vocab", "output"])
def test_a_class_is_not_asked_for_what_its_instances_have(name):
    assert not any(entry.startswith(name) for entry in missing_members(Empty, Contract))
