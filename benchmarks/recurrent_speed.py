"""Recurrent layers written out and through torch's kernels:

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/recurrent_speed.py

Tokens per CPU second, forward and backward, of one layer of 256 units that reads batches of 32 x 35 vectors of 256.
`torch.nn` is measured beside them. A step of the scratch form is a Python loop over time.
"""

import time

import torch
from torch import nn

from seqkit.nn.recurrent import GATES, Recurrent

STEPS, BATCH, WIDTH, ROUNDS = 35, 32, 256, 30
PEERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def speed(layer, x):
    """Tokens per CPU second."""
    for part in (3, ROUNDS):  # the first to warm up
        began = time.process_time()
        for _ in range(part):
            layer(x)[0].sum().backward()
    return ROUNDS * STEPS * BATCH / (time.process_time() - began)


torch.set_num_threads(1)
torch.manual_seed(1)
print("cell    scratch     torch  torch.nn")
for cell in GATES:
    x = torch.randn(STEPS, BATCH, WIDTH, requires_grad=True)
    ours = [
        speed(Recurrent(cell, WIDTH, WIDTH, implementation=way), x) for way in ("scratch", "torch")
    ]
    print(
        f"{cell:<6}", *(f"{value:>9,.0f}" for value in (*ours, speed(PEERS[cell](WIDTH, WIDTH), x)))
    )
