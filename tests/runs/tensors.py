"""The tensors of runs, to compare."""

import torch
from safetensors.torch import load_file

from seqkit.training import checkpoint


def weights(folder):
    """All tensors of the last checkpoint of a run, the trainer's too."""
    last = checkpoint.resolve(folder, prefer="last")
    return load_file(last / checkpoint.MODEL), load_file(last / checkpoint.TRAINER)


def assert_same(one, other):
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        assert mine.keys() == theirs.keys()
        different = [name for name in mine if not torch.equal(mine[name], theirs[name])]
        assert different == []


def step_folders(run):
    return sorted(folder.name for folder in run.glob("step-*"))
