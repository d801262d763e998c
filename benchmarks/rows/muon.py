"""One step of Muon alone, on the matrices of a Transformer.

Ours iterates over all matrices of one shape at once, in bf16 where the CPU has it, as in runs in
bf16, or in float32, as in others; torch's always in bf16, one by one.
"""

from __future__ import annotations

from typing import Any

from ..core import SEED, Clock, Contestant, Outcome, Row, Settings, close

STEPS, QUICK = 10, 1
RATE = 1e-2


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    return _by_seqkit("bf16", settings, clock)


def by_seqkit_in_float32(settings: Settings, clock: Clock) -> Outcome:
    return _by_seqkit("fp32", settings, clock)


def _by_seqkit(precision: Any, settings: Settings, clock: Clock) -> Outcome:
    from seqkit.config import OptimConfig
    from seqkit.training.optim import make_optimizer

    model = _matrices(settings)
    optimizer = make_optimizer(model, OptimConfig(name="muon", lr=RATE), precision)
    return _run(model, optimizer, settings, clock)


def by_torch(settings: Settings, clock: Clock) -> Outcome:
    import torch

    model = _matrices(settings)
    optimizer = torch.optim.Muon(
        model.parameters(), lr=RATE, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
    )
    return _run(model, optimizer, settings, clock)


def _matrices(settings: Settings) -> Any:
    """The matrices of self-attention and of the feed-forward network of each layer."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    width, layers = settings["width"], settings["layers"]
    shapes = [(width, 3 * width), (width, width), (width, 4 * width), (4 * width, width)]
    return nn.Sequential(*(nn.Linear(a, b, bias=False) for a, b in shapes * layers))


def _run(model: Any, optimizer: Any, settings: Settings, clock: Clock) -> Outcome:
    """The result is how far the first step went in all."""
    import torch

    before = [parameter.detach().clone() for parameter in model.parameters()]
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    pairs = zip(model.parameters(), before, strict=True)
    moved = sum(float((after.detach() - each).norm()) for after, each in pairs)

    steps = QUICK if settings["quick"] else STEPS
    with clock:
        for _ in range(steps):
            optimizer.step()
    return Outcome(steps, {"first step": moved})


ROW = Row(
    title="a step of Muon on the matrices of a Transformer",
    unit="steps",
    cases={
        "width 64, 2 layers": {"width": 64, "layers": 2},
        "width 256, 3 layers": {"width": 256, "layers": 3},
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("seqkit, float32", by_seqkit_in_float32, is_variant=True),
        Contestant("torch.optim.Muon", by_torch),
    ],
    agree=close(0.02),
)
