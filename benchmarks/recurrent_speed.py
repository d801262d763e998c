"""Recurrent layers written out and through torch's kernels:

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/recurrent_speed.py

Tokens per CPU second, forward and backward, of one layer of 256 units that reads batches of 32 x 35
vectors of 256, beside `torch.nn`. A step of the scratch form is a Python loop over time.
"""

import time

import torch
from torch import nn

from seqkit.nn.recurrent import GATES, Recurrent

STEPS, BATCH, WIDTH, ROUNDS = 35, 32, 256, 30
PEERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def speed(layer, x):
    """Tokens per CPU second."""
    for rounds in (3, ROUNDS):  # the first to warm up
        began = time.process_time()
        for _ in range(rounds):
            layer(x)[0].sum().backward()

    return ROUNDS * STEPS * BATCH / (time.process_time() - began)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    print("cell    scratch     torch  torch.nn")
    for cell in GATES:
        x = torch.randn(STEPS, BATCH, WIDTH, requires_grad=True)
        layers = [
            Recurrent(cell, WIDTH, WIDTH, implementation="scratch"),
            Recurrent(cell, WIDTH, WIDTH, implementation="torch"),
            PEERS[cell](WIDTH, WIDTH),
        ]
        speeds = [f"{speed(layer, x):>9,.0f}" for layer in layers]
        print(f"{cell:<6}", *speeds)


if __name__ == "__main__":
    main()
