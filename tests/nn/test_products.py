import pytest
import torch
import torch.nn.functional as F
from torch import nn

from seqkit.errors import WrongType
from seqkit.nn import products
from seqkit.nn.products import Product, rounded_up


@pytest.mark.parametrize("enough", [0, products._ENOUGH], ids=["arranged", "few"])
@pytest.mark.parametrize("rows", [1, 5, 8, 9, 30, 32, 33, 64, 70])
@pytest.mark.parametrize("with_bias", [True, False])
def test_a_product_is_that_of_torch(rows, with_bias, enough, monkeypatch):
    monkeypatch.setattr(products, "_ENOUGH", enough)
    torch.manual_seed(0)
    weight, x = torch.randn(24, 16), torch.randn(rows, 16)
    bias = torch.randn(24) if with_bias else None
    found = Product(weight, bias)(x)
    torch.testing.assert_close(found, F.linear(x, weight, bias), rtol=1e-5, atol=1e-5)


def test_numbers_of_rows_are_few(monkeypatch):
    met = set()
    multiply = products._multiply

    def count(x, *others):
        met.add(len(x))
        return multiply(x, *others)

    monkeypatch.setattr(products, "_ENOUGH", 0)
    monkeypatch.setattr(products, "_multiply", count)
    product = Product(torch.randn(3, 4))
    for rows in range(1, 201):
        product(torch.randn(rows, 4))
    assert met == {products.rounded_up(rows) for rows in range(1, 201)}


def test_numbers_of_rows_are_rounded_up_to_eight_between_powers_of_two():
    assert {rounded_up(count) for count in range(17, 33)} == {18, 20, 22, 24, 26, 28, 30, 32}
    assert len({rounded_up(count) for count in range(1025, 2049)}) == 8
    assert all(count <= rounded_up(count) <= count * 9 / 8 for count in range(1, 5000))


def test_two_layers_joined_give_what_each_gives():
    torch.manual_seed(0)
    first, second, x = nn.Linear(4, 3), nn.Linear(4, 5), torch.randn(2, 4)
    found = Product.joining(first, second)(x)
    torch.testing.assert_close(found[:, :3], first(x))
    torch.testing.assert_close(found[:, 3:], second(x))


def test_without_oneDNN_a_product_is_made_all_the_same(monkeypatch):
    def refuse(*arguments):
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(products, "_ENOUGH", 0)
    monkeypatch.setattr(products, "_multiply", refuse)
    weight, x = torch.randn(3, 4), torch.randn(2, 4)
    torch.testing.assert_close(Product(weight)(x), x @ weight.T)


@pytest.mark.parametrize("number_type", [torch.float64, torch.bfloat16])
def test_a_product_is_of_the_type_of_its_weight(number_type, monkeypatch):
    monkeypatch.setattr(products, "_ENOUGH", 0)
    weight, x = torch.randn(3, 4, dtype=number_type), torch.randn(2, 4, dtype=number_type)
    found = Product(weight)(x)
    assert found.dtype == number_type
    torch.testing.assert_close(found, F.linear(x, weight), rtol=0.02, atol=0.02)


def test_a_layer_that_is_more_than_its_weight_is_refused():
    class Adapted(nn.Linear):
        pass

    with pytest.raises(WrongType, match="Adapted stands in the place of one"):
        Product.of(Adapted(3, 4))
