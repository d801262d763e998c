"""Target tokens per CPU second of training.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/train_speed.py [RECIPE] [UPDATES] [KEY=VALUE…]

RECIPE is multi30k/de-en by default, UPDATES 40; further arguments override settings.
"""

import sys
import time
from itertools import islice

import torch

from seqkit import recipes
from seqkit.cli.options import key_values
from seqkit.runs.build import make_trainer


def main(recipe="multi30k/de-en", updates="40", *overrides):
    torch.set_num_threads(1)
    config = recipes.load(recipe, key_values(overrides, "override"))
    events = make_trainer(config, device="cpu").run()
    list(islice(events, 3))  # to warm up

    began = time.process_time()
    targets = sum(event.targets for event in islice(events, int(updates)))
    speed = targets / (time.process_time() - began)
    print(f"{speed:.0f} target tokens per CPU second over {updates} updates")


if __name__ == "__main__":
    main(*sys.argv[1:])
