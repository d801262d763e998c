"""train.minutes, train.average_last, fp16 with loss scaling, and going back to a whole update."""

import itertools
import math

import pytest
import torch
from torch import nn
from toy_task import Lines, make_trainer

from seqkit.config import TrainConfig
from seqkit.errors import ConfigError, WrongValue
from seqkit.training import Evaluated, Updated
from seqkit.training.devices import pick_precision
from seqkit.training.scaling import LossScale


def resumed(trainer, **settings):
    """Another trainer, where this one is."""
    tensors = {name: value.clone() for name, value in trainer.tensors().items()}
    averaged = {name: value.clone() for name, value in trainer.averaged.state_dict().items()}
    again = make_trainer(**settings)
    torch.manual_seed(999)  # a new process knows nothing
    again.averaged.load_state_dict(averaged)
    again.restore(tensors, trainer.loop_state())
    return again


# Minutes


@pytest.fixture
def clock(monkeypatch):
    """Each look at the clock takes twenty seconds."""
    seconds = itertools.count(0, 20)
    monkeypatch.setattr("seqkit.training.trainer.time.monotonic", lambda: float(next(seconds)))


def test_a_run_ends_after_its_minutes_evaluated_and_goes_on_with_more(clock):
    settings = {"steps": 0, "eval_every": 100, "minutes": 2.0}
    trainer = make_trainer(**settings)
    events = list(trainer.run())
    assert [event.step for event in events if isinstance(event, Updated)] == [1, 2, 3, 4, 5, 6]
    assert isinstance(events[-1], Evaluated)

    assert list(resumed(trainer, **settings).run()) == []
    longer = resumed(trainer, **settings | {"minutes": 3.0})
    assert [event.step for event in longer.run() if isinstance(event, Updated)] == [7, 8, 9]


def test_a_limit_of_steps_may_come_before_that_of_minutes(clock):
    trainer = make_trainer(steps=3, minutes=2.0)
    assert [event.step for event in trainer.run() if isinstance(event, Updated)] == [1, 2, 3]


def test_without_a_limit_of_minutes_the_time_is_no_part_of_the_state():
    trainer = make_trainer(steps=2)
    list(trainer.run())
    assert trainer.loop_state()["seconds"] == 0


def test_a_run_needs_one_of_three_limits():
    assert TrainConfig(minutes=1.5).minutes == 1.5
    with pytest.raises((WrongValue, ValueError), match="set steps, epochs or minutes"):
        TrainConfig()


# The mean of the last evaluations


def test_what_is_evaluated_is_the_mean_of_the_weights_at_the_last_evaluations():
    trainer = make_trainer(steps=9, eval_every=2, average_last=3)
    weights, means = [], []
    for event in trainer.run():
        if isinstance(event, Evaluated):
            weights.append(trainer.model.weight.detach().double())
            means.append(trainer.averaged.weight.detach().clone())
    assert len(weights) == 5
    for number, mean in enumerate(means):
        expected = torch.stack(weights[max(0, number - 2) : number + 1]).mean(0)
        assert torch.equal(mean, expected.float())


@pytest.mark.parametrize("step", [3, 4, 7])
def test_a_mean_of_evaluations_is_resumed_bit_for_bit(step):
    settings = {"steps": 11, "eval_every": 2, "average_last": 3, "dropout": 0.3}
    whole = make_trainer(**settings)
    figures = [event.metrics for event in whole.run() if isinstance(event, Evaluated)]

    first = make_trainer(**settings)
    found = []
    for event in first.run():
        if isinstance(event, Evaluated):
            found.append(event.metrics)
        if event.step == step and (step % 2 or isinstance(event, Evaluated)):
            break
    first.average.between_evaluations()  # what is saved between two evaluations does not matter
    second = resumed(first, **settings)
    found += [event.metrics for event in second.run() if isinstance(event, Evaluated)]

    assert found == figures
    for name, tensor in whole.tensors().items():
        assert torch.equal(tensor, second.tensors()[name]), name
    assert torch.equal(whole.averaged.weight, second.averaged.weight)


