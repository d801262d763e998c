import pytest
import torch
import torch.nn.functional as F

from seqkit.nn import products
from seqkit.nn.products import Product


@pytest.mark.parametrize("rows", [1, 5, 32, 33, 64, 70])
@pytest.mark.parametrize("with_bias", [True, False])
def test_a_product_is_that_of_torch(rows, with_bias):
    torch.manual_seed(0)
    weight, x = torch.randn(24, 16), torch.randn(rows, 16)
    bias = torch.randn(24) if with_bias else None
    found = Product(weight, bias)(x)
    torch.testing.assert_close(found, F.linear(x, weight, bias), rtol=1e-5, atol=1e-5)


def test_without_oneDNN_a_product_is_made_all_the_same(monkeypatch):
    def refuse(*arguments):
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(products, "_multiply", refuse)
    weight, x = torch.randn(3, 4), torch.randn(2, 4)
    torch.testing.assert_close(Product(weight)(x), x @ weight.T)


@pytest.mark.parametrize("number_type", [torch.float64, torch.bfloat16])
def test_a_product_is_of_the_type_of_its_weight(number_type):
    weight, x = torch.randn(3, 4, dtype=number_type), torch.randn(2, 4, dtype=number_type)
    found = Product(weight)(x)
    assert found.dtype == number_type
    torch.testing.assert_close(found, F.linear(x, weight), rtol=0.02, atol=0.02)
