"""Arithmetic counted, beside what is known by hand."""

import importlib
import tomllib
from collections import Counter
from types import SimpleNamespace

import pytest
import torch
import toy_rows

from benchmarks import limit, machine, rows


def test_products_are_counted_as_by_hand():
    products, flops, units = limit.counted(toy_rows.matrices({}))
    assert products == Counter({limit.Product(1, 2, 3, 4): 1, limit.Product(3, 2, 2, 2): 1})
    assert flops == 2 * (2 * 3 * 4 + 3 * 2 * 2 * 2)
    assert units == 5


def test_a_layer_with_its_gradients_is_three_products():
    layer = torch.nn.Linear(8, 16)
    x = torch.randn(4, 8, requires_grad=True)

    def step():
        layer(x).sum().backward()
        return 4

    _, flops, _ = limit.counted(step)
    assert flops == 3 * 2 * 4 * 8 * 16


def test_attention_in_one_operation_is_counted_too():
    q = torch.randn(2, 3, 5, 8, requires_grad=True)

    def step():
        torch.nn.functional.scaled_dot_product_attention(q, q, q).sum().backward()
        return 1

    _, flops, _ = limit.counted(step)
    assert flops == 7 * 2 * (2 * 3 * 5 * 5 * 8)  # scores and sums, and five of the same backward


def test_an_lstm_in_one_operation_is_counted_too():
    lstm = torch.nn.LSTM(8, 16)
    x = torch.randn(7, 4, 8, requires_grad=True)

    def step():
        lstm(x)[0].sum().backward()
        return 1

    _, flops, _ = limit.counted(step)
    assert flops == 3 * 2 * 7 * 4 * (8 + 16) * (4 * 16)


def test_a_transformer_layer_has_the_arithmetic_of_the_formula():
    """Twelve d² multiplications a token and 2 n d of attention (Kaplan et al. 2020, table 1)."""
    batch, n, d = 2, 6, 16
    layer = torch.nn.TransformerEncoderLayer(d, 2, 4 * d, batch_first=True)
    x = torch.randn(batch, n, d)

    _, flops, _ = limit.counted(lambda: layer(x).sum().item())
    assert flops == 2 * batch * n * (12 * d * d + 2 * n * d)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_large_product_runs_at_more_than_a_billion_operations_a_second(dtype):
    square = limit.Product(1, 128, 128, 128)
    assert square.flops / limit.seconds_of(square, dtype) > 1e9


def test_a_profile_knows_products_optimiser_and_data():
    layer = torch.nn.Linear(256, 256)
    optimizer = torch.optim.AdamW(layer.parameters())
    batches = limit.named(limit.DATA, iter(lambda: torch.randn(256, 256).sort()[0], None))

    def step():
        layer(next(batches)).sum().backward()
        optimizer.step()
        return 1

    shares = limit.profile(step, 5)
    assert sum(shares.values()) == pytest.approx(1)
    assert {"products", "optimiser", "data", "Python"} <= shares.keys()
    assert "loss" not in shares


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aten::addmm", "products"),
        ("aten::_to_copy", "copies"),
        ("aten::topk", "other operations"),
        ("autograd::engine::evaluate_function: MulBackward0", "other operations"),
        ("torch::autograd::AccumulateGrad", "other operations"),
    ],
)
def test_an_operation_belongs_to_the_kind_of_its_name(name, kind):
    assert limit._kind(SimpleNamespace(name=name, cpu_parent=None)) == kind


def test_a_row_without_a_step_says_that_it_has_none_to_count(capsys):
    limit.show("toy", toy_rows.row(toy_rows.quick_one), "one", quick=True, settings={})
    assert capsys.readouterr().out == (
        "  toy has no limit: its module gives no step to count (`Row.limit`)\n"
    )


@pytest.mark.parametrize("name", rows.names())
def test_every_row_loads_and_its_contestants_are_found_by_name(name):
    row = rows.load(name)
    assert row.cases
    assert row.contestants[0].peer is None
    for contestant in row.contestants:
        module = importlib.import_module(contestant.run.__module__)
        assert getattr(module, contestant.run.__qualname__) is contestant.run


def test_the_peers_of_the_rows_and_no_others_have_pins():
    pins = tomllib.loads((machine.ROOT / "benchmarks/peers.toml").read_text())
    wanted = {one.peer for name in rows.names() for one in rows.load(name).contestants}
    assert wanted - {None} == pins.keys()
