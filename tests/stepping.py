"""Language models asked word by word, for the tests of their states and of scorers."""

import numpy as np


def walk(model, line):
    """The scores of a line token by token, its end included, and the state before its end."""
    state = model.begin()
    scores = []
    for token in line.split():
        score, state = model.step(state, token)
        scores.append(score)
    return [*scores, model.finish(state)], state


def scored_together(model, lines):
    """The log probability (nats) of each line, all of them word by word together."""
    scorer = model.scorer()
    totals = np.zeros(len(lines))
    states = scorer.begin(len(lines))
    words = [scorer.encode(line) for line in lines]

    for place in range(max(map(len, words))):
        rows = [row for row, ids in enumerate(words) if len(ids) > place]
        ids = [words[row][place] for row in rows]
        scores, after = scorer.step(scorer.select(states, rows), ids)
        totals[rows] += scores

        places = np.arange(len(lines))
        places[rows] = len(lines) + np.arange(len(rows))
        states = scorer.select(scorer.join([states, after]), places)
    return totals + scorer.finish(states)
