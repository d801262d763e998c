"""The compiled layers beside NumPy, and beside those of torch."""

import copy
import ctypes
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from seqkit.errors import WrongType, WrongValue
from seqkit.native import layers as native
from seqkit.nn import compiled as searching
from seqkit.nn.arranged import Sides
from seqkit.nn.compiled import CompiledLayers
from seqkit.nn.packed import Compiled, PackedNetwork, Seen
from seqkit.nn.packing import side_of
from seqkit.nn.searching import PlainLayers
from seqkit.nn.transformer import DecoderLayer, Embedding, EncoderLayer

SETS = {"plain": native.PLAIN, "AVX2": native.AVX2, "AVX-512": native.AVX512}


@pytest.fixture(params=SETS)
def instructions(request, compiled):
    """Each set of instructions that this processor has."""
    number = SETS[request.param]
    if number > max(native.PLAIN, compiled.seqkit_instructions()):
        pytest.skip(f"this processor does not have {request.param}")
    return Compiled(compiled, number)


@pytest.fixture(autouse=True)
def without_gradients():
    with torch.no_grad():
        yield


def with_random_weights(*modules, std=0.3):
    for module in modules:
        for parameter in module.parameters():
            nn.init.normal_(parameter, std=std)


def make_sides(width=8, heads=2, hidden=16, vocab=11, *, prenorm=True, activation="relu"):
    torch.manual_seed(width + heads)
    options = {"dropout": 0.0, "attention_dropout": 0.0, "prenorm": prenorm}
    sizes = width, heads, hidden
    encoder = [EncoderLayer(*sizes, **options, activation=activation) for _ in range(2)]
    decoder = [DecoderLayer(*sizes, **options, activation=activation) for _ in range(2)]
    norms = [nn.LayerNorm(width) if prenorm else nn.Identity() for _ in range(2)]
    with_random_weights(*encoder, *decoder, *norms)
    embedding = Embedding(vocab, width, dropout=0.0, padding=0, zero=2)
    output, bias = torch.randn(vocab, width), torch.randn(vocab)
    return Sides((encoder, norms[0]), (decoder, norms[1]), embedding, output, bias)


# Products


@pytest.mark.parametrize("rows", [1, 2, 5, 6, 7, 13, 14, 15, 29, 70])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (7, 31), (16, 32), (33, 65), (192, 100)])
def test_a_product_is_that_of_numpy(instructions, rows, inputs, outputs):
    torch.manual_seed(rows)
    x, weight, bias = torch.randn(rows, inputs), torch.randn(outputs, inputs), torch.randn(outputs)
    expected = x.double().numpy() @ weight.double().numpy().T + bias.double().numpy()
    found = multiplied(instructions, x, weight, bias)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=5e-5)


