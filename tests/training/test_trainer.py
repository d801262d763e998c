"""The training loop on a task as small as can be."""

import dataclasses
import math
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from toy_task import Lines, make_trainer

from seqkit.config import OptimConfig, TrainConfig
from seqkit.errors import TrainingError
from seqkit.training import Evaluated, Updated
from seqkit.training.optim import learning_rate, make_optimizer


def test_training_lowers_the_loss_and_yields_what_happened():
    trainer = make_trainer(steps=60, eval_every=20)
    before = trainer.evaluate().metrics["loss"]
    events = list(trainer.run())
    assert [e.step for e in events if isinstance(e, Updated)] == list(range(1, 61))
    evaluations = [e for e in events if isinstance(e, Evaluated)]
    assert [e.step for e in evaluations] == [20, 40, 60]
    assert evaluations[-1].metrics["loss"] < before / 2


def test_accumulated_batches_give_the_gradient_of_one_big_batch():
    """Batches differ in size, so a mean of their means would be wrong."""
    gradients = []
    for accumulate, batch in ((1, 12), (3, 4)):
        trainer = make_trainer(accumulate=accumulate, batch=batch, rows=10, clip=0.0, lr=1e-3)
        trainer.optimizer.step = lambda: None
        trainer.optimizer.zero_grad = lambda set_to_none: None
        group = next(iter(trainer.groups()))
        assert len(group) == accumulate
        assert len({b.count for b in group}) == (1 if accumulate == 1 else 2)
        trainer.update(group)
        gradients.append(torch.cat([p.grad.flatten() for p in trainer.parameters]))
    torch.testing.assert_close(*gradients)


def test_the_norm_reported_is_that_of_the_mean_gradient_and_clipping_holds_it():
    trainer = make_trainer(clip=0.01)
    seen = []
    trainer.optimizer.step = lambda: seen.append(
        math.sqrt(sum(float((p.grad**2).sum()) for p in trainer.parameters))
    )
    event = trainer.update(next(iter(trainer.groups())))
    assert event.grad_norm > 0.01
    assert seen[0] == pytest.approx(0.01, rel=1e-4)


def test_a_gradient_below_the_limit_is_not_scaled_up():
    weights = []
    for clip in (0.0, 1e6):
        trainer = make_trainer(clip=clip, optimizer="sgd", steps=3)
        list(trainer.run())
        weights.append(trainer.model.weight.detach())
    assert torch.equal(*weights)


def test_training_passes_over_the_data_in_epochs_and_ends_at_the_first_limit():
    trainer = make_trainer(steps=0, epochs=3, rows=10, batch=4, eval_every=1000)
    events = list(trainer.run())
    assert [e.epoch for e in events if isinstance(e, Updated)] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert isinstance(events[-1], Evaluated)
    assert trainer.finished


def test_patience_ends_training_when_nothing_improves():
    trainer = make_trainer(steps=100, eval_every=1, patience=3, lr=1e-12)
    evaluations = [e for e in trainer.run() if isinstance(e, Evaluated)]
    assert evaluations[-1].step <= 10
    assert not any(e.best for e in evaluations[-3:])


def test_no_data_is_an_error_and_not_an_endless_loop():
    trainer = make_trainer(rows=0)
    with pytest.raises(TrainingError, match="nothing to train on"):
        list(trainer.run())


def test_a_loss_that_is_not_finite_is_an_error_and_changes_no_weight():
    trainer = make_trainer()
    before = [p.detach().clone() for p in trainer.parameters]
    group = next(iter(trainer.groups()))
    group[0].x[0, 0] = float("nan")
    with pytest.raises(
        TrainingError, match=r"diverged at step 1, batch 0 of epoch 0: loss nan.*lower optim\.lr"
    ):
        trainer.update(group)
    assert all(torch.equal(b, p) for b, p in zip(before, trainer.parameters, strict=True))


class FastInBf16(nn.Linear):
    """A model that asks for bf16 where the CPU has it."""

    fast_bf16 = True


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_resuming_anywhere_is_the_same_as_never_stopping_bit_for_bit(cpu_has_bf16, average):
    settings = {
        "model": FastInBf16(3, 1),
        "steps": 23,
        "eval_every": 100,
        "average": average,
        "accumulate": 2,
        "rows": 30,
        "batch": 4,
        "dropout": 0.3,
    }
    whole = make_trainer(**settings)
    losses = [e.loss for e in whole.run() if isinstance(e, Updated)]
    assert whole.precision == ("bf16" if cpu_has_bf16 else "fp32")

    first = make_trainer(**settings)
    events = first.run()
    resumed = [next(events).loss for _ in range(13)]
    tensors = {name: value.clone() for name, value in first.tensors().items()}
    averaged = {name: value.clone() for name, value in first.averaged.state_dict().items()}
    loop_state = first.loop_state()

    second = make_trainer(**settings)
    torch.manual_seed(999)  # a new process knows nothing
    second.averaged.load_state_dict(averaged)
    second.restore(tensors, loop_state)
    resumed += [e.loss for e in second.run() if isinstance(e, Updated)]

    assert resumed == losses
    for kind in ("model", "averaged"):
        for name, value in getattr(whole, kind).state_dict().items():
            assert torch.equal(value, getattr(second, kind).state_dict()[name]), (kind, name)


