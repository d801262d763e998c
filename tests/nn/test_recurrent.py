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


def states(cell, layers, directions):
    parts = [
        torch.randn(layers * directions, 3, 4, dtype=torch.float64)
        for _ in range(2 if cell == "lstm" else 1)
    ]
    return tuple(part.requires_grad_() for part in parts)


@pytest.mark.parametrize(("cell", "layers", "bidirectional"), CASES)
def test_equations_kernels_and_torch_nn_agree_in_outputs_and_gradients(cell, layers, bidirectional):
    torch.manual_seed(1)
    theirs = THEIRS[cell](5, 4, layers, bidirectional=bidirectional).double()
    x = torch.randn(6, 3, 5, dtype=torch.float64, requires_grad=True)
    state = states(cell, layers, 1 + bidirectional)
    wanted, end = theirs(x, state if cell == "lstm" else state[0])
    ends = end if cell == "lstm" else (end,)

    def gradients(output, ends, parameters):
        total = (output**2).sum() + sum((part**3).sum() for part in ends)
        return torch.autograd.grad(total, [x, *state, *parameters])

    expected = gradients(wanted, ends, list(theirs.parameters()))
    for implementation in ("scratch", "torch", "auto"):
        ours = Recurrent(
            cell, 5, 4, layers=layers, bidirectional=bidirectional, implementation=implementation
        ).double()
        assert [*ours.state_dict()] == [*theirs.state_dict()]
        ours.load_state_dict(theirs.state_dict())
        output, mine = ours(x, state)
        torch.testing.assert_close(output, wanted, rtol=0, atol=1e-6)
        for part, other in zip(mine, ends, strict=True):
            torch.testing.assert_close(part, other, rtol=0, atol=1e-6)
        for part, other in zip(
            gradients(output, mine, list(ours.parameters())), expected, strict=True
        ):
            torch.testing.assert_close(part, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", THEIRS)
def test_without_a_state_it_starts_from_zeros(cell):
    layer = Recurrent(cell, 2, 3)
    x = torch.randn(4, 2, 2)
    torch.testing.assert_close(layer(x)[0], layer(x, layer.zero_state(2, x))[0])


def test_layer_norm_and_recurrent_dropout_take_the_scratch_form_and_torch_refuses_them():
    assert not Recurrent("lstm", 2, 3).scratch
    assert Recurrent("lstm", 2, 3, layer_norm=True).scratch
    assert Recurrent("lstm", 2, 3, recurrent_dropout=0.5).scratch
    for option in ({"layer_norm": True}, {"recurrent_dropout": 0.5}):
        with pytest.raises(ValueError, match="need the scratch implementation"):
            Recurrent("lstm", 2, 3, implementation="torch", **option)


def test_layer_norm_makes_products_of_any_size_alike():
    torch.manual_seed(2)
    layer = Recurrent("rnn", 3, 4, layer_norm=True)
    x = torch.randn(1, 2, 3)
    with torch.no_grad():
        layer.bias_ih_l0.zero_()
        torch.testing.assert_close(layer(1000 * x)[0], layer(x)[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("implementation", ["scratch", "torch"])
def test_weight_drop_leaves_out_weights_of_the_state_only(implementation):
    torch.manual_seed(3)
    layer = Recurrent("lstm", 3, 4, weight_drop=0.5, implementation=implementation).train()
    one = torch.randn(1, 2, 3)
    torch.testing.assert_close(
        layer(one)[0], layer(one)[0]
    )  # the first step multiplies a state of zeros
    two = torch.randn(2, 2, 3)
    assert not torch.allclose(layer(two)[0][1], layer(two)[0][1])
    layer.eval()
    torch.testing.assert_close(layer(two)[0], layer(two)[0])


def test_recurrent_dropout_has_one_mask_for_all_steps():
    torch.manual_seed(4)
    layer = Recurrent("rnn", 1, 50, recurrent_dropout=0.5).train()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.bias_ih_l0.fill_(1.0)
        layer.weight_hh_l0.copy_(torch.eye(50))
    output = layer(torch.zeros(5, 1, 1))[0][
        :, 0
    ]  # (T, H): a unit whose state is dropped never grows
    stuck = output[1] == output[0]
    assert 5 < int(stuck.sum()) < 45
    assert (output[:, stuck] == output[0, stuck]).all()
    assert (output[1:, ~stuck] > output[0, ~stuck]).all()


@pytest.mark.parametrize("implementation", ["scratch", "torch"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_backwards_means_from_each_sequence_s_own_end(cell, implementation):
    torch.manual_seed(7)
    layer = Recurrent(cell, 5, 4, layers=2, bidirectional=True, implementation=implementation)
    x, lengths = torch.randn(6, 3, 5), torch.tensor([6, 2, 4])
    together = layer(x, lengths=lengths)[0]
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(
            together[:length, row], layer(x[:length, row : row + 1])[0][:, 0]
        )


@pytest.mark.parametrize("implementation", ["scratch", "torch"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_steps_one_by_one_give_what_the_whole_gives(cell, implementation):
    torch.manual_seed(8)
    layer = Recurrent(cell, 5, 4, layers=2, implementation=implementation)
    x = torch.randn(6, 3, 5)
    whole, end = layer(x)
    state, outputs = layer.zero_state(3, x), []
    for now in x:
        output, state = layer.step(now, state)
        outputs.append(output)
    torch.testing.assert_close(torch.stack(outputs), whole)
    for mine, other in zip(state, end, strict=True):
        torch.testing.assert_close(mine, other)


def test_the_forget_gates_of_an_lstm_begin_open():
    layer = Recurrent("lstm", 5, 4)
    forget = layer.bias_ih_l0.chunk(4)[1] + layer.bias_hh_l0.chunk(4)[1]
    assert torch.equal(forget, torch.ones(4))


def test_a_stack_that_reads_both_ways_has_no_next_step():
    both = Recurrent("gru", 3, 4, bidirectional=True)
    with pytest.raises(ValueError, match="reads whole sequences"):
        both.step(torch.zeros(2, 3), both.zero_state(2, torch.zeros(1)))
