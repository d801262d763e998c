"""LSTM and GRU layers in bf16: the compiled library beside the equations in float64."""

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from seqkit.errors import WrongValue
from seqkit.nn import recurrence
from seqkit.nn.recurrent import Recurrent

each_cell = pytest.mark.parametrize("cell", ["lstm", "gru"])


@pytest.fixture(autouse=True, params=["bf16", "tiles"])
def here(request, compiled, used, monkeypatch):
    """The library is what layers run on, by what this CPU has."""
    if not compiled.seqkit_has_bf16():
        pytest.skip("this CPU has no products of bf16 numbers")
    by_tiles = request.param == "tiles"
    if by_tiles and not compiled.seqkit_has_tiles():
        pytest.skip("this CPU has no tiles")
    monkeypatch.setattr(recurrence, "_has_tiles", lambda: by_tiles)


@pytest.fixture
def calls(monkeypatch):
    """How often a layer was the library's."""
    found = []
    pack = recurrence._packed
    monkeypatch.setattr(recurrence, "_packed", lambda *args: found.append(1) or pack(*args))
    return found


def in_bf16(layer, *args, **options):
    with torch.autocast("cpu", torch.bfloat16):
        return layer(*args, **options)


def plainly(layer, *args):
    return layer(*args)


def run_of(layer, forward, state, x):
    """Outputs, the state after them, and all gradients of a sum of them."""
    state = state if layer.cell == "lstm" else state[:1]
    output, end = forward(layer, x, state)
    torch.manual_seed(11)
    total = (output.double() * torch.randn(output.shape, dtype=torch.float64)).sum()
    total = total + sum((part.double() ** 3).sum() for part in end)
    gradients = torch.autograd.grad(total, [x, *state, *layer.parameters()])
    return [output, *end, *gradients]


def inputs(hidden, *, steps=9, batch=13, parts=2, dtype=torch.float32):
    """The state of so many layers, and what they read."""
    torch.manual_seed(12)
    x, h, c = torch.randn(steps, batch, 5), *torch.randn(2, parts, batch, hidden)
    x, h, c = (part.to(dtype).requires_grad_() for part in (x, h, c))
    return (h, c), x


def beside(layer):
    """The same, by the equations in float64."""
    exact = Recurrent(
        layer.cell,
        5,
        layer.hidden,
        layers=layer.layers,
        bidirectional=layer.directions == 2,
        weight_drop=layer.weight_drop,
        implementation="scratch",
    ).double()
    exact.load_state_dict(layer.state_dict())
    return exact


def assert_near(found, wanted, within=0.01):
    for mine, other in zip(found, wanted, strict=True):
        away = (mine.double() - other.double()).norm() / other.double().norm()
        assert away < within


@pytest.mark.parametrize("hidden", [3, 16, 20, 80])  # one vector or several, whole or not
@pytest.mark.parametrize("steps", [1, 9])
@each_cell
@pytest.mark.parametrize("batch", [13, 53])  # rows of one tile; of two, and of two that overlap
def test_outputs_states_and_gradients_are_near_those_of_float64(cell, batch, hidden, steps, calls):
    torch.manual_seed(1)
    layer = Recurrent(cell, 5, hidden, layers=2)
    found = run_of(layer, in_bf16, *inputs(hidden, steps=steps, batch=batch))
    assert len(calls) == 4  # two layers, forward and backward

    exact = inputs(hidden, steps=steps, batch=batch, dtype=torch.float64)
    assert_near(found, run_of(beside(layer), plainly, *exact))
    assert found[0].dtype == torch.bfloat16
    last = 2 if cell == "lstm" else 1
    assert found[last].dtype == torch.float32  # what is summed up over time


@each_cell
def test_both_directions_of_sequences_of_several_lengths(cell, calls):
    torch.manual_seed(2)
    layer = Recurrent(cell, 5, 20, bidirectional=True)
    _, x = inputs(20, batch=4)
    lengths = torch.tensor([9, 1, 4, 7])
    together = in_bf16(layer, x, lengths=lengths)[0]
    assert len(calls) == 2

    for row, length in enumerate(lengths.tolist()):
        alone = in_bf16(layer, x[:length, row : row + 1])[0]
        torch.testing.assert_close(together[:length, row], alone[:, 0])


@each_cell
def test_a_text_in_windows_is_the_text_in_one(cell, calls):
    torch.manual_seed(3)
    layer = Recurrent(cell, 5, 20, layers=2)
    state, x = inputs(20)
    state = state if cell == "lstm" else state[:1]
    whole, end = in_bf16(layer, x, state)

    first, between = in_bf16(layer, x[:4], state)
    second, last = in_bf16(layer, x[4:], between)
    assert torch.equal(torch.cat([first, second]), whole)
    assert all(torch.equal(mine, other) for mine, other in zip(last, end, strict=True))
    assert len(calls) == 6


