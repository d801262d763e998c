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
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from ..config import OptimConfig, TrainConfig
from ..errors import Diverged, TrainingError
from .average import Average
from .devices import autocast, pick_precision
from .divided import local, whole
from .events import Evaluated, Event, Updated
from .groups import update_groups
from .moment import Moment
from .optim import freeze, learning_rate, make_optimizer, train_mode
from .process_state import ProcessState
from .processes import Processes
from .recomputing import recompute
from .scaling import LossScale
from .snapshot import load_optimizer, optimizer_tensors, under
from .state import State
from .task import Batch, Task
from .together import Together, joined
from .validation import figures, validation_totals
from .watch import activity, by_layer, dead_shares, gradient_norms

_CPU = torch.device("cpu")


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
        if config.activation_checkpointing:
            recompute(model)
        self._is_to_be_sharded = config.shard and self.processes.world > 1
        self.model = model if self._is_to_be_sharded else model.to(device)
        self.average = Average(self.model, config)
        self.averaged = self.average.model

        self.together: Together
        if not self._is_to_be_sharded:
            self.together = joined(task, self.model, self.processes)
        self.scale = LossScale(on=self.precision == "fp16")
        self.state = State()
        self.carry: Any = None
        self._gradient_norms: dict[str, float] = {}  # before an evaluation, with train.watch

        self._process = ProcessState(self.processes, device, config.seed)
        self._process.seed(self.state.step)
        self._set_up_optimizer()
        self._is_whole = True  # False while an update changes the weights
        self.evaluates_first = False  # before any update: the weights are trained already
        self._ended = False
        self._began = time.monotonic()

    def __repr__(self) -> str:
        size = sum(parameter.numel() for parameter in self.parameters)
        return (
            f"Trainer({type(self.model).__name__}, {size:,} parameters, "
            f"step {self.state.step:,}, {self.device}, {self.precision})"
        )

    def _set_up_optimizer(self) -> None:
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(self.model, self.optim, self.precision)
        self._moment = Moment(self.model, self.device)

    def _shard(self) -> None:
        """Divide the model among the processes if that is still to be done; it has its weights."""
        if not self._is_to_be_sharded:
            return
        from .sharding import Sharded

        replica = self.averaged if self.average.is_apart else deepcopy(self.model)
        sharded = Sharded(self.task, self.model, replica, self.processes, self.device)
        self.average.divide(sharded)
        self.averaged = self.average.model
        self.together = sharded
        self._is_to_be_sharded = False
        self._set_up_optimizer()

    def run(self) -> Iterator[Event]:
        """Train until `finished`, evaluating every `eval_every` updates and at the end."""
        self._shard()
        state = self.state
        self._began = time.monotonic() - state.seconds
        is_due = self._evaluation_is_due() if state.step else self.evaluates_first
        if is_due and state.evaluated != state.step:
            yield self.evaluate()  # or the run was stopped just before it

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
        self._moment.mark(self.carry)

    def _evaluation_is_due(self) -> bool:
        return self.state.step % self.config.eval_every == 0

    def end(self) -> None:
        """End training here, as if it were finished; in all processes, or they wait for each other.

        The run is evaluated, and can be resumed.
        """
        self._ended = True

    @property
    def finished(self) -> bool:
        """Whether steps, epochs, minutes or patience are used up."""
        config, state = self.config, self.state
        return (
            self._ended
            or 0 < config.steps <= state.step
            or 0 < config.minutes <= state.seconds / 60
            or 0 < config.epochs <= state.epoch
            or 0 < config.patience <= state.evaluations_since_best
        )

    def groups(self) -> Iterator[list[Batch]]:
        """This process's batches of each update left in the epoch.

        All processes get the same number of groups; the last ones may be empty in some of them.
        """
        yield from update_groups(
            self.task, self.state, self.config.accumulate, self.together, self.processes
        )

    def update(self, group: list[Batch]) -> Updated:
        """One optimizer step on the mean loss over all targets of `group`, over all processes."""
        began = time.perf_counter()
        gradients, loss, targets, norm = self._gradients_of(group)
        while not math.isfinite(norm) and self.scale.lower():
            self.rewind()
            gradients, loss, targets, norm = self._gradients_of(group)
        self._check_finite(norm, loss / targets)

        state = self.state
        rate = learning_rate(
            self.optim,
            state.step,
            steps=self.config.steps,
            evaluations_without_improvement=state.evaluations_without_improvement,
        )
        self._is_whole = False
        self._apply(gradients, norm, targets, rate)
        state.step += 1
        state.batch += self.config.accumulate * self.processes.world
        self._moment.mark(self.carry)
        self._is_whole = True

        return Updated(
            step=state.step,
            epoch=state.epoch,
            loss=loss / targets,
            lr=rate,
            grad_norm=norm,
            targets=targets,
            seconds=time.perf_counter() - began,
        )

    def _gradients_of(self, group: list[Batch]) -> tuple[list[Tensor], float, int, float]:
        """The gradients of all processes, their loss and targets, the norm per target."""
        dtype = torch.float32 if self.device.type == "mps" else torch.float64
        sums = torch.zeros(4, dtype=dtype, device=self.device)
        error = None
        try:
            self._backward(group, sums)
        except Exception as failure:
            error = failure
            sums[2] = 1
            self.together.after_error(failure)
        if self.config.minutes and self.processes.first:  # all go by its clock
            sums[3] = time.monotonic() - self._began

        self.processes.sum([sums])
        loss, targets, failures, seconds = sums.tolist()
        self.processes.fail_together(error, failures)

        self.state.seconds = max(seconds, self.state.seconds)
        gradients = [local(p.grad) for p in self.parameters if p.grad is not None]
        norm = self.together.norm(gradients) / self._divisor(targets)
        return gradients, loss, int(targets), norm

    def _divisor(self, targets: float) -> float:
        """What makes the gradients of an update those of the mean loss over all targets."""
        return targets * self.scale.value / self.together.parts

    def _backward(self, group: list[Batch], sums: Tensor) -> None:
        """Add the gradients of `group` up; add its loss and targets to the first two of `sums`."""
        for number, batch in enumerate(group, 1):
            with self.together.part(is_last=number == len(group)):
                with autocast(self.device, self.precision):
                    step = self.together.step(batch.to(self.device), self.carry)
                self.together.backward(step.loss * self.scale.value)
            self.carry = step.carry

            sums[0] += step.loss.detach()
            sums[1] += batch.count

        if not group:
            self.together.without_batches()

    def _apply(self, gradients: list[Tensor], norm: float, targets: int, rate: float) -> None:
        """Clip gradients whose norm per target is `norm`, and apply them."""
        divisor = self._divisor(targets)
        if self.config.watch and self._evaluation_follows():
            self._gradient_norms = gradient_norms(self.model, divisor)

        clipping = 1.0
        if self.optim.clip:
            clipping = min(1.0, self.optim.clip / max(norm, 1e-12))
        torch._foreach_mul_(gradients, clipping / divisor)

        for part in self.optimizer.param_groups:
            part["lr"] = rate * part["scale"]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.scale.advance()
        self.average.follow(self.state)

    def _check_finite(self, norm: float, loss: float) -> None:
        """Raise `TrainingError`, before any weight has changed, if training has diverged."""
        if math.isfinite(norm) and math.isfinite(loss):
            return
        state = self.state
        error = Diverged(
            f"training diverged at step {state.step + 1}, batch {state.batch} of epoch "
            f"{state.epoch}: loss {loss:.4g}, gradient norm {norm:.4g}; "
            "lower optim.lr, raise optim.warmup, or set train.precision = 'fp32'"
        )
        self.processes.fail_together(error, 1)

    def _evaluation_follows(self) -> bool:
        following = self.state.step + 1
        return following % self.config.eval_every == 0 or following == self.config.steps

    @torch.no_grad()
    def evaluate(self) -> Evaluated:
        """Evaluate the averaged model on the validation data, and record the result.

        Always in float32, whatever precision trains: `seqkit evaluate` gives the same figures.
        """
        began = time.perf_counter()
        self.average.share_statistics(self.processes)
        kept = self.average.before_evaluation()

        self.averaged.eval()
        watching: AbstractContextManager[dict[str, Tensor]] = nullcontext({})
        if self.config.watch:
            watching = activity(self.averaged)
        with self.average.filled():
            with watching as fired:
                totals = validation_totals(
                    self.task, self.averaged, self.device, self.processes, whole=self.config.watch
                )
            metrics = figures(self.task, self.averaged, totals, self.processes)
        train_mode(self.model)

        goal = self.task.goal
        best = self.state.record_evaluation(metrics[goal.metric], goal, metrics.get("loss"))
        self.average.after_evaluation(kept)
        self._moment.mark(self.carry)

        layers = by_layer(gradient=self._gradient_norms, dead=dead_shares(fired))
        self._gradient_norms = {}
        seconds = time.perf_counter() - began
        return Evaluated(
            self.state.step, self.state.epoch, metrics, best, seconds, totals.mean_loss, layers
        )

    def rewind(self) -> bool:
        """Go back to the last whole update; False in the midst of one, with no way back."""
        if not self._is_whole:
            return False
        self.carry = self._moment.rewind()
        self.optimizer.zero_grad(set_to_none=True)
        return True

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor that a resumed run needs beside the averaged weights, by a flat name.

        All processes call it, since each has a `ProcessState` of its own.
        """
        flat = self._process.tensors(self.carry, self.average.trained())
        parts = {
            "optimizer": optimizer_tensors(self.optimizer),
            "scale": self.scale.tensors(),
            "evaluated": self.average.tensors(),
        }
        if self.average.is_apart:
            parts["model"] = {name: whole(t) for name, t in self.average.trained().items()}
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
        self._shard()
        self.state = State.from_record(loop_state)
        if self.average.is_apart:
            self.average.restore_trained(under("model", tensors))
        self.average.restore(under("evaluated", tensors))
        load_optimizer(self.optimizer, under("optimizer", tensors))
        self.scale.restore(under("scale", tensors))
        trained = self.average.trained()
        self.carry = self._process.restore(tensors, trained, step=self.state.step)
        self._moment.mark(self.carry)
