"""Training of recurrent language models, beside the loop of PyTorch's word_language_model."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close, parameters_of
from .train import WARM_UP, limit, trainer_of, updates_of


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    return _trained(settings, clock, {})


def by_seqkit_sampled(settings: Settings, clock: Clock) -> Outcome:
    """The loss over the words of the batch and 1,000 others."""
    return _trained(settings, clock, {"data.sampled_softmax": 1000})


def _trained(settings: Settings, clock: Clock, more: dict[str, Any]) -> Outcome:
    trainer, _ = trainer_of({**settings, "override": {**settings["override"], **more}})
    events = trainer.run()
    first, *_ = islice(events, WARM_UP)
    with clock:
        measured = list(islice(events, updates_of(settings)))
    figures = {"first loss": first.loss} if not more else {}
    figures["parameters"] = parameters_of(trainer.model)
    return Outcome(sum(event.targets for event in measured), figures)


def by_plain_loop(settings: Settings, clock: Clock) -> Outcome:
    """nn.LSTM, nn.Linear, cross-entropy over all logits, clipping, SGD."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    from ..plain import PlainLSTM

    trainer, config = trainer_of(settings)
    torch.manual_seed(1)
    model = PlainLSTM(config.model, trainer.task.dims()["vocab"])
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batches = trainer.task.train_batches(0, start=0, rank=0, world=1)
    state: Any = None

    def update() -> tuple[float, int]:
        nonlocal state
        batch = next(batches)
        logits, after = model(batch.inputs.t(), state)
        state = tuple(part.detach() for part in after)

        optimizer.zero_grad()
        loss = F.cross_entropy(logits.flatten(0, 1), batch.targets.t().flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach()), batch.count

    done = [update() for _ in range(WARM_UP)]
    with clock:
        measured = [update() for _ in range(updates_of(settings))]
    figures = {"first loss": done[0][0], "parameters": parameters_of(model)}
    return Outcome(sum(count for _, count in measured), figures)


SGD = {"optim.name": "sgd", "data.sampled_softmax": 0, "data.baseline_order": 0}
ROW = Row(
    title="training recurrent language models: whole updates",
    unit="tokens",
    cases={
        "LSTM 2x200, batch 64 x 35": {
            "recipe": "tatoeba-deu-eng/english-lstm-200",
            "override": {**SGD, "data.batch": 64, "model.dropout": 0.2},
            "updates": 10,
        },
        "LSTM 2x650, batch 64 x 35": {
            "recipe": "tatoeba-deu-eng/english-lstm-650",
            "override": {**SGD, "data.batch": 64},
            "updates": 4,
        },
        "characters, LSTM 1x256, batch 32 x 32": {
            "recipe": "timemachine/lstm",
            "override": {**SGD, "model.dropout": 0.0},
            "updates": 60,
        },
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("seqkit, sampled loss", by_seqkit_sampled, is_variant=True),
        Contestant("plain PyTorch", by_plain_loop),
    ],
    agree=close(0.1),
    targets={"LSTM 2x650, batch 64 x 35": {"plain PyTorch": 4}},
    limit=limit,
)
