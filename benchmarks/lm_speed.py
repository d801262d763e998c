"""Tokens per CPU second of training recurrent language models, beside a plain PyTorch loop of the same sizes:

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/lm_speed.py [UPDATES]

Ours is a whole update by the trainer: batching, state, clipping, optimizer. Theirs is the loop of a tutorial: nn.LSTM,
nn.Linear, F.cross_entropy over all logits at once, clip_grad_norm_, SGD. "1,000" sums the loss over the words of the
batch and 1,000 others (data.sampled_softmax).
"""

import sys
import time
from itertools import islice

import torch
import torch.nn.functional as F
from torch import nn

from seqkit import recipes
from seqkit.runs.build import make_trainer

ROWS = {
    "LSTM 2x200, batch 64 x 35": (
        "tatoeba-deu-eng/english-lstm-200",
        {"data.batch": 64, "model.dropout": 0.2},
    ),
    "LSTM 2x650, batch 64 x 35": ("tatoeba-deu-eng/english-lstm-650", {"data.batch": 64}),
    "char LSTM 1x256, batch 32 x 32": ("timemachine/lstm", {"model.dropout": 0.0}),
}


class Plain(nn.Module):
    """Embedding or one-hot input, LSTM, output; tied where the sizes allow."""

    def __init__(self, config, vocab):
        super().__init__()
        width, hidden = config["embedding"] or vocab, config["hidden"]
        self.embedding = nn.Embedding(vocab, width) if config["embedding"] else None
        self.vocab, self.drop = vocab, nn.Dropout(config["dropout"])
        self.lstm = nn.LSTM(
            width,
            hidden,
            config["layers"],
            dropout=config["dropout"] if config["layers"] > 1 else 0.0,
        )
        self.output = nn.Linear(hidden, vocab)
        if config["tie"]:
            self.output.weight = self.embedding.weight

    def forward(self, ids, state):
        x = self.embedding(ids) if self.embedding else F.one_hot(ids, self.vocab).float()
        hidden, state = self.lstm(self.drop(x), state)
        return self.output(self.drop(hidden)), state


def plain_speed(trainer, config, updates):
    model = Plain(config.model, trainer.task.dims()["vocab"])
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batches = list(islice(trainer.task.train_batches(0, start=0, rank=0, world=1), 3 + updates))
    state = None
    for number, batch in enumerate(batches):
        if number == 3:
            began = time.process_time()
        logits, state = model(batch.inputs.t(), state)
        state = tuple(part.detach() for part in state)
        optimizer.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), batch.targets.t().flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return sum(batch.count for batch in batches[3:]) / (time.process_time() - began)


def our_speed(trainer, updates):
    events = trainer.run()
    list(islice(events, 3))
    began = time.process_time()
    tokens = sum(event.targets for event in islice(events, updates))
    return tokens / (time.process_time() - began)


torch.set_num_threads(1)
updates = int(sys.argv[1]) if len(sys.argv) > 1 else 20
OURS = {
    "SGD": {"optim.name": "sgd", "data.sampled_softmax": 0},
    "Muon": {"optim.name": "muon", "data.sampled_softmax": 0},
    "SGD, 1,000": {"optim.name": "sgd", "data.sampled_softmax": 1000},
    "Muon, 1,000": {"optim.name": "muon", "data.sampled_softmax": 1000},
}
print(f"{'':<32}  " + "  ".join(f"{name:>13}" for name in [*OURS, "plain PyTorch"]))
for name, (recipe, overrides) in ROWS.items():
    speeds = []
    for settings in OURS.values():
        config = recipes.load(recipe, {"data.baseline_order": 0, **settings, **overrides})
        speeds.append(our_speed(make_trainer(config, device="cpu"), updates))
    speeds.append(plain_speed(make_trainer(config, device="cpu"), config, updates))
    print(f"{name:<32}  " + "  ".join(f"{speed:>13,.0f}" for speed in speeds), flush=True)
