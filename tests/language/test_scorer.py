"""Many hypotheses at once: the numbers of one by one."""

import math

import numpy as np
import pytest
from language.tiny import SMALL, untrained
from stepping import scored_together

LINES = ["the cat sees the zebra .", "", "the dog", "a ball the bird the cat the cat"]


@pytest.mark.parametrize("name", SMALL)
def test_lines_have_the_scores_that_they_have_alone(name):
    model = untrained(name, steps=4, stride=2)
    totals = scored_together(model, LINES)
    for line, total in zip(LINES, totals, strict=True):
        ((_, alone),) = model.score_blocks([f"{line}\n".encode()], at_once=True)
        assert total == pytest.approx(alone.scores.sum() * math.log(10), rel=1e-4)


def test_every_following_token_has_the_score_of_a_step():
    model = untrained("lstm")
    scorer = model.scorer()
    _, states = scorer.step(scorer.begin(1), scorer.encode("the"))
    _, state = model.step(model.begin(), "the")

    found = scorer.following(states)
    for i, token in enumerate(scorer.tokens):
        assert found[0, i] == pytest.approx(model.step(state, token)[0] * math.log(10), rel=1e-4)


def test_hypotheses_of_a_search_read_every_token_once(monkeypatch):
    model = untrained("transformer-lm", steps=9, stride=3)
    read = []
    extend = model.model.extend

    def watched(ids, past):
        read.append(tuple(ids.shape))
        return extend(ids, past)

    monkeypatch.setattr(model.model, "extend", watched)
    scorer = model.scorer()
    states = scorer.begin(2)
    for tokens in ("the a", "cat dog", "sees has"):
        _, states = scorer.step(states, scorer.encode(tokens))
        states = scorer.select(states, np.arange(2)[::-1])
    assert read == [(1, 1), (2, 1), (2, 1), (2, 1)]
