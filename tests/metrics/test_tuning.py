"""Tuning of weights, beside trying them all."""

import numpy as np
import pytest

from seqkit.metrics.overlap import bleu, chrf, statistics
from seqkit.metrics.tuning import Candidates, envelope, tune


def some_candidates(seed, sentences=12, outputs=5, features=2):
    """Outputs whose score is the share of hits."""
    rng = np.random.default_rng(seed)
    rows = [rng.normal(size=(outputs, features)) for _ in range(sentences)]
    hits = np.array([0.0, 1.0])  # of how many
    numbers = [rng.integers(0, 3, size=(outputs, 2)) + hits for _ in range(sentences)]
    return Candidates(rows, numbers, lambda total: 100 * total[0] / total[1])


@pytest.mark.parametrize("seed", range(20))
def test_the_envelope_is_the_highest_line_everywhere(seed):
    rng = np.random.default_rng(seed)
    heights = rng.integers(-4, 5, size=6).astype(float)  # often equal, often parallel
    slopes = rng.integers(-3, 4, size=6).astype(float)
    order, crossings = envelope(heights, slopes)
    assert len(order) == len(crossings) + 1
    assert crossings == sorted(crossings)

    edges = [-100.0, *crossings, 100.0]
    for line, begin, end in zip(order, edges, edges[1:], strict=False):
        x = (begin + end) / 2
        assert heights[line] + slopes[line] * x == pytest.approx((heights + slopes * x).max())


@pytest.mark.parametrize("seed", range(5))
def test_no_weights_of_a_fine_grid_do_better(seed):
    candidates = some_candidates(seed)
    tuned = tune(candidates, np.array([1.0, 0.0]))
    angles = np.linspace(0, 2 * np.pi, 5000)
    best = max(candidates.score_of(np.array([np.cos(a), np.sin(a)])) for a in angles)
    assert tuned.score == pytest.approx(best, abs=1e-9)
    assert candidates.score_of(tuned.weights) == pytest.approx(tuned.score)
    assert np.abs(tuned.weights).max() == pytest.approx(1)


def test_the_same_seed_finds_the_same_weights():
    candidates = some_candidates(7, features=4)
    start = np.array([1.0, 0, 0, 0])
    first, second = (tune(candidates, start, seed=3) for _ in range(2))
    assert first.weights.tolist() == second.weights.tolist()
    assert first.score >= candidates.score_of(start)


def test_where_nothing_can_be_gained_the_weights_stay():
    rows = [np.array([[1.0, 5.0], [0.0, -5.0]])] * 3
    numbers = [np.array([[1.0, 1.0], [1.0, 1.0]])] * 3
    tuned = tune(Candidates(rows, numbers, lambda total: 100.0), np.array([2.0, 0.0]))
    assert tuned.weights.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(("name", "metric"), [("bleu", bleu), ("chrf", chrf)])
def test_statistics_sum_to_the_corpus_score(name, metric):
    outputs = ["a man rides a red bike .", "two dogs play in the snow", "a child"]
    references = [
        ["a man rides a bike .", "two dogs are playing in the snow", "a small child sleeps"],
        [None, "dogs play", None],
    ]
    found = statistics(name, outputs, references)
    total = found.rows.sum(axis=0)
    assert found.score(total) == pytest.approx(metric(outputs, references).score)
