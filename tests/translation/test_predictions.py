"""Numbers of a line that its translation lacks."""

import pytest

from seqkit.translation.predictions import TranslatedLine, lost_numbers
from seqkit.translation.segments import Translation


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("It was 2026.", "Es war 2062.", ["2026"]),
        ("Call 555 or 556.", "Ruf an.", ["555", "556"]),
        ("13 men", "dreizehn Männer", ["13"]),
        ("I have 3 books.", "Ich habe drei Bücher.", []),
        ("I have 3 books.", "Ich habe 4 Bücher.", ["3"]),
        ("5 men in 2026", "fünf Männer 2062", ["2026"]),
        ("10,000 men and 3.5 km", "10.000 Männer und 3,5 km", []),
        ("10 000 and 20'000", "10.000 und 20000", []),
        ("5, 5 and 555", "5, 5 und 555", []),
        ("no number", "12", []),
    ],
)
def test_a_number_is_lost_unless_it_may_have_become_a_word(source, translation, lost):
    assert lost_numbers(source, translation) == lost


def test_a_record_names_numbers_only_if_some_are_lost():
    def line(text):
        return TranslatedLine("In 2026.", [Translation(text, 0.0, 0.0, [], [])])

    assert line("2062").lost_numbers == ["2026"]
    assert line("2062").record()["lost_numbers"] == ["2026"]
    assert line("2026").lost_numbers == []
    assert "lost_numbers" not in line("2026").record()
