"""Trainings in float64, by one process or several, whose weights can be compared."""

import os
import sys


def train_in_float64(config, settings):
    import torch

    import seqkit

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    resume = os.path.exists("run/config.toml")
    try:
        seqkit.train(config, out="run", device="cpu", overrides=settings, resume=resume)
    except seqkit.SeqkitError as error:
        sys.exit(f"error: {error}")
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
