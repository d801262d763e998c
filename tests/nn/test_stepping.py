"""Steps of a search beside the decoder that reads whole outputs."""

import pytest
import torch
from torch import nn

from seqkit.nn import products, stepping
from seqkit.nn.attention import KeyValue
from seqkit.nn.stepping import DecoderStepper, select
from seqkit.nn.transformer import DecoderLayer

WIDTH = 8


@pytest.fixture(autouse=True, params=["many", "few"])
def without_gradients(request, monkeypatch):
    """By what is for many rows, and by what is for few."""
    if request.param == "many":
        monkeypatch.setattr(products, "_ENOUGH", 0)
        monkeypatch.setattr(stepping, "_MANY", 1)
    with torch.no_grad():
        yield


class Whole:
    """Keeps what every row has read, and reads all of it anew at every step."""

    def __init__(self, layers, memory, mask):
        self.layers = layers
        self.memory = memory
        self.mask = mask
        self.sentence_of_row = torch.arange(len(memory))
        self.read = torch.empty(len(memory), 0, WIDTH)

    def step(self, x):
        self.read = torch.cat([self.read, x[:, None]], 1)
        y = self.read
        memory = self.memory[self.sentence_of_row]
        mask = self.mask[self.sentence_of_row]
        for layer in self.layers:
            projected = layer.cross_attention.project(memory)
            y = layer(y, KeyValue(*projected), mask)
        return y[:, -1]

    def select(self, rows):
        self.sentence_of_row = self.sentence_of_row[rows]
        self.read = self.read[rows]


class Search:
    """The same by steps."""

    def __init__(self, layers, memory, mask):
        self.stepper = DecoderStepper(layers, torch.eye(WIDTH), None)
        self.past = self.stepper.begin(len(memory), memory)
        self.memory = self.stepper.read(memory, mask)

    def step(self, x):
        y, self.past = self.stepper.step(x, self.past, self.memory)
        return y

    def select(self, rows):
        self.past, self.memory = select(self.past, self.memory, rows)


def make(prenorm=True):
    torch.manual_seed(0)
    layers = []
    for _ in range(2):
        layer = DecoderLayer(WIDTH, 2, 16, dropout=0.0, attention_dropout=0.0, prenorm=prenorm)
        for parameter in layer.parameters():
            nn.init.normal_(parameter, std=0.3)
        layers.append(layer)

    memory = torch.randn(3, 5, WIDTH)
    lengths = torch.tensor([4, 2, 5])
    mask = (torch.arange(5) < lengths[:, None])[:, None, None]
    return Whole(layers, memory, mask), Search(layers, memory, mask)


def step_both(whole, search):
    x = torch.randn(len(whole.read), WIDTH)
    torch.testing.assert_close(search.step(x), whole.step(x), rtol=1e-4, atol=1e-5)


def select_both(whole, search, rows):
    rows = torch.tensor(rows)
    whole.select(rows)
    search.select(rows)


def random_rows(sentences, before, after):
    """`after` rows of each sentence, each one of the `before` that it had."""
    first = torch.arange(sentences)[:, None] * before
    return (first + torch.randint(before, (sentences, after))).flatten().tolist()


@pytest.mark.parametrize("prenorm", [True, False])
def test_hypotheses_that_change_places_see_what_their_own_have_read(prenorm):
    whole, search = make(prenorm)
    step_both(whole, search)
    select_both(whole, search, random_rows(3, 1, 4))
    for _ in range(30):  # more than the slots that there is room for at first
        step_both(whole, search)
        select_both(whole, search, random_rows(3, 4, 4))


def test_slots_that_no_hypothesis_sees_are_dropped():
    whole, search = make()
    step_both(whole, search)
    select_both(whole, search, random_rows(3, 1, 4))
    for _ in range(50):
        step_both(whole, search)
        select_both(whole, search, [0, 0, 0, 0, 5, 5, 5, 5, 10, 10, 10, 10])
    step_both(whole, search)
    assert search.past.taken <= 52 + 4 * 8  # 4 a step where none was dropped: 201


def test_sentences_leave_and_change_places():
    whole, search = make()
    step_both(whole, search)
    select_both(whole, search, random_rows(3, 1, 2))
    for rows in ([4, 5, 0, 0], [2, 3, 1, 1], [3, 2], [1], [0, 0, 0], [2, 1]):
        step_both(whole, search)
        select_both(whole, search, rows)
        if rows != [1]:
            select_both(whole, search, list(range(len(rows))))
    step_both(whole, search)


def test_one_hypothesis_of_each_sentence_hides_nothing():
    whole, search = make()
    for rows in [[0, 1, 2]] * 12 + [[2, 0], [1, 0], [1]]:
        step_both(whole, search)
        select_both(whole, search, rows)
        assert search.past.hidden is None
    step_both(whole, search)


def test_rows_of_unequal_number_go_on_alone():
    whole, search = make()
    step_both(whole, search)
    select_both(whole, search, random_rows(3, 1, 2))
    step_both(whole, search)
    select_both(whole, search, [5, 0, 1, 3])
    for _ in range(10):
        step_both(whole, search)


def test_a_state_can_be_gone_on_from_twice():
    whole, search = make()
    step_both(whole, search)
    past = search.past
    x, other = torch.randn(3, WIDTH), torch.randn(3, WIDTH)

    _, first = search.stepper.step(x, past, search.memory)
    search.stepper.step(other, past, search.memory)
    search.past = first
    whole.step(x)
    step_both(whole, search)
