"""CPU milliseconds of one step of Muon, ours and torch's, on the matrices of a Transformer:

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/muon_speed.py

Ours iterates in float32 here, over all matrices of one shape at once; torch's in bf16, one by one.
"""

from __future__ import annotations

import time

import torch
from torch import nn

from seqkit.config import OptimConfig
from seqkit.training.optim import make_optimizer

STEPS = 10
SIZES = [(64, 2), (256, 3)]  # width, layers


def matrices(width: int, layers: int) -> nn.Sequential:
    """The matrices of self-attention and of the feed-forward network of each layer."""
    torch.manual_seed(1)
    shapes = [(width, 3 * width), (width, width), (width, 4 * width), (4 * width, width)]
    linear = [nn.Linear(*shape, bias=False) for shape in shapes * layers]
    return nn.Sequential(*linear)


def milliseconds(optimizer: torch.optim.Optimizer) -> float:
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.randn_like(parameter)

    optimizer.step()  # to warm up
    began = time.process_time()
    for _ in range(STEPS):
        optimizer.step()
    return 1000 * (time.process_time() - began) / STEPS


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'matrices':24} {'seqkit':>10} {'torch':>10}")
    for width, layers in SIZES:
        ours = make_optimizer(matrices(width, layers), OptimConfig(name="muon"))
        theirs = torch.optim.Muon(
            matrices(width, layers).parameters(), adjust_lr_fn="match_rms_adamw"
        )
        times = f"{milliseconds(ours):10.1f} {milliseconds(theirs):10.1f}"
        print(f"width {width}, {layers} layers".ljust(24), times, flush=True)


if __name__ == "__main__":
    main()
