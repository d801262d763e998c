"""Cross-validation, whatever the task."""

import pytest

from seqkit.runs.folds import Spread, cross_validate, fold_folders


def test_each_fold_is_a_run_of_its_own_that_is_scored_after_it_was_trained(tmp_path):
    calls = []

    def train(out, overrides):
        out.mkdir()
        calls.append(("train", out.name, overrides["data.folds"], overrides["data.fold"]))

    def score(run):
        calls.append(("score", run.name))
        return float(run.name[-1])

    heard = []
    scores = cross_validate(
        train, tmp_path, 2, score=score, listener=lambda run, found: heard.append((run.name, found))
    )
    assert scores == [0.0, 1.0]
    assert heard == [("fold-0", 0.0), ("fold-1", 1.0)]
    assert calls == [
        ("train", "fold-0", 2, 0),
        ("score", "fold-0"),
        ("train", "fold-1", 2, 1),
        ("score", "fold-1"),
    ]


def test_the_spread_is_the_mean_and_the_sample_deviation():
    spread = Spread.of([1.0, 2.0, 3.0])
    assert spread == (2.0, 1.0)
    assert str(spread) == "2.0000 ± 1.0000"


@pytest.mark.parametrize("name", ["fold-x", "fold", "best"])
def test_folds_are_found_in_the_order_of_their_numbers(tmp_path, name):
    for other in ("fold-10", "fold-2", name):
        (tmp_path / other).mkdir()
    assert [path.name for path in fold_folders(tmp_path)] == ["fold-2", "fold-10"]
