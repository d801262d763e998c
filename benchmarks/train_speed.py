"""Target tokens per CPU second of training: `OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/train_speed.py`

Arguments: recipe (default multi30k/de-en, without subword sampling), updates to time, overrides of settings.
"""

import sys
import time
from itertools import islice

import torch

from seqkit import recipes
from seqkit.cli.options import key_values
from seqkit.runs.build import make_trainer

recipe, updates, *overrides = [*sys.argv[1:], *["multi30k/de-en", "40"][len(sys.argv) - 1 :]]
torch.set_num_threads(1)
trainer = make_trainer(recipes.load(recipe, key_values(overrides, "override")), device="cpu")
events = trainer.run()
list(islice(events, 3))  # to warm up
began = time.process_time()
targets = sum(event.targets for event in islice(events, int(updates)))
print(
    f"{targets / (time.process_time() - began):.0f} target tokens per CPU second over {updates} updates"
)
