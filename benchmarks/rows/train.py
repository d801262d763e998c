"""Training of a Transformer: whole updates by our trainer, beside loops that others would write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close

WARM_UP = 3  # updates that are not measured


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    trainer, _ = trainer_of(settings)
    events = trainer.run()
    done = list(islice(events, WARM_UP))
    with clock:
        measured = list(islice(events, updates_of(settings)))

    losses = [event.loss for event in done + measured]
    return _outcome(trainer.model, sum(event.targets for event in measured), losses)


def by_nn_transformer(settings: Settings, clock: Clock) -> Outcome:
    """The same batches and sizes by `nn.Transformer`, AdamW and a loss over all logits at once."""
    import torch

    from ..plain import PlainTransformer, transformer_update

    trainer, config = trainer_of(settings)
    model = PlainTransformer(config.model, trainer.task.dims()["target_vocab"])
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98))
    batches = trainer.task.train_batches(0, start=0, rank=0, world=1)
    smoothing = config.optim.label_smoothing

    def update() -> tuple[float, int]:
        group = list(islice(batches, config.train.accumulate))
        return transformer_update(model, optimizer, group, smoothing)

    done = [update() for _ in range(WARM_UP)]
    with clock:
        measured = [update() for _ in range(updates_of(settings))]
    targets = sum(count for _, count in measured)
    return _outcome(model, targets, [loss for loss, _ in done + measured])


def limit(settings: Settings) -> Callable[[], float]:
    """An update by our trainer; its data are named for the profile."""
    from ..limit import DATA, named

    trainer, _ = trainer_of(settings)
    batches = trainer.task.train_batches

    def named_batches(*given: Any, **options: Any) -> Iterator[Any]:
        return named(DATA, batches(*given, **options))

    trainer.task.train_batches = named_batches
    events = trainer.run()
    return lambda: next(events).targets


def trainer_of(settings: Settings) -> tuple[Any, Any]:
    """A trainer of the recipe, and the recipe's complete config."""
    import torch

    from seqkit import recipes
    from seqkit.runs.build import make_trainer

    torch.set_num_threads(1)
    config = recipes.load(settings["recipe"], settings["override"])
    return make_trainer(config, device="cpu"), config


def updates_of(settings: Settings) -> int:
    return 2 if settings["quick"] else int(settings["updates"])


def _outcome(model: Any, targets: int, losses: list[float]) -> Outcome:
    """The first losses show that both learn the same from the same: later the optimisers differ."""
    figures = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "first loss": losses[0],
    }
    return Outcome(targets, figures)


ADAMW = {"optim.name": "adamw"}
ROW = Row(
    title="training a Transformer on Multi30k: whole updates",
    unit="target tokens",
    cases={
        "tiny": {"recipe": "multi30k/de-en", "override": ADAMW, "updates": 15},
        "tiny, Muon": {"recipe": "multi30k/de-en", "override": {}, "updates": 15},
        "base": {
            "recipe": "multi30k/de-en",
            "override": {
                **ADAMW,
                "train.accumulate": 1,
                "model.width": 512,
                "model.hidden": 2048,
                "model.heads": 8,
                "model.encoder_layers": 6,
                "model.decoder_layers": 6,
            },
            "updates": 2,
        },
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("nn.Transformer", by_nn_transformer),
    ],
    agree=close(0.1),
    limit=limit,
)
