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
    layers: Layers = field(
        default_factory=dict
    )  # with train.watch: layer → "gradient", "dead" → figure


Event = Updated | Evaluated


@dataclass
class State:
    """All that the loop remembers between updates, apart from tensors."""

    step: int = 0
    epoch: int = 0
    batch: int = 0  # batches of this epoch already used, over all processes
    best: float | None = None
    stale: int = 0  # evaluations since the best one
    drops: int = 0  # evaluations that were not the best
    averaged_since: int = -1  # step of the first of them, for train.average = 1
    evaluated: int = -1  # step of the last evaluation


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
        self.task, self.config, self.optim, self.device = task, config, optim, device
        self.precision = pick_precision(device, config.precision, model)
        self.processes = Processes.join(device)
        freeze(model, optim.freeze)
        self.model = model.to(device)
        self.averaged = deepcopy(self.model).requires_grad_(False) if config.average else self.model
        self._weights, self._means = (
            [v for v in unique_tensors(m).values() if v.is_floating_point()]
            for m in (model, self.averaged)
        )
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(model, optim)
        self.state = State()
        self.carry: Any = None
        self._gradients: dict[
            str, float
        ] = {}  # of the last update before an evaluation, with train.watch
        self._part_ways()

    def _part_ways(self) -> None:
        """Each process has random numbers of its own; the first goes on with those it has."""
        if self.processes.rank:
            torch.manual_seed(hash((self.config.seed, self.processes.rank, self.state.step)))

    def run(self) -> Iterator[Event]:
        """Train until `finished`, evaluating every `eval_every` updates and at the end."""
        if (
            self.state.step
            and self.state.step % self.config.eval_every == 0
            and self.state.evaluated != self.state.step
        ):
            yield self.evaluate()  # it was stopped just before
        while not self.finished:
            train_mode(self.model)
            before = self.state.step
            for group in self._groups():
                yield self.update(group)
                if self.state.step % self.config.eval_every == 0:
                    yield self.evaluate()
                if self.finished:
                    break
            else:
                if self.state.step == before and self.state.batch == 0:
                    raise TrainingError("there is nothing to train on: the data gives no batch")
                self.state.epoch, self.state.batch, self.carry = self.state.epoch + 1, 0, None
        if self.state.evaluated != self.state.step:
            yield self.evaluate()

    @property
    def finished(self) -> bool:
        """Whether steps, epochs or patience are used up."""
        config, state = self.config, self.state
        return (
            0 < config.steps <= state.step
            or 0 < config.epochs <= state.epoch
            or 0 < config.patience <= state.stale
        )

    def update(self, group: list[Batch]) -> Updated:
        """One optimizer step on the mean loss over all targets of `group`, over all processes."""
        began = time.perf_counter()
        sums = torch.zeros(
            2,
            dtype=torch.float32 if self.device.type == "mps" else torch.float64,
            device=self.device,
        )
        for batch in group:
            with autocast(self.device, self.precision):
                step = self.task.step(self.model, batch.to(self.device), self.carry)
            step.loss.backward()
            self.carry = step.carry
            sums += torch.stack([step.loss.detach().to(sums.dtype), sums.new_tensor(batch.count)])
        if self.processes.world > 1:
            for parameter in self.parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        self.processes.sum([sums, *gradients])
        loss, targets = sums.tolist()
        rate = learning_rate(
            self.optim, self.state.step, steps=self.config.steps, drops=self.state.drops
        )
        norm = self._apply(gradients, loss, int(targets), rate)
        self.state.step += 1
        self.state.batch += self.config.accumulate * self.processes.world
        return Updated(
            self.state.step, self.state.epoch, loss / targets, rate, norm, int(targets),
            time.perf_counter() - began,
        )  # fmt: skip

    def _apply(self, gradients: list[Tensor], loss: float, targets: int, rate: float) -> float:
        """Scale, clip and apply summed gradients; returns their norm per target."""
        norm = float(torch.nn.utils.get_total_norm(gradients)) / targets
        if not math.isfinite(norm) or not math.isfinite(loss):
            state = self.state
            raise TrainingError(
                f"training diverged at step {state.step + 1}, batch {state.batch} of epoch {state.epoch}: "
                f"loss {loss / targets:.4g}, gradient norm {norm:.4g}; "
                "lower optim.lr, raise optim.warmup, or set train.precision = 'fp32'"
            )
        following = self.state.step + 1
        if self.config.watch and (
            following % self.config.eval_every == 0 or following == self.config.steps
        ):
            self._gradients = gradient_norms(self.model, targets)
        clip = self.optim.clip
        torch._foreach_mul_(
            gradients, min(1.0, clip / max(norm, 1e-12)) / targets if clip else 1 / targets
        )
        for part in self.optimizer.param_groups:
            part["lr"] = rate * part["scale"]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.config.average:
            with torch.no_grad():
                torch._foreach_lerp_(self._means, self._weights, 1 - self._decay())
        return norm

    def _decay(self) -> float:
        """Share of the averaged weights that stays at this update."""
        step, since = self.state.step, self.state.averaged_since
        if self.config.average < 1:
            return min(self.config.average, (1 + step) / (10 + step))
        return 0.0 if since < 0 else 1 - 1 / (step - since + 1)

    @torch.no_grad()
    def evaluate(self) -> Evaluated:
        """Score the averaged model on the validation data, and remember how it compares with those before.

        Always in float32, whatever precision trains: the figure must be the one that `seqkit evaluate` gives.
        """
        began, totals, carry = time.perf_counter(), Totals(), None
        self.averaged.eval()
        watched: AbstractContextManager[dict[str, Tensor]]
        watched = activity(self.averaged) if self.config.watch else nullcontext({})
        with watched as fired:
            for batch in self.task.valid_batches():
                step = self.task.step(self.averaged, batch.to(self.device), carry)
                totals.add(step, batch.count)
                carry = step.carry
        metrics = self.task.metrics(self.averaged, totals)
        train_mode(self.model)
        best = self._judge(self.processes.agree(metrics[self.task.goal.metric]))
        layers, self._gradients = by_layer(gradient=self._gradients, dead=dead_shares(fired)), {}
        return Evaluated(
            self.state.step, self.state.epoch, metrics, best, time.perf_counter() - began, layers
        )

    def _judge(self, value: float) -> bool:
        """Whether an evaluation is the best so far: what patience, plateaus and averages go by."""
        best, state = self.task.goal.improves(value, self.state.best), self.state
        if best:
            state.best, state.stale = value, 0
        else:
            state.stale, state.drops = state.stale + 1, state.drops + 1
            state.averaged_since = state.step if state.averaged_since < 0 else state.averaged_since
        state.evaluated = state.step
        return best

    def _groups(self) -> Iterator[list[Batch]]:
        """This process's batches of every update left in the epoch; all processes get equally many groups."""
        world = self.processes.world
        batches = iter(
            self.task.train_batches(
                self.state.epoch, start=self.state.batch, rank=self.processes.rank, world=world
            )
        )
        while True:
            group = list(islice(batches, self.config.accumulate))
            left = torch.tensor([len(group)], device=self.device)
            self.processes.sum([left])
            if not left.item():
                return
            yield group

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor that a resumed run needs beside the averaged weights, by a flat name."""
        flat = {"rng.cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            flat["rng.cuda"] = torch.cuda.get_rng_state(self.device)
        if self.config.average:
            flat |= {f"model.{name}": value for name, value in unique_tensors(self.model).items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            flat |= {
                f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in slots.items()
            }
        flat |= {f"carry.{path}": value for path, value in _flatten(self.carry).items()}
        return flat

    def loop_state(self) -> dict[str, Any]:
        """The state of the loop as plain data."""
        return asdict(self.state)

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Go back to where `tensors()` and `facts()` were taken; `averaged` must hold its weights already.

        Raises LookupError, TypeError, ValueError or RuntimeError for what does not fit.
        """
        self.state = State(**facts)
        if self.config.average:
            for name, value in unique_tensors(self.model).items():
                _same_shape(name, tensors[f"model.{name}"], value)
                value.copy_(tensors[f"model.{name}"])
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "optimizer":
                index, _, slot = rest.partition(".")
                slots.setdefault(int(index), {})[slot] = value
        trained: list[Tensor] = [
            parameter for group in self.optimizer.param_groups for parameter in group["params"]
        ]
        for number, values in slots.items():
            for name, value in values.items():
                if value.dim():  # all but counters
                    _same_shape(f"optimizer.{number}.{name}", value, trained[number])
                    values[name] = torch.empty_like(trained[number]).copy_(
                        value
                    )  # in the parameter's memory format
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
        carried = {
            name.removeprefix("carry."): v.to(self.device)
            for name, v in tensors.items()
            if name.startswith("carry.")
        }
        self.carry = (
            None if self.processes.rank else _unflatten(carried)
        )  # the first process's alone is saved
        torch.set_rng_state(tensors["rng.cpu"])
        if "rng.cuda" in tensors and self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["rng.cuda"], self.device)
        self._part_ways()


def _same_shape(name: str, given: Tensor, wanted: Tensor) -> None:
    if given.shape != wanted.shape:
        raise ValueError(f"{name} is {tuple(given.shape)} instead of {tuple(wanted.shape)}")


def _flatten(carry: Any, path: str = "") -> dict[str, Tensor]:
    """A tensor, or tuples of tensors inside tuples, as {"": t} or {"0": t, "1.0": t, …}."""
    if carry is None:
        return {}
    if isinstance(carry, Tensor):
        return {path: carry}
    return {
        k: v
        for i, part in enumerate(carry)
        for k, v in _flatten(part, f"{path}.{i}" if path else str(i)).items()
    }


def _unflatten(flat: dict[str, Tensor]) -> Any:
    if not flat or "" in flat:
        return flat.get("")
    groups: dict[int, dict[str, Tensor]] = {}
    for path, value in flat.items():
        head, _, rest = path.partition(".")
        groups.setdefault(int(head), {})[rest] = value
    return tuple(_unflatten(groups[i]) for i in sorted(groups))
