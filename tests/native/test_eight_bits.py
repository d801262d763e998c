"""Products in 8 bits beside NumPy's integers."""

import ctypes
import math

import numpy as np
import pytest
import torch
from torch import nn

from seqkit.errors import ConfigError
from seqkit.native import layers as native
from seqkit.nn import packing
from seqkit.nn.packed import Compiled, PackedEmbedding, PackedNetwork, Seen
from seqkit.nn.packing import Linear, PackedProduct, SideWeights, packed_in_eight_bits, side_of
from seqkit.nn.transformer import EncoderLayer

SIZES = [(1, 1), (3, 33), (7, 31), (16, 32), (33, 65), (192, 100), (2047, 34)]


@pytest.fixture(params=["plain", "VNNI"])
def instructions(request, compiled):
    """Each set of instructions that this processor has."""
    if request.param == "plain":
        return Compiled(compiled, native.PLAIN8)
    if compiled.seqkit_instructions_of_eight_bits() != native.VNNI:
        pytest.skip("this processor does not have AVX-512 VNNI")
    return Compiled(compiled, native.VNNI)


@pytest.fixture
def numbers():
    return np.random.default_rng(1)


def integers_with_their_most(numbers, *shape):
    """Integers of -127 to 127; each row has one of those, so that its step is exact."""
    rows = numbers.integers(-127, 128, shape)
    rows[:, -1] = numbers.choice([-127, 127], len(rows))
    return rows


def in_panels(integers, steps, bias, panel):
    """What eight_bits.h reads, laid out number by number: (panels, 3 + groups, panel) float32."""
    outputs, inputs = integers.shape
    groups, panels = -(-inputs // 4), -(-outputs // panel)
    packed = np.zeros((panels, 3 + groups, panel), np.float32)
    starts, weights = packed.view(np.int32), packed.view(np.int8).reshape(*packed.shape, 4)
    for o in range(outputs):
        at, place = divmod(o, panel)
        packed[at, 0, place], packed[at, 1, place] = bias[o], steps[o]
        starts[at, 2, place] = -128 * integers[o].sum()
        for i in range(inputs):
            weights[at, 3 + i // 4, place, i % 4] = integers[o, i]
    return packed


def multiplied(compiled, x, packed, inputs, outputs):
    """By `seqkit_multiply`; nothing beyond the output is written."""
    x = np.ascontiguousarray(x, np.float32)
    y = np.full(len(x) * outputs + 1, 7, np.float32)
    product = native.Product(packed.ctypes.data, inputs, outputs)
    compiled.library.seqkit_multiply(
        ctypes.byref(product), compiled.instructions, len(x), x.ctypes.data, y.ctypes.data
    )
    assert y[-1] == 7
    return y[:-1].reshape(len(x), outputs)


def panel_of(compiled):
    return 2 * native.WIDTHS[compiled.instructions]


@pytest.mark.parametrize("rows", [1, 2, 5, 6, 7, 13, 14, 15, 29, 70, 300])
@pytest.mark.parametrize(("inputs", "outputs"), SIZES)
def test_sums_are_the_very_integers(instructions, numbers, rows, inputs, outputs):
    x = integers_with_their_most(numbers, rows, inputs)
    weight = integers_with_their_most(numbers, outputs, inputs)
    packed = in_panels(weight, np.ones(outputs), np.zeros(outputs), panel_of(instructions))
    found = multiplied(instructions, x, packed, inputs, outputs)
    np.testing.assert_array_equal(found, (x @ weight.T).astype(np.float32))


def test_the_largest_sums_do_not_overflow(instructions):
    inputs = native.MOST_INPUTS
    for sign in (-1, 1):
        packed = in_panels(np.full((1, inputs), 127 * sign), [1], [0], panel_of(instructions))
        found = multiplied(instructions, np.full((1, inputs), 127), packed, inputs, 1)
        assert found.tolist() == [[np.float32(sign * 127 * 127 * inputs)]]


def test_rows_are_rounded_to_the_nearest_integer_of_their_step(instructions, numbers):
    """A product with one weight of 1 tells the integer of each input."""
    x = numbers.normal(size=(20, 37)).astype(np.float32) * np.logspace(-20, 20, 20)[:, None]
    x = x.astype(np.float32)
    packed = in_panels(np.eye(37, dtype=int), np.ones(37), np.zeros(37), panel_of(instructions))
    found = multiplied(instructions, x, packed, 37, 37)
    step = np.abs(x).max(1, keepdims=True).astype(np.float64) / 127
    assert np.abs(found / step - np.rint(found / step)).max() < 1e-4
    assert (np.abs(found - x) <= 0.5001 * step).all()


def test_steps_and_biases_of_outputs_count(instructions, numbers):
    x = integers_with_their_most(numbers, 5, 24)
    weight = integers_with_their_most(numbers, 40, 24)
    steps, bias = 2.0 ** numbers.integers(-9, 3, 40), numbers.integers(-99, 99, 40)
    packed = in_panels(weight, steps, bias, panel_of(instructions))
    found = multiplied(instructions, x / 128, packed, 24, 40)
    np.testing.assert_allclose(found, (x @ weight.T) / 128 * steps + bias, rtol=1e-6)


def test_a_row_of_zeros_gives_the_biases(instructions):
    packed = in_panels(np.full((3, 5), 9), np.ones(3), [1.5, -2, 0], panel_of(instructions))
    found = multiplied(instructions, np.zeros((2, 5)), packed, 5, 3)
    assert found.tolist() == [[1.5, -2, 0]] * 2


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 20, 36])
def test_what_is_no_number_stays_none(instructions, numbers, wrong, place):
    x = numbers.normal(size=(3, 37))
    x[1, place] = wrong
    packed = in_panels(np.eye(37, dtype=int), np.ones(37), np.zeros(37), panel_of(instructions))
    found = multiplied(instructions, x, packed, 37, 37)
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()


