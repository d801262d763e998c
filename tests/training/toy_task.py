"""A task as small as can be, on the same trainer as all others: fit a line.

Run as a script, it is one of two processes that train together.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from seqkit.config import OptimConfig, TrainConfig
from seqkit.training import Goal, Step, Trainer


@dataclass
class Points:
    x: torch.Tensor  # (B, 3)
    y: torch.Tensor  # (B, 1)

    @property
    def count(self) -> int:
        return len(self.x)

    def to(self, device):
        return Points(self.x.to(device), self.y.to(device))


class Lines:
    sections: ClassVar = {}
    goal = Goal("loss", "lower")

    def __init__(self, rows, batch, carry, dropout):
        noise = torch.Generator().manual_seed(5)
        self.x = torch.randn(rows, 3, generator=noise)
        self.y = self.x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.1
        self.batch, self.carry, self.carries = batch, carry, []
        self.dropout = dropout

    def train_batches(self, epoch, *, start, rank, world):
        order = torch.randperm(len(self.x), generator=torch.Generator().manual_seed(epoch))
        for rows in order.split(self.batch)[start + rank :: world] if len(order) else ():
            yield Points(self.x[rows], self.y[rows])

    def valid_batches(self):
        yield Points(self.x, self.y)

    def step(self, model, batch, carry):
        x = torch.nn.functional.dropout(batch.x, self.dropout, training=model.training)
        loss = ((model(x) - batch.y) ** 2).sum()
        if not self.carry:
            return Step(loss)
        if model.training:
            self.carries.append(None if carry is None else float(carry[0]))
        now = torch.tensor(1.0) if carry is None else carry[0] + 1
        return Step(loss, (now, (now * 10,)))

    def metrics(self, model, totals):
        return {"loss": totals.loss / max(1, totals.count)}


def make_trainer(
    rows=40,
    batch=8,
    lr=0.05,
    clip=1.0,
    optimizer="adamw",
    carry=False,
    dropout=0.0,
    device="cpu",
    steps=20,
    model=None,
    **train,
):
    """A trainer that fits a line; the same weights every time, also to a `model` that is given."""
    torch.manual_seed(1)
    made = nn.Linear(3, 1)
    if model is not None:
        model = deepcopy(model)
        model.load_state_dict(made.state_dict())
        made = model

    config = TrainConfig(**{"steps": steps, "eval_every": 1000, **train})
    momentum = 0.9 if optimizer == "adamw" else 0.0
    optim = OptimConfig(name=optimizer, lr=lr, clip=clip, beta1=momentum)
    task = Lines(rows, batch, carry, dropout)
    return Trainer(task, made, config, optim, torch.device(device))


def train(file):
    trainer = make_trainer(steps=7, accumulate=1, rows=22, batch=4, clip=0.5)
    list(trainer.run())
    torch.save(trainer.model.state_dict(), file)


def disagree(file):
    """The second process finds each model better than the one before, the first does not."""
    trainer = make_trainer(steps=20, eval_every=1, patience=3)
    rank = trainer.processes.rank
    figures = iter(range(100))
    trainer.task.metrics = lambda model, totals: {"loss": 1.0 - rank * next(figures)}
    list(trainer.run())
    state = trainer.state
    torch.save({"steps": state.step, "best": state.best}, file)


if __name__ == "__main__":
    {"train": train, "disagree": disagree}[sys.argv[1]](sys.argv[2])
    torch.distributed.destroy_process_group()
