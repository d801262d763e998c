"""Scheduled sampling: the decoder reads its own guesses instead of the right tokens."""

import math

import pytest
import torch
from letters import write_lines
from torch import nn

from seqkit import recipes
from seqkit.data.batching import PairBatch
from seqkit.runs.build import make_trainer
from seqkit.text.vocab import BOS, EOS, PAD
from seqkit.training.task import Totals

GUESS = 7


class Recorder(nn.Module):
    """A model that always says token 7, and keeps what it read."""

    def __init__(self):
        super().__init__()
        self.output = nn.Parameter(torch.zeros(9, 2))
        self.output_bias = None
        self.read = []

    def forward(self, source, inputs):
        self.read.append(inputs)
        return torch.zeros(*inputs.shape, 2)

    def logits(self, hidden):
        return torch.eye(9)[GUESS].expand(*hidden.shape[:-1], 9)


@pytest.fixture
def task(tmp_path):
    write_lines(tmp_path / "text", [f"{a} {b}" for a in "abc" for b in "abcd"])

    def make(share):
        data = {
            "corpus": "",
            "train": [str(tmp_path / "text")] * 2,
            "valid": [],
            "scheduled_sampling": share,
        }
        overrides = {f"data.{key}": value for key, value in data.items()}
        overrides |= {"text.tokenizer": "char", "text.vocab_size": 300}
        return make_trainer(recipes.load("demo/en-de", overrides), device="cpu").task

    return make


BATCH = PairBatch(
    source=torch.tensor([[4, EOS]] * 50),
    inputs=torch.tensor([[BOS, 4, 5, 6]] * 40 + [[BOS, 5, PAD, PAD]] * 10),
    targets=torch.tensor([[4, 5, 6, EOS]] * 40 + [[5, EOS, PAD, PAD]] * 10),
    count=180,
)


def inputs_read(task, *, training=True):
    torch.manual_seed(1)
    model = Recorder().train(training)
    task.step(model, BATCH, None)
    return model.read


def test_teacher_forcing_and_evaluation_read_the_right_tokens(task):
    assert [torch.equal(read, BATCH.inputs) for read in inputs_read(task(0.0))] == [True]
    assert [torch.equal(read, BATCH.inputs) for read in inputs_read(task(1.0), training=False)] == [
        True
    ]


def test_a_share_of_one_replaces_all_tokens_but_the_first_and_the_padding(task):
    first, second = inputs_read(task(1.0))
    assert torch.equal(first, BATCH.inputs)
    assert torch.equal(second[:40], torch.tensor([[BOS, GUESS, GUESS, GUESS]] * 40))
    assert torch.equal(second[40:], torch.tensor([[BOS, GUESS, PAD, PAD]] * 10))


def test_about_the_given_share_of_tokens_is_replaced(task):
    _, second = inputs_read(task(0.25))
    words = second[:40, 1:]
    assert 0.1 < float((words == GUESS).float().mean()) < 0.4
    assert bool(((words == GUESS) | (words == BATCH.inputs[:40, 1:])).all())


def test_a_perplexity_beyond_all_floats_is_infinite(task):
    found = task(0.0).metrics(Recorder(), Totals(count=10, sums={"nll": 1e6}))
    assert found["perplexity"] == math.inf
