"""Ctrl-C at any moment of a command."""

import pytest

from seqkit.errors import SeqkitError


def ctrl_c(_entry):
    raise KeyboardInterrupt


def a_compiled_module_is_interrupted(_entry):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        raise ImportError("initialization of _library failed") from error


def a_context_is_lost(_entry):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise SystemError("returned a result with an exception set")  # noqa: B904


def a_training_tells_more(_entry):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        raise SeqkitError("saved in runs/a") from error


@pytest.mark.parametrize(
    "happens",
    [ctrl_c, a_compiled_module_is_interrupted, a_context_is_lost],
    ids=lambda f: f.__name__,
)
def test_ctrl_c_while_a_command_is_imported_is_one_line(cli, monkeypatch, happens):
    monkeypatch.setattr("seqkit.registry.Entry.load", happens)

    assert cli("translate", "a").complaint(130) == "interrupted"


def test_an_error_of_ours_keeps_its_words(cli, monkeypatch):
    monkeypatch.setattr("seqkit.registry.Entry.load", a_training_tells_more)

    assert cli("translate", "a").complaint() == "saved in runs/a"


def test_another_error_is_shown_as_it_is(cli, monkeypatch):
    def a_bug(_entry):
        raise ValueError("a bug")

    monkeypatch.setattr("seqkit.registry.Entry.load", a_bug)

    with pytest.raises(ValueError, match="a bug"):
        cli("translate", "a")
