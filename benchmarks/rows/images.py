"""Training on Fashion-MNIST, beside the loop of the tutorials over torchvision's DataLoader.

Needs the plugin (`pip install -e plugins/vision`) and the corpus.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close, parameters_of

WARM_UP = 5
DIMS = {"channels": 1, "size": 28, "classes": 10}


def prepare(settings: Settings) -> None:
    """The corpus as torchvision expects it."""
    from seqkit_vision.corpora import IDX

    from seqkit.recipes import corpora

    from ..machine import whole

    folder = Path(settings["folder"]) / "FashionMNIST/raw"
    folder.mkdir(parents=True, exist_ok=True)
    for pair in IDX.values():
        for path in corpora().locate("fashion-mnist", pair):
            out = folder / path.name.removesuffix(".gz")
            if not out.exists():
                with whole(out) as part:
                    part.write_bytes(gzip.decompress(path.read_bytes()))


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    import torch

    from seqkit.runs.build import make_trainer

    torch.set_num_threads(1)
    trainer = make_trainer(_config(settings), device="cpu")
    events: Iterator[Any] = trainer.run()
    first, *_ = islice(events, WARM_UP)
    with clock:
        images = sum(event.targets for event in islice(events, _updates(settings)))
    return Outcome(images, _figures(trainer.model, first.loss))


def by_plain_loop(settings: Settings, clock: Clock) -> Outcome:
    """ToTensor and Normalize on every image, contiguous float32 tensors, SGD with momentum."""
    import torch
    from seqkit_vision.compat import torchvision
    from torch import nn

    from seqkit.runs.build import make_model

    torch.set_num_threads(1)
    torch.manual_seed(1)
    transforms = torchvision.transforms
    usual = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.286,), (0.353,))])
    data = torchvision.datasets.FashionMNIST(settings["folder"], train=True, transform=usual)
    loader = iter(torch.utils.data.DataLoader(data, settings["batch"], shuffle=True))

    model: Any = make_model(_config(settings).model, DIMS, "vision")
    model = model.to(memory_format=torch.contiguous_format)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()

    def update() -> tuple[float, int]:
        x, y = next(loader)
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return float(loss.detach()), len(y)

    first, *_ = [update() for _ in range(WARM_UP)]
    with clock:
        images = sum(update()[1] for _ in range(_updates(settings)))
    return Outcome(images, _figures(model, first[0]))


def _config(settings: Settings) -> Any:
    from seqkit.recipes import complete

    raw = {
        "task": "vision",
        "data": {"source": "fashion-mnist", "batch": settings["batch"]},
        "model": settings["model"],
        "optim": {"name": "sgd", "lr": 0.01, "clip": 0.0},
        "train": {"steps": 10_000_000, "eval_every": 10_000_000},
    }
    return complete(raw, "benchmark")


def _updates(settings: Settings) -> int:
    return 3 if settings["quick"] else int(settings["updates"])


def _figures(model: Any, loss: float) -> dict[str, float]:
    return {"first loss": loss, "parameters": parameters_of(model)}


ROW = Row(
    title="training on Fashion-MNIST: whole updates",
    unit="images",
    cases={
        "lenet, ReLU, batch 256": {
            "model": {"name": "lenet", "preset": "modern"},
            "batch": 256,
            "updates": 100,
        },
        "mnist-cnn, batch 64": {"model": {"name": "mnist-cnn"}, "batch": 64, "updates": 50},
        "resnet18, width 16, batch 64": {
            "model": {"name": "resnet18", "preset": "small"},
            "batch": 64,
            "updates": 25,
        },
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("torchvision loop", by_plain_loop),
    ],
    agree=close(0.15),
    prepare=prepare,
    targets={
        "lenet, ReLU, batch 256": {"torchvision loop": 2},
        "mnist-cnn, batch 64": {"torchvision loop": 2},
        "resnet18, width 16, batch 64": {"torchvision loop": 1.7},
    },
)
