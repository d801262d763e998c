"""What the loop remembers of its evaluations."""

import math

import pytest

from seqkit.training.state import State
from seqkit.training.task import Goal


def test_evaluations_are_counted_since_the_best_and_in_all():
    state = State()
    best = []
    for step, value in enumerate([3.0, 4.0, 2.0, 2.0, 2.5], start=1):
        state.step = step
        best.append(state.record_evaluation(value, Goal("loss", "lower")))

    assert best == [True, False, True, False, False]
    assert state.best == 2.0
    assert state.evaluations_since_best == 2
    assert state.evaluations_without_improvement == 3
    assert state.averaged_since == 2
    assert state.evaluated == 5


def test_of_equally_good_evaluations_that_with_the_lowest_loss_is_the_best():
    state = State()
    goal = Goal("accuracy", "higher")
    rows = [(0.9, 0.5), (0.9, 0.4), (0.9, 0.45), (0.9, math.nan), (0.9, None), (0.8, 0.1)]
    found = [state.record_evaluation(value, goal, loss) for value, loss in [*rows, (0.91, 0.9)]]
    assert found == [True, True, False, False, False, False, True]
    assert (state.best, state.best_loss) == (0.91, 0.9)


def test_of_equally_good_evaluations_without_losses_the_first_is_the_best():
    """A checkpoint of an earlier version does not say what its loss was."""
    state = State.from_record({"step": 3, "best": 0.9})
    assert not state.record_evaluation(0.9, Goal("accuracy", "higher"), 0.1)


@pytest.mark.parametrize(("better", "values"), [("lower", (2, 1)), ("higher", (1, 2))])
def test_the_first_value_is_the_best_until_a_better_one_comes(better, values):
    goal = Goal("figure", better)
    assert goal.improves(values[0], None)
    assert goal.improves(values[1], values[0])
    assert not goal.improves(values[0], values[1])
    assert not goal.improves(values[0], values[0])


@pytest.mark.parametrize("record", [None, {"steps": 3}, 7])
def test_a_record_that_is_not_a_state_is_refused(record):
    with pytest.raises(TypeError):
        State.from_record(record)


@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf])
def test_a_number_beats_nan_and_infinity_which_never_are_the_best(better, strange):
    goal = Goal("figure", better)
    assert not goal.improves(strange, None)
    assert not goal.improves(strange, 3.0)
    assert goal.improves(3.0, None)

    state = State()
    found = [state.record_evaluation(value, goal) for value in (strange, strange, 3.0, strange)]
    assert found == [False, False, True, False]
    assert state.best == 3.0
    assert state.evaluations_since_best == 1


@pytest.mark.parametrize("best", [math.nan, math.inf])
def test_a_state_of_an_earlier_version_that_took_nan_for_the_best_has_none(best):
    assert State.from_record({"step": 3, "best": best}).best is None
    assert State.from_record({"step": 3, "best": 2.5}).best == 2.5
