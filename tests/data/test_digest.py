"""Digests of data: the same for the same content, another for any other."""

import pytest

from seqkit.data import digest

LINES = [f"line {number}" for number in range(25_000)]


def test_the_same_lines_have_the_same_digest_however_they_come():
    assert digest.of_lines(LINES) == digest.of_lines(iter(LINES))
    assert len(digest.of_lines([])) == 32


@pytest.mark.parametrize(
    "other",
    [
        [],
        LINES[:-1],
        [*LINES, ""],
        ["", *LINES],
        LINES[::-1],
        [*LINES[:-1], LINES[-1] + " "],
        ["\n".join(LINES[:2]), *LINES[2:]],
    ],
    ids=["none", "one less", "an empty last", "an empty first", "reversed", "a blank", "joined"],
)
def test_other_lines_have_another_digest(other):
    assert digest.of_lines(other) != digest.of_lines(LINES)


def test_halves_of_surrogates_are_no_error():
    assert digest.of_lines(["\ud800"]) != digest.of_lines(["\udfff"])
