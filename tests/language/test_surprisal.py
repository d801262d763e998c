"""A page that colours each token by its surprisal."""

import math

import pytest
from language.tiny import LINES, untrained

from seqkit import ngram
from seqkit.language.surprisal import ScoredToken, colour, page, surprisal_page

TOKENS = [
    ScoredToken("<a>", math.log10(1 / 8), False, False),
    ScoredToken("b", 0.0, True, False),
    ScoredToken("</s>", -1.0, False, True),
    ScoredToken("c", -1.0, False, False),
]


def test_surprisal_is_in_bits():
    assert TOKENS[0].surprisal == pytest.approx(3)
    assert TOKENS[1].surprisal == 0


def test_colours_run_from_white_to_red():
    assert colour(0) == "hsl(8,90%,100%)"
    assert colour(8) == "hsl(8,90%,79%)"
    assert colour(16) == colour(1000) == colour(math.inf) == "hsl(8,90%,58%)"


def test_a_page_has_a_paragraph_for_each_line_and_escapes_what_it_shows():
    shown = page("a & b", "perplexity < 7", TOKENS, spaced=True)
    assert "<h1>a &amp; b</h1>" in shown
    assert "perplexity &lt; 7" in shown
    first, second = (line for line in shown.split("\n") if line.startswith("<p><span"))
    assert first.count("<span") == 3
    assert 'title="3.00 bits">&lt;a&gt;</span> <span' in first
    assert 'title="0.00 bits, unknown">b</span>' in first
    assert "⏎</span></p>" in first
    assert second.count("<span") == 1


def test_tokens_that_hold_their_own_spaces_are_not_set_apart():
    shown = page("a", "b", TOKENS, spaced=False)
    assert "</span><span" in shown
    assert "&lt;a&gt;</span> <span" not in shown


@pytest.mark.parametrize(
    ("model", "spaced"),
    [
        (untrained("lstm"), True),
        (untrained("lstm", tokenizer="char"), False),
        (ngram.train(LINES, order=2), True),
        (ngram.train(LINES, order=2, tokenizer="char"), False),
    ],
    ids=["network of words", "network of characters", "counted words", "counted characters"],
)
def test_words_are_set_apart_and_characters_are_not_whatever_model_scores_them(model, spaced):
    shown = surprisal_page(model, [b"cat\n"], "x")
    (line,) = (line for line in shown.split("\n") if line.startswith("<p><span"))
    assert ("</span> <span" in line) == spaced
    report = model.evaluate(["cat"])
    assert f"perplexity {report.perplexity:.4f}, {report.tokens} tokens;" in shown


def test_a_title_that_is_not_utf8_can_be_written():
    shown = page("caf\udce9", "note", [], spaced=True)
    assert "<h1>caf\ufffd</h1>" in shown
    assert shown.encode()
