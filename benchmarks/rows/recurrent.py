"""Recurrent layers alone, forward and backward: as they train, by torch, and written out."""

from __future__ import annotations

from typing import Any

from ..core import SEED, Clock, Contestant, Outcome, Row, Settings, close

STEPS, BATCH, WIDTH = 35, 32, 256
WARM_UP, ROUNDS, QUICK = 3, 100, 3


def by_seqkit_in_bf16(settings: Settings, clock: Clock) -> Outcome:
    """As language models and taggers train by default on CPUs that have it."""
    return _run(_ours(settings, "auto"), settings, clock, bf16=True)


def by_torch_in_bf16(settings: Settings, clock: Clock) -> Outcome:
    return _run(_theirs(settings), settings, clock, bf16=True)


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    return _run(_ours(settings, "auto"), settings, clock)


def by_seqkit_written_out(settings: Settings, clock: Clock) -> Outcome:
    """A step is a Python loop over time."""
    return _run(_ours(settings, "scratch"), settings, clock)


def by_torch(settings: Settings, clock: Clock) -> Outcome:
    return _run(_theirs(settings), settings, clock)


def _theirs(settings: Settings) -> Any:
    """`torch.nn` with the same weights."""
    from torch import nn

    layers = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
    layer = layers[settings["cell"]](WIDTH, WIDTH)
    layer.load_state_dict(_ours(settings, "torch").state_dict())
    return layer


def _ours(settings: Settings, implementation: Any) -> Any:
    import torch

    from seqkit.nn.recurrent import Recurrent

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    return Recurrent(settings["cell"], WIDTH, WIDTH, implementation=implementation)


def _run(layer: Any, settings: Settings, clock: Clock, *, bf16: bool = False) -> Outcome:
    import torch

    torch.manual_seed(SEED)
    x = torch.randn(STEPS, BATCH, WIDTH, requires_grad=True)

    def update() -> float:
        x.grad = None
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output, _ = layer(x)
        total = output.float().square().sum()
        total.backward()
        return float(total.detach())

    for _ in range(WARM_UP):
        total = update()
    rounds = QUICK if settings["quick"] else ROUNDS
    with clock:
        for _ in range(rounds):
            update()
    assert x.grad is not None
    figures = {"sum of squares": total, "norm of the gradient": float(x.grad.norm())}
    return Outcome(rounds * STEPS * BATCH, figures)


ROW = Row(
    title="a recurrent layer, 256 to 256, batch 32 x 35, forward and backward",
    unit="tokens",
    cases={cell: {"cell": cell} for cell in ("rnn", "gru", "lstm")},
    contestants=[
        Contestant("seqkit, bf16", by_seqkit_in_bf16),
        Contestant("torch.nn, bf16", by_torch_in_bf16),
        Contestant("seqkit, float32", by_seqkit, is_variant=True),
        Contestant("seqkit, written out", by_seqkit_written_out, is_variant=True),
        Contestant("torch.nn, float32", by_torch),
    ],
    agree=close(3e-3),
)
