"""Trainings of two updates, and what they did to the weights."""

import torch
from safetensors.torch import load_file

from seqkit.training import checkpoint

QUICK = [
    "--set",
    "train.steps=2",
    "--set",
    "data.batch=16",
    "--set",
    "train.eval_every=2",
    "--device",
    "cpu",
]


def weights(folder, prefer="last"):
    return load_file(checkpoint.resolve(folder, prefer=prefer) / checkpoint.MODEL)


def differing(one, other):
    return {name for name in one if not torch.equal(one[name], other[name])}
