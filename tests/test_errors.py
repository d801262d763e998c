"""What all errors have in common."""

import pytest

from seqkit.errors import ConfigError, DataError, SeqkitError, WrongType, shortened


@pytest.mark.parametrize("kind", [SeqkitError, ConfigError, WrongType])
def test_a_message_keeps_its_beginning_and_its_end_however_long_the_line_it_quotes(kind):
    said = str(kind(f"lm.arpa:7: not a number: {'{' * 15_000}; remove the line"))
    assert said.startswith("lm.arpa:7: not a number: {{{")
    assert said.endswith("{; remove the line")
    assert len(said) < 2000


def test_an_ordinary_message_is_shown_whole():
    assert str(DataError("x" * 1999)) == "x" * 1999
    assert str(DataError()) == ""


def test_names_are_shortened_to_the_first_few():
    assert shortened(["a", "b"], 2) == "a, b"
    assert shortened(["a", "b", "c"], 2) == "a, b and 1 more"