# Packing


@pytest.mark.parametrize(("inputs", "outputs"), SIZES[:5])
def test_weights_stored_in_8_bits_get_the_same_integers_again(numbers, inputs, outputs):
    integers = integers_with_their_most(numbers, outputs, inputs)
    steps = numbers.uniform(1e-4, 0.1, outputs).astype(np.float32)
    bias = numbers.normal(size=outputs).astype(np.float32)
    weight = torch.from_numpy(integers.astype(np.float32) * steps[:, None])
    found = packed_in_eight_bits(weight, torch.from_numpy(bias), 32).numpy()

    expected = in_panels(integers, steps, bias, 32)
    np.testing.assert_array_equal(found[:, 3:].view(np.int8), expected[:, 3:].view(np.int8))
    np.testing.assert_array_equal(found[:, 2].view(np.int32), expected[:, 2].view(np.int32))
    np.testing.assert_array_equal(found[:, 0], expected[:, 0])
    np.testing.assert_allclose(found[:, 1].ravel()[:outputs], steps, rtol=1e-6)


def test_a_weight_of_zeros_and_one_that_is_no_number():
    weight = torch.tensor([[0.0, 0.0], [1.0, float("nan")]])
    packed = packed_in_eight_bits(weight, torch.zeros(2), 8).numpy()
    assert packed[0, 3].view(np.int8)[:4].tolist() == [0, 0, 0, 0]
    assert np.isnan(packed[0, 1, 1])


def test_a_layer_with_too_many_inputs_is_refused():
    with pytest.raises(ConfigError, match="is for layers of at most 65,536 inputs"):
        packed_in_eight_bits(torch.zeros(1, 65_537), torch.zeros(1), 32)


@pytest.mark.parametrize("width", [4, 34, 50])
def test_tokens_are_embedded_by_their_rows(instructions, numbers, width):
    """By those of NumPy, at the start of a source and at a step of a decoder."""
    vocab, ids = 70, torch.tensor([1, 69, 33, 2])
    integers = integers_with_their_most(numbers, vocab, width)
    steps = 2.0 ** numbers.integers(-9, 3, vocab)
    weight = torch.from_numpy((integers * steps[:, None]).astype(np.float32))
    positions = torch.from_numpy(numbers.normal(size=(9, width)).astype(np.float32))
    expected = (weight[ids] * math.sqrt(width)).numpy()
    expected[3] = 0

    tokens = PackedProduct.of(Linear(weight, None), instructions.instructions)
    embedding = PackedEmbedding(tokens, lambda length: positions, zero=2)
    found = embedding(ids[None])[0]
    np.testing.assert_allclose(found, expected + positions[:4].numpy(), rtol=1e-6, atol=1e-6)

    nothing = SideWeights([], None, width, 1, 1, prenorm=True, activation="relu")
    network = PackedNetwork(instructions, nothing)
    slots = torch.arange(4, dtype=torch.int32)
    seen = Seen(torch.empty(1, 4, network.slot_width), slots[:, None])
    found = network.run(embedding.at(ids, 7), slots, seen)
    np.testing.assert_allclose(found, expected + positions[7].numpy(), rtol=1e-6, atol=1e-6)


def test_a_large_weight_is_packed_in_parts(monkeypatch, numbers):
    weight, bias = torch.randn(70, 9), torch.randn(70)
    whole = packed_in_eight_bits(weight, bias, 8)
    monkeypatch.setattr(packing, "_AT_ONCE", 2)
    assert torch.equal(
        whole.view(torch.int32), packed_in_eight_bits(weight, bias, 8).view(torch.int32)
    )


# Layers


@pytest.mark.parametrize("prenorm", [True, False])
def test_layers_are_near_those_of_double_precision(instructions, prenorm):
    layer = EncoderLayer(40, 2, 70, dropout=0.0, attention_dropout=0.0, prenorm=prenorm)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in layer.parameters():
            nn.init.normal_(parameter, std=0.3)
        x = torch.randn(30, 40)
        network = PackedNetwork(instructions, side_of([layer], nn.Identity()))
        slots = torch.arange(30, dtype=torch.int32)
        pool = torch.empty(1, 30, network.slot_width)
        found = network.run(x, slots, Seen(pool, slots[:, None]))
        expected = layer.double()(x.double()[:, None], None)[:, 0]

    error = (found - expected).std() / expected.std()
    assert 0 < error < 0.02