def multiplied(compiled, x, weight, bias):
    """By `seqkit_multiply`, with a weight packed here; nothing beyond the output is written."""
    panel = 2 * native.WIDTHS[compiled.instructions]
    outputs, inputs = weight.shape
    panels = -(-outputs // panel)
    packed = np.zeros((panels, inputs + 1, panel), np.float32)
    for number, (row, of_row) in enumerate(zip(weight, bias, strict=True)):
        packed[number // panel, :, number % panel] = [of_row, *row]

    y = np.full(len(x) * outputs + 1, 7, np.float32)
    product = native.Product(packed.ctypes.data, inputs, outputs)
    compiled.library.seqkit_multiply(
        ctypes.byref(product), compiled.instructions, len(x), x.data_ptr(), y.ctypes.data
    )
    assert y[-1] == 7
    return y[:-1].reshape(len(x), outputs)


# Layers


@pytest.mark.parametrize("activation", native.ACTIVATIONS)
@pytest.mark.parametrize("prenorm", [True, False])
def test_layers_are_those_of_double_precision(instructions, prenorm, activation):
    """With inputs from small ones to such as overflow what is inside an activation."""
    layer = EncoderLayer(
        20, 2, 37, dropout=0.0, attention_dropout=0.0, prenorm=prenorm, activation=activation
    )
    torch.manual_seed(0)
    with_random_weights(layer, std=0.8)
    x = torch.randn(9, 20) * torch.logspace(-3, 2, 9)[:, None]
    found = PackedNetwork(instructions, side_of([layer], nn.Identity())).run(*alone(x, 40))

    expected = layer.double()(x.double()[:, None], None)[:, 0]
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=3e-5)


def alone(x, room):
    """Rows each of which sees itself only."""
    slots = torch.arange(len(x), dtype=torch.int32)
    return x, slots, Seen(torch.empty(1, len(x), 2 * room), slots[:, None])


@pytest.mark.parametrize("length", [1, 3, 4, 5, 16, 17, 40])
@pytest.mark.parametrize(("width", "heads"), [(10, 2), (48, 3), (96, 2), (160, 2)])
def test_rows_attend_to_the_slots_in_their_lists(instructions, width, heads, length):
    """To as many as fill whole vectors or not, by heads that do or not."""
    torch.manual_seed(length)
    layer = EncoderLayer(width, heads, 8, dropout=0.0, attention_dropout=0.0, prenorm=True)
    with_random_weights(layer, std=0.2)
    network = PackedNetwork(instructions, side_of([layer], nn.Identity()))

    x = torch.randn(length, width)
    order = torch.randperm(length + 5)[:length].to(torch.int32)
    pool = torch.full((1, length + 5, network.slot_width), float("nan"))
    seen = Seen(pool, order.expand(length, -1).contiguous())
    found = network.run(x, order, seen)
    torch.testing.assert_close(found, layer(x[None], None)[0], rtol=1e-4, atol=1e-5)


# Searches


class Both:
    """A search by torch and one by the library, side by side."""

    def __init__(self, sides, compiled, x, mask):
        self.searches = [PlainLayers(sides), CompiledLayers.of(compiled, sides)]
        self.states = [search.begin(x, mask) for search in self.searches]
        self.rows, self.vocab, self.position = len(x), len(sides.output), 0

    def step(self):
        ids = torch.randint(self.vocab, (self.rows,))
        logits = []
        for number, (search, state) in enumerate(zip(self.searches, self.states, strict=True)):
            found, past = search.step(ids, self.position, *state)
            self.states[number] = past, state[1]
            logits.append(found)
        self.position += 1
        torch.testing.assert_close(*logits, rtol=1e-5, atol=1e-4)

    def select(self, rows):
        rows = torch.tensor(rows)
        for number, (search, state) in enumerate(zip(self.searches, self.states, strict=True)):
            self.states[number] = search.select(*state, rows)
        self.rows = len(rows)


def sources(width, sentences=3, length=6, padded=True):
    """Embedded sources with padding before, between and after their tokens."""
    x = torch.randn(sentences, length, width)
    real = torch.rand(sentences, length) < 0.6
    real[:, 2] = True
    return x, real[:, None, None] if padded else None


VARIANTS = [
    {},
    {"prenorm": False},
    {"activation": "gelu"},
    {"width": 10, "hidden": 7, "vocab": 33, "activation": "swish"},
    {"width": 48, "heads": 3, "vocab": 32, "prenorm": False, "activation": "gelu-tanh"},
    {"width": 35, "heads": 1, "hidden": 70, "vocab": 130},
    {"width": 34, "heads": 17, "vocab": 5},
]


@pytest.mark.parametrize("number", range(len(VARIANTS)))
@pytest.mark.parametrize("padded", [True, False])
def test_a_search_is_that_of_torch(instructions, number, padded):
    sides = make_sides(**VARIANTS[number])
    both = Both(sides, instructions, *sources(sides.output.size(1), padded=padded))
    for step in range(40):
        both.step()
        rows = int(torch.randint(1, 13, ())) if step % 3 == 0 else both.rows
        both.select(torch.randint(both.rows, (rows,)).tolist())


def test_rows_without_a_bias_of_the_output(instructions):
    both = Both(make_sides()._replace(bias=None), instructions, *sources(8))
    both.step()


def test_a_search_goes_on_twice_from_the_same_state(instructions):
    sides = make_sides()
    both = Both(sides, instructions, *sources(8))
    both.step()
    before = list(both.states)
    for _ in range(30):  # more than the slots that there is room for
        both.step()
    after = list(both.states)

    both.states = before
    both.step()
    both.states = after
    both.step()


def test_slots_that_no_row_sees_are_left_behind(instructions):
    both = Both(make_sides(), instructions, *sources(8))
    both.step()
    both.select([0, 1, 2, 0])
    for _ in range(200):
        both.step()
        both.select([0, 0, 0, 0])
    store = both.states[1][0].store
    assert store.pool.size(1) < 2 * (201 + 64)  # where none was left behind: 801


def test_a_source_without_a_token_is_left_to_torch(instructions):
    x, mask = sources(8)
    mask[1] = False
    assert CompiledLayers.of(instructions, make_sides()).begin(x, mask) is None


def test_what_is_no_number_stays_none(instructions):
    """So that a search says that a model is broken, as it does with torch's layers."""
    for activation in native.ACTIVATIONS:
        sides = make_sides(activation=activation)
        sides.decoder[0][1].feed_forward.up.bias[3] = float("nan")
        search = CompiledLayers.of(instructions, sides)
        logits, _ = search.step(torch.tensor([5, 6, 7]), 0, *search.begin(*sources(8)))
        assert logits.isnan().all()


@pytest.mark.parametrize("threads", [2, 3])
def test_rows_are_divided_among_threads(instructions, threads, monkeypatch):
    sides = make_sides()
    x, mask = sources(8, sentences=30)
    alone = CompiledLayers.of(instructions, sides)
    torch.manual_seed(0)
    tokens = torch.randint(11, (5, 100))
    rows = torch.randint(30, (100,))

    def search():
        past, memory = alone.begin(x, mask)
        past, memory = alone.select(past, memory, rows)
        logits = []
        for position, ids in enumerate(tokens):
            found, past = alone.step(ids, position, past, memory)
            logits.append(found)
        return torch.stack(logits)

    expected = search()
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    torch.testing.assert_close(search(), expected, rtol=1e-5, atol=1e-5)


def test_a_token_or_a_row_that_there_is_not_is_refused(instructions):
    search = CompiledLayers.of(instructions, make_sides())
    past, memory = search.begin(*sources(8))
    for ids in ([3, 4, 11], [3, 4, -1]):
        with pytest.raises(IndexError, match="not in the vocabulary"):
            search.step(torch.tensor(ids), 0, past, memory)
    _, past = search.step(torch.tensor([3, 4, 5]), 0, past, memory)
    for rows in ([0, 3], [-1, 0]):
        picked, _ = search.select(past, memory, torch.tensor(rows))
        with pytest.raises(IndexError, match="none of its 3"):
            search.step(torch.tensor([5, 6]), 1, picked, memory)


def test_a_search_begins_on_the_cpu_whatever_is_the_default(instructions):
    sides = make_sides()
    search = CompiledLayers.of(instructions, sides)
    for padded in (True, False):
        x, mask = sources(8, padded=padded)
        ids = torch.tensor([3, 4, 5])
        wanted, _ = search.step(ids, 0, *search.begin(x, mask))
        with torch.device("meta"):
            found, _ = search.step(ids, 0, *search.begin(x, mask))
        assert torch.equal(found, wanted)


def test_an_embedding_of_another_type_or_place_is_refused_between_two_steps(instructions):
    sides = make_sides()
    ids = torch.tensor([3, 4, 5])
    for move in (lambda e: e.half(), lambda e: e.double(), lambda e: e.to("meta")):
        own = copy.deepcopy(sides.embedding)
        search = CompiledLayers.of(instructions, sides._replace(embedding=own))
        _, past = search.step(ids, 0, *(begun := search.begin(*sources(8))))
        move(own)
        with pytest.raises(WrongType, match="begin it again"):
            search.step(ids, 1, past, begun[1])


def test_tokens_of_32_bits_are_the_same_tokens(instructions):
    search = CompiledLayers.of(instructions, make_sides())
    begun = search.begin(*sources(8))
    ids = torch.tensor([3, 4, 5])
    wanted, _ = search.step(ids, 0, *begun)
    found, _ = search.step(ids.int(), 0, *begun)
    assert torch.equal(found, wanted)


def test_positions_stay_while_a_step_reads_them(instructions, monkeypatch):
    """Another thread makes the table of positions anew once this one has begun a step."""
    sides = make_sides()
    embedding = sides.embedding
    search = CompiledLayers.of(instructions, sides)
    begun = search.begin(*sources(8))
    ids = torch.tensor([3, 4, 5])
    wanted, _ = search.step(ids, 0, *begun)
    run = search._decoder.run

    def run_with_another_table(*given):
        embedding.positions = torch.full_like(embedding.positions, float("nan"))
        return run(*given)

    monkeypatch.setattr(search._decoder, "run", run_with_another_table)
    found, _ = search.step(ids, 0, *begun)
    assert torch.equal(found, wanted)


def test_sources_of_another_type_are_left_to_torch(instructions):
    search = CompiledLayers.of(instructions, make_sides())
    x, mask = sources(8)
    assert search.begin(x.to(torch.bfloat16), mask) is None
    assert search.begin(x.to("meta"), None) is None


@pytest.mark.parametrize("count", [0, 1, 2, 4, 50_000])
@pytest.mark.parametrize("is_picked", [True, False])
def test_a_step_takes_one_token_for_each_row(instructions, count, is_picked):
    search = CompiledLayers.of(instructions, make_sides())
    past, memory = search.begin(*sources(8))
    if is_picked:
        past, memory = search.select(past, memory, torch.tensor([0, 1, 2]))
    with pytest.raises(WrongValue, match=f"3 tokens, one for each row, not {count}"):
        search.step(torch.full((count,), 5), 0, past, memory)


def test_a_state_can_be_copied_and_says_that_it_cannot_be_pickled(instructions):
    search = CompiledLayers.of(instructions, make_sides())
    past, memory = search.begin(*sources(8))
    ids = torch.tensor([3, 4, 5])
    _, past = search.step(ids, 0, past, memory)
    other, past_of_other, memory_of_other = copy.deepcopy((search, past, memory))
    found, _ = other.step(ids, 1, past_of_other, memory_of_other)
    wanted, _ = search.step(ids, 1, past, memory)
    assert torch.equal(found, wanted)
    with pytest.raises(WrongType, match="begin the search again"):
        pickle.dumps(search)


def test_slots_are_reserved_before_they_are_written(instructions, monkeypatch):
    """Two threads that go on from one state: the second step begins within the first."""
    search = CompiledLayers.of(instructions, make_sides())
    past, memory = search.begin(*sources(8))
    ids, others = torch.tensor([3, 4, 5]), torch.tensor([6, 7, 8])
    _, past = search.step(ids, 0, past, memory)
    wanted = [search.step(each, 1, past, memory)[1] for each in (ids, others)]
    wanted = [search.step(ids, 2, each, memory)[0] for each in wanted]

    run, within = search._decoder.run, []

    def run_after_another(tokens, *rest):
        monkeypatch.setattr(search._decoder, "run", run)
        within.append(search.step(others, 1, past, memory)[1])
        return run(tokens, *rest)

    monkeypatch.setattr(search._decoder, "run", run_after_another)
    found = [search.step(ids, 1, past, memory)[1], *within]
    assert set(found[0].paths[:, -1].tolist()).isdisjoint(found[1].paths[:, -1].tolist())
    for each, logits in zip(found, wanted, strict=True):
        assert torch.equal(search.step(ids, 2, each, memory)[0], logits)


@pytest.mark.parametrize("padded", [True, False])
def test_long_sources_are_read_the_same(instructions, monkeypatch, padded):
    monkeypatch.setattr(searching, "_LONG", 5)
    sides = make_sides()
    both = Both(sides, instructions, *sources(8, padded=padded))
    both.step()
    assert "_reader" in vars(both.searches[1]._read_long)
