"""Many hypotheses at once: the numbers of one by one."""

import math

import numpy as np
import pytest
from ngram.slow import some_lines
from ngram.test_states import CORNERS
from stepping import scored_together

from seqkit import ngram
from seqkit.ngram.text import BOS

LINES = ["a b", "", "b zzz a a", "c"]


@pytest.fixture(scope="module", params=["kneser-ney", "stupid-backoff"])
def model(request):
    return ngram.train(some_lines(3, lines=40), order=3, smoothing=request.param)


def test_lines_have_the_scores_that_they_have_alone(model):
    expected = [model.score(line) * math.log(10) for line in LINES]
    assert scored_together(model, LINES) == pytest.approx(expected, rel=1e-5)


def test_every_following_word_has_the_score_of_a_step(model):
    scorer = model.scorer()
    _, states = scorer.step(scorer.begin(2), scorer.encode("a b"))
    found = scorer.following(states)

    for row, first in enumerate("ab"):
        _, state = model.step(model.begin(), first)
        for i, word in enumerate(model.words):
            expected = -math.inf if word == "<s>" else model.step(state, word)[0] * math.log(10)
            assert found[row, i] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_index_of_histories_gives_the_scores_of_steps(order):
    model = ngram.train(some_lines(order, lines=60), order=order, smoothing="witten-bell")
    scorer = model.scorer()
    assert scorer._following
    states = scorer.begin(5)
    for ids in ([3, 4, 5, 6, 0], [4, 4, 3, 0, 3], [5, 3, 3, 3, 4], [3, 4, 5, 3, 5]):
        assert scorer.following(states) == pytest.approx(by_steps(scorer, states), abs=1e-5)
        _, states = scorer.step(states, ids)


def test_blanks_and_lasting_contexts_are_scored_as_by_steps(tmp_path):
    path = tmp_path / "corners.arpa"
    path.write_text(CORNERS)
    scorer = ngram.load(path).scorer()
    states = scorer.begin(3)
    for ids in ([3, 4, 5], [5, 6, 5], [6, 5, 4]):
        assert scorer.following(states) == pytest.approx(by_steps(scorer, states), abs=1e-5)
        _, states = scorer.step(states, ids)


def by_steps(scorer, states):
    """The score of each word after each state by a step of its own; `<s>` never follows."""
    found = np.full((len(states), len(scorer.tokens)), -math.inf, np.float32)
    for word in range(len(scorer.tokens)):
        if word != BOS:
            found[:, word], _ = scorer.step(states, np.full(len(states), word))
    return found
