"""Training of a Transformer: whole updates by our trainer, beside loops that others would write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    trainer = trainer_of(settings)
    events = trainer.run()
    losses = [event.loss for event in islice(events, 3)]
    with clock:
        done = list(islice(events, updates_of(settings)))

    losses += [event.loss for event in done]
    figures = {"parameters": parameters(trainer.model), "loss": sum(losses) / len(losses)}
    return Outcome(sum(event.targets for event in done), figures)


def limit(settings: Settings) -> Callable[[], float]:
    """An update by our trainer; its data are named for the profile."""
    from ..limit import DATA, named

    trainer = trainer_of(settings)
    batches = trainer.task.train_batches

    def named_batches(*given: Any, **options: Any) -> Iterator[Any]:
        return named(DATA, batches(*given, **options))

    trainer.task.train_batches = named_batches
    events = trainer.run()
    return lambda: next(events).targets


def trainer_of(settings: Settings) -> Any:
    import torch

    from seqkit import recipes
    from seqkit.runs.build import make_trainer

    torch.set_num_threads(1)
    return make_trainer(recipes.load(settings["recipe"], settings["override"]), device="cpu")


def updates_of(settings: Settings) -> int:
    return 2 if settings["quick"] else int(settings["updates"])


def parameters(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


ROW = Row(
    title="training a Transformer on Multi30k, target tokens",
    unit="target tokens",
    cases={"tiny": {"recipe": "multi30k/de-en", "override": {}, "updates": 20}},
    contestants=[Contestant("seqkit", by_seqkit)],
    agree=close(0.1),
    limit=limit,
)
