"""Many hypotheses at once: the numbers of one by one."""

import math

import numpy as np
import pytest
from language.tiny import SMALL, untrained

LINES = ["the cat sees the zebra .", "", "the dog", "a ball the bird the cat the cat"]


@pytest.mark.parametrize("name", SMALL)
def test_lines_have_the_scores_that_they_have_alone(name):
    model = untrained(name, steps=4, stride=2)
    scorer = model.scorer()
    totals = np.zeros(len(LINES))
    states = scorer.begin(len(LINES))
    words = [scorer.encode(line) for line in LINES]

    for place in range(max(map(len, words))):
        rows = [row for row, ids in enumerate(words) if len(ids) > place]
        ids = [words[row][place] for row in rows]
        scores, after = scorer.step(scorer.select(states, rows), ids)
        totals[rows] += scores

        places = np.arange(len(LINES))
        places[rows] = len(LINES) + np.arange(len(rows))
        states = scorer.select(scorer.join([states, after]), places)
    totals += scorer.finish(states)

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