def test_between_evaluations_the_weights_of_now_are_kept():
    trainer = make_trainer(steps=3, average_last=2)
    next(trainer.run())
    trainer.average.between_evaluations()
    assert torch.equal(trainer.averaged.weight, trainer.model.weight)


def test_only_one_kind_of_mean_is_taken():
    with pytest.raises((WrongValue, ValueError), match="choose one of average and average_last"):
        TrainConfig(steps=1, average=0.9, average_last=2)


# Loss scaling


def test_fp16_is_for_cuda():
    with pytest.raises(ConfigError, match="'fp16' is for CUDA devices, this is 'cpu'"):
        make_trainer(precision="fp16")
    assert pick_precision(torch.device("cuda"), "fp16", nn.Linear(1, 1)) == "fp16"


def with_scaling(**settings):
    trainer = make_trainer(**settings)
    trainer.scale = LossScale(on=True)
    return trainer


def test_a_scaled_loss_gives_the_same_weights():
    """The scale is a power of two, so not even rounding differs."""
    settings = {"steps": 6, "accumulate": 2, "dropout": 0.3}
    plain, scaled = make_trainer(**settings), None
    events = [event for event in plain.run() if isinstance(event, Updated)]
    scaled = with_scaling(**settings)
    found = [event for event in scaled.run() if isinstance(event, Updated)]
    assert [event.loss for event in found] == [event.loss for event in events]
    assert [event.grad_norm for event in found] == [event.grad_norm for event in events]
    assert torch.equal(plain.model.weight, scaled.model.weight)


def test_an_update_that_overflows_is_made_again_with_half_the_scale():
    """As in fp16, where 65,504 is the largest number."""
    plain = make_trainer(steps=4, dropout=0.3)
    list(plain.run())

    trainer = with_scaling(steps=4, dropout=0.3)
    for parameter in trainer.parameters:
        parameter.register_hook(lambda g: torch.where(g.abs() > 65_504, math.inf, g))
    assert [event.step for event in trainer.run() if isinstance(event, Updated)] == [1, 2, 3, 4]
    assert trainer.scale.value < 2**16
    assert torch.equal(plain.model.weight, trainer.model.weight)


def test_a_loss_that_is_not_finite_at_any_scale_has_diverged():
    trainer = with_scaling()
    group = next(iter(trainer.groups()))
    group[0].x[0, 0] = float("nan")
    with pytest.raises(Exception, match="training diverged at step 1"):
        trainer.update(group)
    assert trainer.scale.value == 1


def test_the_scale_is_doubled_after_many_updates_and_part_of_a_checkpoint():
    scale = LossScale(on=True)
    for _ in range(1999):
        scale.advance()
    again = LossScale(on=True)
    again.restore(scale.tensors())
    assert again.value == 2**16
    again.advance()
    assert again.value == 2**17
    off = LossScale(on=False)
    off.restore(scale.tensors())
    assert (off.value, off.tensors()) == (1, {})


# Going back


class Normed(nn.Sequential):
    """A model with buffers that a forward pass changes."""

    def __init__(self):
        super().__init__(nn.BatchNorm1d(3), nn.Linear(3, 1))


def test_an_update_that_fails_leaves_no_trace_once_it_is_undone(monkeypatch):
    settings = {"steps": 6, "accumulate": 2, "dropout": 0.3, "carry": True, "rows": 64}

    def trainer():
        torch.manual_seed(1)
        made = make_trainer(**settings)
        torch.manual_seed(1)
        return type(made)(made.task, Normed(), made.config, made.optim)

    whole = trainer()
    list(whole.run())

    broken = trainer()
    events = broken.run()
    for _ in range(3):
        next(events)
    real, calls = Lines.step, []

    def step(self, *args):
        found = real(self, *args)
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("in the second batch of an update")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Lines, "step", step)
        with pytest.raises(RuntimeError, match="second batch"):
            next(events)
    assert broken.rewind()
    list(broken.run())

    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, broken.model.state_dict()[name]), name
    for name, value in whole.tensors().items():
        assert torch.equal(value, broken.tensors()[name]), name
