"""A task as small as can be, on the same trainer as all others: fit a line. Run as a script: one of two processes."""

from __future__ import annotations

import sys
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
    **train,
):
    torch.manual_seed(1)
    config = TrainConfig(**{"steps": steps, "eval_every": 1000, **train})
    optim = OptimConfig(
        name=optimizer, lr=lr, clip=clip, beta1=0.9 if optimizer == "adamw" else 0.0
    )
    return Trainer(
        Lines(rows, batch, carry, dropout), nn.Linear(3, 1), config, optim, torch.device(device)
    )


if __name__ == "__main__":
    trainer = make_trainer(steps=7, accumulate=1, rows=22, batch=4, clip=0.5)
    for _ in trainer.run():
        pass
    torch.save(trainer.model.state_dict(), sys.argv[1])
    torch.distributed.destroy_process_group()
