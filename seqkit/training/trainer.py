"""The one training loop. It knows no model, no data and no file.

    for event in Trainer(task, model, config.train, config.optim, device).run():
        show(event)

It yields what happened; showing, logging, saving and stopping are up to the caller.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from ..config import OptimConfig, TrainConfig
from ..errors import TrainingError
from .checkpoint import unique_tensors
from .devices import Processes, autocast, pick_precision
from .optim import freeze, learning_rate, make_optimizer, train_mode
from .snapshot import check_shape, flatten, load_optimizer, optimizer_tensors, under, unflatten
from .state import State
from .task import Batch, Task, Totals
from .watch import Layers, activity, by_layer, dead_shares, gradient_norms

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Updated:
    """One update of the weights."""

    step: int
    epoch: int
    loss: float  # mean per target over the whole update, nats
    lr: float
    grad_norm: float  # before clipping
    targets: int
    seconds: float


@dataclass(frozen=True)
class Evaluated:
    """One evaluation on the validation data."""

    step: int
    epoch: int
    metrics: dict[str, float]
    best: bool
    seconds: float
    layers: Layers = field(default_factory=dict)  # with train.watch: {"conv1": {"gradient": …}}


Event = Updated | Evaluated


class Trainer:
    """Trains `model` on `task`; `averaged` is the model to evaluate and keep."""

    def __init__(
        self,
        task: Task,
        model: nn.Module,
        config: TrainConfig,
        optim: OptimConfig,
        device: torch.device = _CPU,
    ) -> None:
        self.task = task
        self.config = config
        self.optim = optim
        self.device = device
        self.precision = pick_precision(device, config.precision, model)
        self.processes = Processes.join(device)

        freeze(model, optim.freeze)
        self.model = model.to(device)
        self.averaged = self.model
        if config.average:
            self.averaged = deepcopy(self.model).requires_grad_(False)
        self._weights = _floats(self.model)
        self._averages = _floats(self.averaged)

        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(model, optim)
        self.state = State()
        self.carry: Any = None
        self._gradient_norms: dict[str, float] = {}  # before an evaluation, with train.watch
        self._seed_this_process()

    def __repr__(self) -> str:
        size = sum(parameter.numel() for parameter in self.parameters)
        return (
            f"Trainer({type(self.model).__name__}, {size:,} parameters, "
            f"step {self.state.step:,}, {self.device}, {self.precision})"
        )

    def _seed_this_process(self) -> None:
        """Give every process random numbers of its own; the first keeps those it has."""
        if self.processes.rank:
            torch.manual_seed(hash((self.config.seed, self.processes.rank, self.state.step)))

    def run(self) -> Iterator[Event]:
        """Train until `finished`, evaluating every `eval_every` updates and at the end."""
        state = self.state
        if state.step and self._evaluation_is_due() and state.evaluated != state.step:
            yield self.evaluate()  # the run was stopped just before it

        while not self.finished:
            yield from self._run_epoch()

        if state.evaluated != state.step:
            yield self.evaluate()

    def _run_epoch(self) -> Iterator[Event]:
        """The rest of this epoch, or less if training is finished before."""
        train_mode(self.model)
        first_step = self.state.step

        for group in self.groups():
            yield self.update(group)
            if self._evaluation_is_due():
                yield self.evaluate()
            if self.finished:
                return

        if self.state.step == first_step and self.state.batch == 0:
            raise TrainingError("there is nothing to train on: the data gives no batch")
        self.state.next_epoch()
        self.carry = None

    def _evaluation_is_due(self) -> bool:
        return self.state.step % self.config.eval_every == 0

    @property
    def finished(self) -> bool:
        """Whether steps, epochs or patience are used up."""
        config, state = self.config, self.state
        return (
            0 < config.steps <= state.step
            or 0 < config.epochs <= state.epoch
            or 0 < config.patience <= state.evaluations_since_best
        )

    def groups(self) -> Iterator[list[Batch]]:
        """This process's batches of each update left in the epoch.

        All processes get the same number of groups; the last ones may be empty in some of them.
        """
        processes = self.processes
        batches = iter(
            self.task.train_batches(
                self.state.epoch,
                start=self.state.batch,
                rank=processes.rank,
                world=processes.world,
            )
        )
        while True:
            group = list(islice(batches, self.config.accumulate))
            in_all = torch.tensor([len(group)], device=self.device)
            processes.sum([in_all])
            if not in_all.item():
                return
            yield group

    def update(self, group: list[Batch]) -> Updated:
        """One optimizer step on the mean loss over all targets of `group`, over all processes."""
        began = time.perf_counter()

        sums = self._backward(group)
        gradients = self._gradients()
        self.processes.sum([sums, *gradients])
        loss, targets = sums.tolist()

        state = self.state
        rate = learning_rate(
            self.optim,
            state.step,
            steps=self.config.steps,
            evaluations_without_improvement=state.evaluations_without_improvement,
        )
        norm = self._apply(gradients, loss, int(targets), rate)

        state.step += 1
        state.batch += self.config.accumulate * self.processes.world
        return Updated(
            step=state.step,
            epoch=state.epoch,
            loss=loss / targets,
            lr=rate,
            grad_norm=norm,
            targets=int(targets),
            seconds=time.perf_counter() - began,
        )

    def _backward(self, group: list[Batch]) -> Tensor:
        """Add the gradients of `group` up; return its summed loss and its targets. -> (2,)"""
        dtype = torch.float32 if self.device.type == "mps" else torch.float64
        sums = torch.zeros(2, dtype=dtype, device=self.device)
        for batch in group:
            with autocast(self.device, self.precision):
                step = self.task.step(self.model, batch.to(self.device), self.carry)
            step.loss.backward()
            self.carry = step.carry

            loss = step.loss.detach().to(dtype)
            sums += torch.stack([loss, sums.new_tensor(batch.count)])
        return sums

    def _gradients(self) -> list[Tensor]:
        """The gradients; among several processes those of all parameters, so that they match."""
        if self.processes.world > 1:
            for parameter in self.parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
        return [p.grad for p in self.parameters if p.grad is not None]

    def _apply(self, gradients: list[Tensor], loss: float, targets: int, rate: float) -> float:
        """Scale, clip and apply summed gradients; returns their norm per target."""
        norm = float(torch.nn.utils.get_total_norm(gradients)) / targets
        self._check_finite(norm, loss / targets)
        if self.config.watch and self._evaluation_follows():
            self._gradient_norms = gradient_norms(self.model, targets)

        clipping = 1.0
        if self.optim.clip:
            clipping = min(1.0, self.optim.clip / max(norm, 1e-12))
        torch._foreach_mul_(gradients, clipping / targets)

        for part in self.optimizer.param_groups:
            part["lr"] = rate * part["scale"]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

        if self.config.average:
            with torch.no_grad():
                torch._foreach_lerp_(self._averages, self._weights, 1 - self._average_decay())
        return norm

    def _check_finite(self, norm: float, loss: float) -> None:
        """Raise `TrainingError`, before any weight has changed, if training has diverged."""
        if math.isfinite(norm) and math.isfinite(loss):
            return
        state = self.state
        raise TrainingError(
            f"training diverged at step {state.step + 1}, batch {state.batch} of epoch "
            f"{state.epoch}: loss {loss:.4g}, gradient norm {norm:.4g}; "
            "lower optim.lr, raise optim.warmup, or set train.precision = 'fp32'"
        )

    def _evaluation_follows(self) -> bool:
        following = self.state.step + 1
        return following % self.config.eval_every == 0 or following == self.config.steps

    def _average_decay(self) -> float:
        """The share of the averaged weights that this update keeps."""
        step = self.state.step
        since = self.state.averaged_since
        if self.config.average < 1:
            return min(self.config.average, (1 + step) / (10 + step))
        if since < 0:
            return 0.0
        return 1 - 1 / (step - since + 1)

    @torch.no_grad()
    def evaluate(self) -> Evaluated:
        """Evaluate the averaged model on the validation data, and record the result.

        Always in float32, whatever precision trains: `seqkit evaluate` gives the same figures.
        """
        began = time.perf_counter()

        self.averaged.eval()
        watching: AbstractContextManager[dict[str, Tensor]] = nullcontext({})
        if self.config.watch:
            watching = activity(self.averaged)
        with watching as fired:
            totals = self._validation_totals()
        metrics = self.task.metrics(self.averaged, totals)
        train_mode(self.model)

        goal = self.task.goal
        value = self.processes.agree(metrics[goal.metric])
        best = self.state.record_evaluation(value, goal)

        layers = by_layer(gradient=self._gradient_norms, dead=dead_shares(fired))
        self._gradient_norms = {}
        seconds = time.perf_counter() - began
        return Evaluated(self.state.step, self.state.epoch, metrics, best, seconds, layers)

    def _validation_totals(self) -> Totals:
        totals = Totals()
        carry = None
        for batch in self.task.valid_batches():
            step = self.task.step(self.averaged, batch.to(self.device), carry)
            totals.add(step, batch.count)
            carry = step.carry
        return totals

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor that a resumed run needs beside the averaged weights, by a flat name."""
        flat = {"rng.cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            flat["rng.cuda"] = torch.cuda.get_rng_state(self.device)

        parts = {"optimizer": optimizer_tensors(self.optimizer), "carry": flatten(self.carry)}
        if self.config.average:
            parts["model"] = unique_tensors(self.model)
        for kind, tensors in parts.items():
            flat |= {f"{kind}.{name}": value for name, value in tensors.items()}
        return flat

    def loop_state(self) -> dict[str, Any]:
        """The state of the loop as plain data."""
        return asdict(self.state)

    def restore(self, tensors: dict[str, Tensor], loop_state: dict[str, Any]) -> None:
        """Go back to where `tensors()` and `loop_state()` were taken.

        `averaged` must hold its weights already. Raises LookupError, TypeError, ValueError or
        RuntimeError for what does not fit.
        """
        self.state = State.from_record(loop_state)
        if self.config.average:
            self._restore_weights(under("model", tensors))
        load_optimizer(self.optimizer, under("optimizer", tensors))

        self.carry = None
        if self.processes.first:  # only the first process's is saved
            carried = under("carry", tensors)
            self.carry = unflatten({path: t.to(self.device) for path, t in carried.items()})

        torch.set_rng_state(tensors["rng.cpu"])
        if "rng.cuda" in tensors and self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["rng.cuda"], self.device)
        self._seed_this_process()

    def _restore_weights(self, tensors: dict[str, Tensor]) -> None:
        for name, value in unique_tensors(self.model).items():
            check_shape(name, tensors[name], value)
            value.copy_(tensors[name])


def _floats(model: nn.Module) -> list[Tensor]:
    """The weights and buffers that can be averaged."""
    return [value for value in unique_tensors(model).values() if value.is_floating_point()]