@each_cell
def test_gates_that_are_almost_open_pass_small_gradients(cell):
    """What is 1 less the gate is 0 for many of them if gates are kept in bf16."""
    torch.manual_seed(4)
    layer = Recurrent(cell, 5, 32)
    with torch.no_grad():
        layer.bias_ih_l0.fill_(7.0)  # sigmoid: 0.99909
    found = run_of(layer, in_bf16, *inputs(32, steps=2, parts=1))
    exact = inputs(32, steps=2, parts=1, dtype=torch.float64)
    assert_near(found, run_of(beside(layer), plainly, *exact), within=0.03)


@each_cell
def test_dropped_weights_are_the_same_and_learn_nothing(cell):
    torch.manual_seed(5)
    layer = Recurrent(cell, 5, 20, weight_drop=0.5).train()
    exact = beside(layer).float().train()
    given = inputs(20, parts=1)
    torch.manual_seed(6)
    found = run_of(layer, in_bf16, *given)
    torch.manual_seed(6)
    assert_near(found, run_of(exact, plainly, *given))
    parts = 2 if cell == "lstm" else 1
    of_state = found[1 + parts + 1 + parts + 1]
    assert 0.4 < float((of_state == 0).double().mean()) < 0.6


def test_what_is_frozen_gets_no_gradient():
    layer = Recurrent("lstm", 5, 20)
    layer.weight_ih_l0.requires_grad_(False)
    _, x = inputs(20)
    in_bf16(layer, x.detach())[0].float().sum().backward()
    assert layer.weight_ih_l0.grad is None
    assert layer.weight_hh_l0.grad.abs().sum() > 0


@each_cell
def test_activations_can_be_computed_again(cell, calls):
    torch.manual_seed(9)
    layer = Recurrent(cell, 5, 20, layers=2)
    _, x = inputs(20)
    found = in_bf16(checkpoint, layer, x, use_reentrant=False)[0]
    wanted = in_bf16(layer, x)[0]
    assert len(calls) == 4

    found, wanted = (torch.autograd.grad(each.float().sum(), x)[0] for each in (found, wanted))
    assert torch.equal(found, wanted)


@each_cell
@pytest.mark.parametrize(("batch", "hidden"), [(1, 20), (13, 10)])
def test_a_state_of_other_sizes_is_refused(cell, batch, hidden):
    layer = Recurrent(cell, 5, 20)
    _, x = inputs(20)
    state = torch.zeros(1, batch, hidden)
    with pytest.raises(WrongValue, match="state"):
        in_bf16(layer, x, (state, state) if cell == "lstm" else (state,))


def test_torch_s_default_type_is_not_that_of_the_library():
    torch.manual_seed(10)
    layer = Recurrent("lstm", 5, 20)
    _, x = inputs(20)
    wanted = in_bf16(layer, x)[0]
    torch.set_default_dtype(torch.float64)
    try:
        found = in_bf16(layer, x)[0]
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found, wanted)


@each_cell
def test_only_the_last_state_may_be_asked_for(cell):
    torch.manual_seed(7)
    layer = Recurrent(cell, 5, 20)
    _, x = inputs(20)
    found = torch.autograd.grad(in_bf16(layer, x)[1][-1].sum(), x)
    wanted = torch.autograd.grad(layer(x)[1][-1].sum(), x)
    assert_near(found, wanted)


@each_cell
def test_threads_do_not_change_a_bit(cell):
    torch.manual_seed(8)
    layer = Recurrent(cell, 5, 20)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = run_of(layer, in_bf16, *inputs(20, batch=25, parts=1))
        torch.set_num_threads(3)
        together = run_of(layer, in_bf16, *inputs(20, batch=25, parts=1))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(mine, other) for mine, other in zip(alone, together, strict=True))


@each_cell
def test_tiles_find_what_products_without_them_find(cell, compiled, monkeypatch):
    if not compiled.seqkit_has_tiles():
        pytest.skip("this CPU has no tiles")
    torch.manual_seed(13)
    layer = Recurrent(cell, 5, 80)
    found = []
    for by_tiles in (True, False):
        monkeypatch.setattr(recurrence, "_has_tiles", lambda has=by_tiles: has)
        found.append(run_of(layer, in_bf16, *inputs(80, batch=53, parts=1)))
    assert_near(*found, within=2e-3)


def test_it_is_left_to_torch_where_the_library_has_nothing(calls, compiled, monkeypatch):
    _, x = inputs(20)
    layer = Recurrent("lstm", 5, 20)
    layer(x)  # float32
    in_bf16(layer.double(), x.double())
    in_bf16(Recurrent("lstm", 5, 20, implementation="torch"), x)
    in_bf16(Recurrent("rnn", 5, 20), x)

    layer.float()
    with monkeypatch.context() as other:
        other.setattr(compiled, "seqkit_has_bf16", lambda: 0)
        in_bf16(layer, x)
    monkeypatch.setenv("SEQKIT_NATIVE", "off")
    in_bf16(layer, x)
    assert not calls
