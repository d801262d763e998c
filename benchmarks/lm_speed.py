"""Tokens per CPU second of training recurrent language models, beside a plain PyTorch loop:

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/lm_speed.py [UPDATES]

Ours is a whole update by the trainer: batching, state, clipping, optimizer. Theirs is the loop of a
tutorial, of the same sizes: nn.LSTM, nn.Linear, F.cross_entropy over all logits at once,
clip_grad_norm_, SGD. "1,000" sums the loss over the words of the batch and 1,000 others
(data.sampled_softmax).
"""

import sys
import time
from itertools import islice

import torch
import torch.nn.functional as F
from torch import nn

from seqkit import recipes
from seqkit.runs.build import make_trainer

WARM_UP = 3  # updates that are not measured
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
        embedding, hidden, layers = config["embedding"], config["hidden"], config["layers"]
        self.vocab = vocab
        self.embedding = nn.Embedding(vocab, embedding) if embedding else None
        self.drop = nn.Dropout(config["dropout"])

        between_layers = config["dropout"] if layers > 1 else 0.0
        self.lstm = nn.LSTM(embedding or vocab, hidden, layers, dropout=between_layers)
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
    batches = trainer.task.train_batches(0, start=0, rank=0, world=1)

    state = None
    tokens = 0
    for number, batch in enumerate(islice(batches, WARM_UP + updates)):
        if number == WARM_UP:
            tokens = 0
            began = time.process_time()
        logits, state = model(batch.inputs.t(), state)
        state = tuple(part.detach() for part in state)

        optimizer.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), batch.targets.t().flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        tokens += batch.count
    return tokens / (time.process_time() - began)


def our_speed(trainer, updates):
    events = trainer.run()
    list(islice(events, WARM_UP))

    began = time.process_time()
    tokens = sum(event.targets for event in islice(events, updates))
    return tokens / (time.process_time() - began)


OURS = {
    "SGD": {"optim.name": "sgd", "data.sampled_softmax": 0},
    "Muon": {"optim.name": "muon", "data.sampled_softmax": 0},
    "SGD, 1,000": {"optim.name": "sgd", "data.sampled_softmax": 1000},
    "Muon, 1,000": {"optim.name": "muon", "data.sampled_softmax": 1000},
}


def main(updates="20"):
    torch.set_num_threads(1)
    heads = [f"{name:>13}" for name in [*OURS, "plain PyTorch"]]
    print(f"{'':<32}  " + "  ".join(heads))

    for name, (recipe, overrides) in ROWS.items():
        speeds = []
        for settings in OURS.values():
            config = recipes.load(recipe, {"data.baseline_order": 0, **settings, **overrides})
            speeds.append(our_speed(make_trainer(config, device="cpu"), int(updates)))
        speeds.append(plain_speed(make_trainer(config, device="cpu"), config, int(updates)))

        columns = [f"{speed:>13,.0f}" for speed in speeds]
        print(f"{name:<32}  " + "  ".join(columns), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
