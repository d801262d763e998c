import pytest
import torch

from seqkit.nn.dropout import Dropout, LockedDropout, drop_words


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(rate):
    torch.manual_seed(1)
    not_a_multiple_of_8 = 400_003  # the noise comes in words of eight bytes
    output = Dropout(rate)(torch.ones(not_a_multiple_of_8))

    dropped = float((output == 0).float().mean())
    assert dropped == pytest.approx(rate, abs=0.006)
    assert float(output.mean()) == pytest.approx(1.0, abs=0.01)
    assert len(output.unique()) == 2


def test_the_gradient_of_dropout_passes_through_the_mask_of_its_output():
    torch.manual_seed(2)
    x = torch.randn(1000, requires_grad=True)
    output = Dropout(0.4)(x)
    output.sum().backward()
    torch.testing.assert_close(x.grad * x.detach(), output.detach())


def test_dropout_of_nearly_everything_is_finite():
    assert Dropout(0.999)(torch.ones(10_000)).isfinite().all()


def test_dropout_does_nothing_in_evaluation_or_at_rate_zero():
    x = torch.randn(10)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_dropout_is_determined_by_torch_s_seed():
    masks = []
    for _ in range(2):
        torch.manual_seed(3)
        masks.append(Dropout(0.5)(torch.ones(100)))
    next_mask = Dropout(0.5)(torch.ones(100))

    assert torch.equal(*masks)
    assert not torch.equal(masks[0], next_mask)


def test_locked_dropout_has_one_mask_for_all_steps_and_keeps_the_mean():
    torch.manual_seed(5)
    output = LockedDropout(0.25).train()(torch.ones(4, 100, 50))
    assert (output == output[:1]).all()
    assert output.mean() == pytest.approx(1, abs=0.05)


def test_locked_dropout_does_nothing_in_evaluation():
    assert (LockedDropout(0.25).eval()(torch.ones(2, 2)) == 1).all()


def test_dropped_words_are_dropped_whole_and_the_mean_is_kept():
    torch.manual_seed(5)
    words = drop_words(torch.ones(2000, 3), 0.25, training=True)
    assert (words == words[:, :1]).all()
    assert words.mean() == pytest.approx(1, abs=0.05)


def test_no_words_are_dropped_in_evaluation():
    assert (drop_words(torch.ones(5, 3), 0.25, training=False) == 1).all()


@pytest.mark.parametrize("native", ["", "off"], ids=["compiled", "torch"])
def test_random_bytes_are_on_the_cpu_whatever_is_the_default(native, monkeypatch):
    monkeypatch.setenv("SEQKIT_NATIVE", native)
    x = torch.ones(1000)
    with torch.device("meta"):
        found = Dropout(0.5)(x)
    assert found.device.type == "cpu"
    assert set(found.tolist()) == {0.0, 2.0}
