"""Training of a Transformer: whole updates by our trainer, beside loops that others would write.

All start from the same weights and read the same batches. Before speed is measured, each takes some
updates without dropout and smoothing at a rate that stays: the losses of the first and of the last
must be the same, so that the models, the gradients and the optimisers are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close, parameters_of

WARM_UP = 3  # updates that are not measured
PROOF = 4  # updates whose losses are compared
RATE = 1e-3
PLAIN = {  # of the proof: nothing drawn, and a rate that stays
    "model.dropout": 0.0,
    "optim.label_smoothing": 0.0,
    "optim.lr": RATE,
    "optim.warmup": 0,
    "optim.decay": "none",
}


def prepare(settings: Settings) -> None:
    """The first weights and batches, for those that run without seqkit: JoeyNMT, by AdamW."""
    if _optimizer(settings) != "adamw":
        return
    import numpy as np

    from seqkit import recipes
    from seqkit.parsing import to_json

    config = recipes.load(settings["recipe"], settings["override"])
    trainer, _ = trainer_of(_of_proof(settings))
    weights = {name: value.numpy() for name, value in trainer.model.state_dict().items()}
    np.savez(_file(settings, "weights.npz"), **weights)

    arrays = {}
    updates = max(PROOF, WARM_UP + updates_of(settings))
    batches = trainer.task.train_batches(0, start=0, rank=0, world=1)
    for i, batch in enumerate(islice(batches, updates * config.train.accumulate)):
        arrays[f"{i} source"] = batch.source.numpy()
        arrays[f"{i} inputs"] = batch.inputs.numpy()
        arrays[f"{i} targets"] = batch.targets.numpy()
    np.savez(_file(settings, "batches.npz"), **arrays)

    told = {"model": config.model, "accumulate": config.train.accumulate}
    told["smoothing"] = config.optim.label_smoothing
    _file(settings, "config.json").write_text(to_json(told), encoding="utf-8")


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    """As it trains by default: in bf16 where the CPU has it."""
    return _by_trainer(settings, clock)


def by_seqkit_in_float32(settings: Settings, clock: Clock) -> Outcome:
    override = {**settings["override"], "train.precision": "fp32"}
    return _by_trainer({**settings, "override": override}, clock)


def _by_trainer(settings: Settings, clock: Clock) -> Outcome:
    trainer, _ = trainer_of(_of_proof(settings))
    losses = [event.loss for event in islice(trainer.run(), PROOF)]

    trainer, _ = trainer_of(settings)
    events = trainer.run()
    list(islice(events, WARM_UP))
    with clock:
        measured = list(islice(events, updates_of(settings)))
    return _outcome(trainer.model, sum(event.targets for event in measured), losses)


def by_plain_loop(settings: Settings, clock: Clock) -> Outcome:
    """What is fast in PyTorch by itself: one kernel for attention, fused AdamW, our batches."""
    from ..plain import FastTransformer, weights_of_fast_transformer

    return _by_loop(settings, clock, FastTransformer, weights_of_fast_transformer, fused=True)


def by_nn_transformer(settings: Settings, clock: Clock) -> Outcome | None:
    """`nn.Transformer`, AdamW and a loss over all logits at once."""
    from ..plain import PlainTransformer, weights_of_nn_transformer

    if _optimizer(settings) != "adamw":
        return None
    return _by_loop(settings, clock, PlainTransformer, weights_of_nn_transformer, fused=False)


def _by_loop(
    settings: Settings,
    clock: Clock,
    network: Callable[..., Any],
    renamed: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    fused: bool,
) -> Outcome:
    """Updates by `plain.transformer_update`, with the batches of our trainer."""
    from ..plain import make_optimizer, transformer_update

    def updates(chosen: Settings) -> tuple[Any, Callable[[], tuple[float, int]]]:
        trainer, config = trainer_of(chosen)
        model = network(config.model, trainer.task.dims()["target_vocab"])
        model.load_state_dict(renamed(trainer.model.state_dict()))
        optimizer = make_optimizer(model, _optimizer(settings), RATE, fused=fused)
        batches = trainer.task.train_batches(0, start=0, rank=0, world=1)

        def update() -> tuple[float, int]:
            group = list(islice(batches, config.train.accumulate))
            return transformer_update(model, optimizer, group, config.optim.label_smoothing)

        return model.train(), update

    _, update = updates(_of_proof(settings))
    losses = [update()[0] for _ in range(PROOF)]

    model, update = updates(settings)
    for _ in range(WARM_UP):
        update()
    with clock:
        targets = sum(update()[1] for _ in range(updates_of(settings)))
    return _outcome(model, targets, losses)


def by_joeynmt(settings: Settings, clock: Clock) -> Outcome | None:
    """JoeyNMT's model, batches, loss, optimiser and clipping, in the lines of its `_train_step`.

    Its reading of data is left out, in its favour. It drops attention weights, too.
    """
    import numpy as np

    from ..joey import JoeyTraining

    if _optimizer(settings) != "adamw":
        return None
    with np.load(_file(settings, "weights.npz")) as arrays:
        weights = dict(arrays)
    with np.load(_file(settings, "batches.npz")) as arrays:
        ids = dict(arrays)
    config = _file(settings, "config.json").read_text(encoding="utf-8")

    proof = JoeyTraining(config, weights, ids, rate=RATE, plain=True)
    losses = [proof.update()[0] for _ in range(PROOF)]
    del proof  # its memory is not that of the training

    training = JoeyTraining(config, weights, ids, rate=RATE)
    del weights
    for _ in range(WARM_UP):
        training.update()
    with clock:
        targets = sum(training.update()[1] for _ in range(updates_of(settings)))
    return _outcome(training.model, targets, losses)


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


def _of_proof(settings: Settings) -> Settings:
    return {**settings, "override": {**settings["override"], **PLAIN}}


def _optimizer(settings: Settings) -> str:
    return str(settings["override"]["optim.name"])


def _file(settings: Settings, name: str) -> Path:
    width = settings["override"].get("model.width", "tiny")
    folder = Path(settings["folder"]) / f"{_optimizer(settings)}-{width}"
    folder.mkdir(exist_ok=True)
    return folder / name


def _outcome(model: Any, targets: int, losses: list[float]) -> Outcome:
    figures = {
        "parameters": parameters_of(model),
        "loss of the first update": losses[0],
        f"of update {len(losses)}": losses[-1],
    }
    return Outcome(targets, figures)


ADAMW = {"optim.name": "adamw"}
ROW = Row(
    title="training a Transformer on Multi30k: whole updates",
    unit="target tokens",
    cases={
        "tiny": {
            "recipe": "multi30k/de-en",
            "override": ADAMW,
            "updates": 15,
        },
        "tiny, Muon": {
            "recipe": "multi30k/de-en",
            "override": {"optim.name": "muon"},
            "updates": 15,
        },
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
        Contestant("seqkit, float32", by_seqkit_in_float32, is_variant=True),
        Contestant("plain PyTorch", by_plain_loop),
        Contestant("nn.Transformer", by_nn_transformer),
        Contestant("JoeyNMT", by_joeynmt, peer="joeynmt"),
    ],
    agree=close(0.005),
    prepare=prepare,
    targets={"tiny": {"plain PyTorch": 1.3, "JoeyNMT": 5}, "base": {"nn.Transformer": 3}},
    limit=limit,
)