def test_figures_are_computed_in_float32_whatever_precision_trains(cpu_has_bf16):
    trainer = make_trainer(model=FastInBf16(3, 1))
    dtypes = []
    trainer.model.register_forward_hook(lambda module, given, output: dtypes.append(output.dtype))
    trainer.update(next(iter(trainer.groups())))
    trainer.evaluate()
    assert dtypes == [torch.bfloat16 if cpu_has_bf16 else torch.float32, torch.float32]


def test_a_checkpoint_of_an_earlier_version_is_resumed_under_its_old_names():
    trainer = make_trainer(steps=4, eval_every=1, patience=9)
    trainer.task.metrics = lambda model, totals: {"loss": 1.0 - (trainer.state.step == 2)}
    list(trainer.run())
    loop_state = trainer.loop_state()
    old = {
        "step": 4,
        "epoch": 0,
        "batch": 4,
        "best": 0.0,
        "stale": 2,
        "drops": 2,
        "averaged_since": 3,
        "evaluated": 4,
    }
    resumed = make_trainer(steps=4)
    resumed.restore(trainer.tensors(), old)
    assert resumed.loop_state() == loop_state | {"best_loss": None}
    assert resumed.state.evaluations_since_best == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors: tensors.pop("model.weight"),
        lambda tensors: tensors.update({"model.weight": torch.zeros(2, 2)}),
        lambda tensors: tensors.update({"optimizer.0.exp_avg": torch.zeros(5)}),
        lambda tensors: tensors.update({"optimizer.9.exp_avg": torch.zeros(5)}),
        lambda tensors: tensors.pop("rng.cpu"),
    ],
)
def test_a_state_that_does_not_fit_is_not_restored(damage):
    trainer = make_trainer(steps=3, average=0.5)
    list(trainer.run())
    tensors = trainer.tensors()
    damage(tensors)
    with pytest.raises((LookupError, ValueError)):
        make_trainer(steps=3, average=0.5).restore(tensors, trainer.loop_state())


def test_an_evaluation_that_a_stop_prevented_comes_first_on_resume():
    trainer = make_trainer(steps=4, eval_every=2)
    events = trainer.run()
    stopped_before_its_evaluation = [next(events).step for _ in range(2)]
    assert stopped_before_its_evaluation == [1, 2]

    again = make_trainer(steps=4, eval_every=2)
    again.model.load_state_dict(trainer.model.state_dict())
    again.restore(trainer.tensors(), trainer.loop_state())
    assert [type(event).__name__ for event in again.run()] == [
        "Evaluated",
        "Updated",
        "Updated",
        "Evaluated",
    ]


def test_the_averaged_model_is_the_moving_average_of_the_weights():
    trainer = make_trainer(steps=5, average=0.8, eval_every=100)
    mean = trainer.model.weight.detach().clone()
    for step, event in enumerate(trainer.run()):
        if isinstance(event, Updated):
            decay = min(0.8, (1 + step) / (10 + step))
            mean = decay * mean + (1 - decay) * trainer.model.weight.detach()
    torch.testing.assert_close(trainer.averaged.weight, mean)


def test_averaged_sgd_takes_the_mean_since_the_first_evaluation_that_is_not_the_best():
    trainer = make_trainer(steps=9, eval_every=2, average=1.0, optimizer="sgd")
    values = iter([3.0, 4.0, 2.0, 2.5, 1.0])
    trainer.task.metrics = lambda model, totals: {"loss": next(values)}
    weights = []
    for event in trainer.run():
        if isinstance(event, Updated):
            weights.append(trainer.model.weight.detach().clone())
            if event.step <= 4:
                assert torch.equal(trainer.averaged.weight, weights[-1])
    assert trainer.state.averaged_since == 4
    torch.testing.assert_close(trainer.averaged.weight, torch.stack(weights[4:]).mean(0))


