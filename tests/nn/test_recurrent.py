"""Recurrent layers: from the equations, through torch's kernels, and torch.nn's own."""

import pytest
import torch
from torch import nn

from seqkit.nn.recurrent import Recurrent

THEIRS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CASES = [
    (cell, layers, bidirectional)
    for cell in THEIRS
    for layers, bidirectional in ((1, False), (2, False), (2, True))
]
each_cell = pytest.mark.parametrize("cell", THEIRS)
each_implementation = pytest.mark.parametrize("implementation", ["scratch", "torch"])


def random_state(cell, layers, directions):
    parts = 2 if cell == "lstm" else 1
    shape = (layers * directions, 3, 4)
    return tuple(torch.randn(shape, dtype=torch.float64, requires_grad=True) for _ in range(parts))


def assert_all_close(found, wanted):
    for mine, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("cell", "layers", "bidirectional"), CASES)
def test_equations_kernels_and_torch_nn_agree_in_outputs_and_gradients(cell, layers, bidirectional):
    torch.manual_seed(1)
    theirs = THEIRS[cell](5, 4, layers, bidirectional=bidirectional).double()
    x = torch.randn(6, 3, 5, dtype=torch.float64, requires_grad=True)
    state = random_state(cell, layers, 2 if bidirectional else 1)

    def gradients(output, ends, model):
        total = (output**2).sum() + sum((part**3).sum() for part in ends)
        return torch.autograd.grad(total, [x, *state, *model.parameters()])

    wanted, end = theirs(x, state if cell == "lstm" else state[0])
    wanted_ends = end if cell == "lstm" else (end,)
    wanted_gradients = gradients(wanted, wanted_ends, theirs)

    for implementation in ("scratch", "torch", "auto"):
        ours = Recurrent(
            cell, 5, 4, layers=layers, bidirectional=bidirectional, implementation=implementation
        ).double()
        assert [*ours.state_dict()] == [*theirs.state_dict()]
        ours.load_state_dict(theirs.state_dict())

        output, ends = ours(x, state)
        assert_all_close([output, *ends], [wanted, *wanted_ends])
        assert_all_close(gradients(output, ends, ours), wanted_gradients)


@each_cell
def test_the_state_before_the_first_step_is_zero_unless_given(cell):
    layer = Recurrent(cell, 2, 3)
    x = torch.randn(4, 2, 2)
    torch.testing.assert_close(layer(x)[0], layer(x, layer.zero_state(2, x))[0])


@pytest.mark.parametrize("option", [{"layer_norm": True}, {"recurrent_dropout": 0.5}])
def test_layer_norm_and_recurrent_dropout_need_the_scratch_implementation(option):
    assert Recurrent("lstm", 2, 3, **option).scratch
    assert not Recurrent("lstm", 2, 3).scratch
    with pytest.raises(ValueError, match="need the scratch implementation"):
        Recurrent("lstm", 2, 3, implementation="torch", **option)


def test_with_layer_norm_the_scale_of_the_input_does_not_matter():
    torch.manual_seed(2)
    layer = Recurrent("rnn", 3, 4, layer_norm=True)
    x = torch.randn(1, 2, 3)
    with torch.no_grad():
        layer.bias_ih_l0.zero_()
        torch.testing.assert_close(layer(1000 * x)[0], layer(x)[0], rtol=1e-3, atol=1e-3)


@each_implementation
def test_weight_drop_drops_weights_of_the_state_only(implementation):
    torch.manual_seed(3)
    layer = Recurrent("lstm", 3, 4, weight_drop=0.5, implementation=implementation).train()
    one_step = torch.randn(1, 2, 3)  # from a state of zeros
    torch.testing.assert_close(layer(one_step)[0], layer(one_step)[0])

    two_steps = torch.randn(2, 2, 3)
    assert not torch.allclose(layer(two_steps)[0][1], layer(two_steps)[0][1])

    layer.eval()
    torch.testing.assert_close(layer(two_steps)[0], layer(two_steps)[0])


def test_recurrent_dropout_has_one_mask_for_all_steps():
    torch.manual_seed(4)
    layer = Recurrent("rnn", 1, 50, recurrent_dropout=0.5).train()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.bias_ih_l0.fill_(1.0)
        layer.weight_hh_l0.copy_(torch.eye(50))

    output = layer(torch.zeros(5, 1, 1))[0][:, 0]  # (T, H)
    dropped = output[1] == output[0]  # a unit whose state is dropped never grows
    assert 5 < int(dropped.sum()) < 45
    assert (output[:, dropped] == output[0, dropped]).all()
    assert (output[1:, ~dropped] > output[0, ~dropped]).all()


@each_implementation
@each_cell
def test_the_backward_direction_begins_at_each_sequence_s_own_end(cell, implementation):
    torch.manual_seed(7)
    layer = Recurrent(cell, 5, 4, layers=2, bidirectional=True, implementation=implementation)
    x, lengths = torch.randn(6, 3, 5), torch.tensor([6, 2, 4])
    together = layer(x, lengths=lengths)[0]

    for row, length in enumerate(lengths.tolist()):
        alone = layer(x[:length, row : row + 1])[0]
        torch.testing.assert_close(together[:length, row], alone[:, 0])


@each_implementation
@each_cell
def test_single_steps_give_what_the_whole_sequence_gives(cell, implementation):
    torch.manual_seed(8)
    layer = Recurrent(cell, 5, 4, layers=2, implementation=implementation)
    x = torch.randn(6, 3, 5)
    whole, end = layer(x)

    state, outputs = layer.zero_state(3, x), []
    for now in x:
        output, state = layer.step(now, state)
        outputs.append(output)
    torch.testing.assert_close(torch.stack(outputs), whole)
    assert_all_close(state, end)


@each_cell
@pytest.mark.parametrize("locked", [False, True])
def test_dropout_is_between_layers_and_neither_before_nor_after_them(cell, locked):
    torch.manual_seed(9)
    x = torch.randn(6, 3, 5)
    single = Recurrent(cell, 5, 4, dropout=0.9, locked=locked).train()
    torch.testing.assert_close(single(x)[0], single.eval()(x)[0])

    double = Recurrent(cell, 5, 4, layers=2, dropout=0.9, locked=locked).train()
    output, end = double(x)
    wanted_output, wanted_end = double.eval()(x)
    torch.testing.assert_close(end[0][0], wanted_end[0][0])
    assert not torch.allclose(output, wanted_output)


def test_the_forget_gates_of_an_lstm_begin_open():
    layer = Recurrent("lstm", 5, 4)
    forget_gate = layer.bias_ih_l0.chunk(4)[1] + layer.bias_hh_l0.chunk(4)[1]
    assert torch.equal(forget_gate, torch.ones(4))


def test_a_bidirectional_stack_has_no_next_step():
    both = Recurrent("gru", 3, 4, bidirectional=True)
    with pytest.raises(ValueError, match="reads whole sequences"):
        both.step(torch.zeros(2, 3), both.zero_state(2, torch.zeros(1)))
