"""Mixture weights against brute force, and the bounds that any mixture keeps."""

import json
import math

import numpy as np
import pytest
from ngram.slow import some_lines

from seqkit import ngram
from seqkit.errors import DataError
from seqkit.language.mixtures import Mixture, MixtureReport, log_probabilities, mix


def logs(seed, models=2, tokens=60):
    """Made-up log probabilities, in which each model is good at other tokens."""
    rng = np.random.default_rng(seed)
    return list(np.log(rng.beta(0.5, 1, (models, tokens)) + 1e-4))


def likelihood(weights, rows):
    return float(np.log(np.tensordot(weights, np.exp(rows), 1)).sum())


@pytest.mark.parametrize("seed", range(4))
def test_two_weights_are_those_of_a_grid_search(seed):
    rows = logs(seed)
    found = mix(rows)
    grid = np.linspace(0, 1, 2001)
    best = max(grid, key=lambda weight: likelihood([weight, 1 - weight], rows))
    assert found.weights[0] == pytest.approx(best, abs=2e-3)
    assert found.log_probability(rows) == pytest.approx(likelihood(found.weights, rows))
    assert found.log_probability(rows) >= max(likelihood([w, 1 - w], rows) for w in grid) - 1e-5


def test_three_weights_are_those_of_a_grid_search():
    rows = logs(7, models=3)
    found = mix(rows)
    steps = 50
    grid = [
        (i / steps, j / steps, 1 - (i + j) / steps)
        for i in range(steps + 1)
        for j in range(steps + 1 - i)
    ]
    best = max(grid, key=lambda weights: likelihood(weights, rows))
    assert found.weights == pytest.approx(best, abs=1.5 / steps)
    assert found.log_probability(rows) >= likelihood(best, rows) - 1e-6


@pytest.mark.parametrize("models", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_a_mixture_is_never_worse_than_its_best_model(models, seed):
    rows = logs(seed, models)
    found = mix(rows)
    assert sum(found.weights) == pytest.approx(1)
    assert min(found.weights) >= 0
    assert found.log_probability(rows) >= max(row.sum() for row in rows) - 1e-6 * len(rows[0])


def test_a_mixture_of_one_model_is_that_model():
    (row,) = logs(1, models=1)
    found = mix([row])
    assert found.weights == [1]
    assert found.log_probability([row]) == pytest.approx(row.sum())


def test_equal_models_share_the_weight_and_a_useless_one_gets_none():
    (row,) = logs(1, models=1)
    assert mix([row, row]).weights == [0.5, 0.5]
    found = mix([row, row - 5])
    assert found.weights == pytest.approx([1, 0], abs=1e-6)
    assert found.log_probability([row, row - 5]) == pytest.approx(row.sum(), abs=1e-4)


def test_tiny_probabilities_do_not_vanish():
    rows = logs(3)
    tiny = [row - 2000 for row in rows]
    found, plain = mix(tiny), mix(rows)
    assert found.weights == pytest.approx(plain.weights)
    assert found.log_probability(tiny) == pytest.approx(
        plain.log_probability(rows) - 2000 * len(rows[0])
    )


def test_a_token_that_one_model_finds_impossible_is_predicted_by_the_other():
    one, other = logs(2)
    one[:20] = -np.inf
    found = mix([one, other])
    assert math.isfinite(found.log_probability([one, other]))
    grid = np.linspace(0.001, 0.999, 999)
    best = max(grid, key=lambda weight: likelihood([weight, 1 - weight], [one, other]))
    assert found.weights[0] == pytest.approx(best, abs=2e-3)


def test_a_token_that_all_models_find_impossible_does_not_change_the_weights():
    rows = logs(2)
    expected = mix(rows).weights
    longer = [np.append(row, -np.inf) for row in rows]
    found = mix(longer)
    assert found.weights == pytest.approx(expected, abs=1e-4)
    assert found.log_probability(longer) == -math.inf
    assert math.isfinite(found.log_probability(rows))
    nothing = [np.full(3, -np.inf)] * 2
    assert mix(nothing).weights == [0.5, 0.5]
    assert mix(nothing).log_probability(nothing) == -math.inf
    assert Mixture([1.0, 0.0]).log_probability(rows) == pytest.approx(rows[0].sum())


def test_a_text_of_no_lines_has_no_log_probabilities():
    assert log_probabilities(ngram.train(["a"], order=1), []).shape == (0,)


@pytest.mark.parametrize("rows", [[], [np.zeros(0)], [np.zeros(2), np.zeros(3)]])
def test_scores_of_different_texts_or_of_no_text_are_refused(rows):
    with pytest.raises(DataError, match="score the same tokens"):
        mix(rows)


def test_models_of_two_kinds_of_text_are_weighted_by_how_much_of_each_a_text_holds():
    left, right = some_lines(1, words="abcd", lines=80), some_lines(2, words="edcba"[::2], lines=80)
    models = [ngram.train(lines, order=2, smoothing="witten-bell") for lines in (left, right)]
    text = [*left[:60], *right[:6]]
    rows = [log_probabilities(model, text) for model in models]
    for model, row in zip(models, rows, strict=True):
        assert row.sum() == pytest.approx(model.evaluate(text).log_probability)
        expected = [
            score * math.log(10) for line in text for score, _, _ in model.full_scores(line)
        ]
        assert row == pytest.approx(np.array(expected))
    found = mix(rows)
    assert found.weights[0] > 0.75
    assert found.log_probability(rows) > max(row.sum() for row in rows)


def test_em_stops_when_it_no_longer_gains():
    rows = logs(1)
    best = mix(rows).log_probability(rows)
    first = mix(rows, rounds=1)
    assert first.weights != [0.5, 0.5]
    assert mix(rows, rounds=0).weights == [0.5, 0.5]
    assert mix(rows, tolerance=1e9).weights == first.weights
    assert mix(rows, rounds=10_000, tolerance=0).log_probability(rows) >= best


def test_a_mixture_shows_its_weights():
    assert repr(Mixture([0.25, 0.75])) == "<Mixture 0.250 + 0.750>"


def test_a_report_shows_perplexity_and_weights():
    found = MixtureReport(
        names=["a.arpa", "runs/b"],
        mixture=Mixture([0.25, 0.75]),
        log_probability=-20.0,
        tokens=10,
        fitted_on="this text",
        signatures=["x", "y"],
    )
    assert str(found) == (
        "mixture, weights fitted on this text: perplexity 7.3891 = 0.250 a.arpa + 0.750 runs/b"
    )
    assert found.signature == "0.25 × x + 0.75 × y"
    record = found.record()
    assert json.loads(json.dumps(record)) == record
    assert record == {
        "mixture": {"a.arpa": 0.25, "runs/b": 0.75},
        "perplexity": pytest.approx(math.exp(2)),
        "tokens": 10,
        "log10_probability": pytest.approx(-20 / math.log(10)),
        "fitted_on": "this text",
        "signatures": ["x", "y"],
    }