def test_a_carried_state_goes_from_batch_to_batch_and_through_a_checkpoint():
    trainer = make_trainer(steps=3, carry=True)
    list(trainer.run())
    assert trainer.task.carries == [None, 1.0, 2.0]
    again = make_trainer(steps=3, carry=True)
    again.restore(trainer.tensors(), trainer.loop_state())
    assert [float(x) for x in (again.carry[0], again.carry[1][0])] == [3.0, 30.0]


def test_a_carried_state_ends_with_its_epoch():
    trainer = make_trainer(steps=4, carry=True, rows=16, batch=8)
    list(trainer.run())
    assert trainer.task.carries == [None, 1.0, None, 1.0]


def test_a_trainer_says_what_it_is():
    trainer = make_trainer(steps=3)
    list(trainer.run())
    assert repr(trainer) == "Trainer(Linear, 4 parameters, step 3, cpu, fp32)"


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path):
    """Under torchrun's environment, by gloo: as one process with twice the batches an update."""
    alone = make_trainer(steps=7, accumulate=2, rows=22, batch=4, clip=0.5)
    list(alone.run())

    results = run_two_processes(tmp_path, "train")
    for found in results:
        for name, value in alone.model.state_dict().items():
            torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_two_processes_go_by_the_figures_of_the_first(tmp_path):
    """Each process finds other figures; if each went by its own, they would stop apart."""
    first, second = run_two_processes(tmp_path, "disagree")
    assert first["steps"] == second["steps"] == 4
    assert first["best"] == second["best"] == 1.0


def run_two_processes(folder, what):
    """What each of two processes of toy_task.py saved."""
    script = Path(__file__).with_name("toy_task.py")
    environment = {
        **os.environ,
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "OMP_NUM_THREADS": "1",
    }
    files = [folder / f"{rank}.pt" for rank in range(2)]
    processes = [
        subprocess.Popen(
            [sys.executable, script, what, file], env={**environment, "RANK": str(rank)}
        )
        for rank, file in enumerate(files)
    ]
    try:
        assert [process.wait(300) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    return [torch.load(file, weights_only=True) for file in files]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("decay", "middle", "end"),
    [("none", 1.0, 1.0), ("linear", 0.5, 0.0), ("cosine", 0.5, 0.0), ("rsqrt", None, None)],
)
def test_the_learning_rate_rises_and_falls_as_named(decay, middle, end):
    config = OptimConfig(lr=2.0, warmup=10, decay=decay)
    rates = [
        learning_rate(config, step, steps=110, evaluations_without_improvement=7)
        for step in range(111)
    ]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9] == pytest.approx(2.0)
    if decay == "rsqrt":
        assert rates[39] == pytest.approx(1.0)  # four times the warm-up: half the rate
    else:
        assert rates[60] == pytest.approx(2 * middle)
        assert rates[110] == pytest.approx(2 * end)


def test_a_plateau_lowers_the_rate_after_each_evaluation_that_is_not_the_best_also_when_resumed():
    trainer = make_trainer(steps=5, eval_every=1)
    trainer.optim = dataclasses.replace(trainer.optim, lr=1.0, decay="plateau", factor=0.5)
    values = iter([3.0, 2.0, 2.5, 2.0, 1.0])
    trainer.task.metrics = lambda model, totals: {"loss": next(values)}
    rates = [event.lr for event in trainer.run() if isinstance(event, Updated)]
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.25]
    again = make_trainer(steps=6, eval_every=1)
    again.optim = trainer.optim
    again.restore(trainer.tensors(), trainer.loop_state())
    assert next(again.run()).lr == 0.25


def test_weight_decay_spares_biases_and_norms():
    optimizer = make_optimizer(
        nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3)), OptimConfig(weight_decay=0.1)
    )
    found = [
        (group["weight_decay"], [p.dim() for p in group["params"]])
        for group in optimizer.param_groups
    ]
    assert found == [(0.1, [2]), (0.0, [1, 1, 1])]


@pytest.mark.parametrize("name", ["adamw", "muon", "sgd"])
def test_every_optimizer_learns(name):
    trainer = make_trainer(steps=60, optimizer=name, lr=0.05)
    start = trainer.evaluate().metrics["loss"]
    list(trainer.run())
    assert trainer.evaluate().metrics["loss"] < start / 2


def test_events_are_plain_data():
    event = next(make_trainer().run())
    names = "step epoch loss lr grad_norm targets seconds"
    assert dataclasses.asdict(event).keys() == set(names.split())
    assert isinstance(Lines.goal.metric, str)
    assert TrainConfig(steps=1).precision == "auto"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_training_works_on_a_gpu():
    trainer = make_trainer(steps=60, device="cuda")
    start = trainer.evaluate().metrics["loss"]
    list(trainer.run())
    assert trainer.evaluate().metrics["loss"] < start / 2
