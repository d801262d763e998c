"""Images per CPU second of training on Fashion-MNIST, beside a loop over torchvision's DataLoader.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/vision_speed.py [--rounds 3] [--device cuda]

Needs the plugin (`pip install -e plugins/vision`) and the corpus (`SEQKIT_CORPORA`). Both sides
train the same network from the same kind of weights with SGD and momentum; the plain loop is what
tutorials show: ToTensor and Normalize on every image, contiguous float32 tensors. Rounds alternate;
the best of each side counts.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import torch
from seqkit_vision.compat import torchvision
from seqkit_vision.corpora import IDX
from torch import nn

from seqkit.config import RunConfig
from seqkit.recipes import complete, corpora
from seqkit.runs.build import make_model, make_trainer

CASES = {
    "lenet, ReLU, batch 256": ({"name": "lenet", "preset": "modern"}, 256, 120),
    "mnist-cnn, batch 64": ({"name": "mnist-cnn"}, 64, 60),
    "resnet18, width 16, batch 64": ({"name": "resnet18", "preset": "small"}, 64, 30),
}
DIMS = {"channels": 1, "size": 28, "classes": 10}


def config(model: dict[str, str], batch: int, steps: int) -> RunConfig:
    raw = {
        "task": "vision",
        "data": {"source": "fashion-mnist", "batch": batch},
        "model": model,
        "optim": {"name": "sgd", "lr": 0.01, "clip": 0.0},
        "train": {"steps": steps, "eval_every": 10_000_000},
    }
    return complete(raw, "benchmark")


def ours(settings: RunConfig, device: str) -> Iterator[int]:
    """Targets of each update of seqkit's trainer."""
    trainer = make_trainer(settings, device=device)
    for event in trainer.run():
        if not hasattr(event, "targets"):
            return
        yield event.targets


def plain(settings: RunConfig, device: str, data: str) -> Iterator[int]:
    """The loop of the tutorials over the files in folder `data`."""
    transforms = torchvision.transforms
    usual = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.286,), (0.353,))])
    images = torchvision.datasets.FashionMNIST(data, train=True, transform=usual)
    model = make_model(settings.model, DIMS, "vision")
    model = model.to(device).to(memory_format=torch.contiguous_format)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()
    model.train()
    while True:
        for x, y in torch.utils.data.DataLoader(images, settings.data["batch"], shuffle=True):
            optimizer.zero_grad()
            loss_of(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            yield len(y)


def speed(side: str, settings: RunConfig, device: str, data: str) -> float:
    """Images a second: of CPU time on the CPU, of wall time elsewhere."""
    torch.set_num_threads(1)
    updates = ours(settings, device) if side == "seqkit" else plain(settings, device, data)
    clock = time.process_time if device == "cpu" else time.perf_counter

    sum(islice(updates, 5))  # to warm up
    began = clock()
    images = sum(islice(updates, settings.train.steps - 6))
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return images / (clock() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as root:
        unpack(Path(root) / "FashionMNIST/raw")
        print(f"{'case':30} {'seqkit':>9} {'plain':>9}  ratio")
        for name, (model, batch, steps) in CASES.items():
            settings = config(model, batch, steps)
            best = best_speeds(settings, arguments.device, root, arguments.rounds)
            ratio = best["seqkit"] / best["plain"]
            row = f"{name:30} {best['seqkit']:9,.0f} {best['plain']:9,.0f}  {ratio:.2f}"
            print(row, flush=True)


def unpack(folder: Path) -> None:
    """The corpus as torchvision expects it."""
    folder.mkdir(parents=True)
    for pair in IDX.values():
        for path in corpora().locate("fashion-mnist", pair):
            images = gzip.decompress(path.read_bytes())
            (folder / path.name.removesuffix(".gz")).write_bytes(images)


def best_speeds(settings: RunConfig, device: str, data: str, rounds: int) -> dict[str, float]:
    """A process for each measurement: our trainer's setting of malloc would help the plain loop."""
    best = {"seqkit": 0.0, "plain": 0.0}
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for _ in range(rounds):
            for side in best:
                found = pool.apply(speed, (side, settings, device, data))
                best[side] = max(best[side], found)
    return best


if __name__ == "__main__":
    main()
