import pytest
import torch
import torch.nn.functional as F

from seqkit.nn import loss as module
from seqkit.nn.loss import linear_cross_entropy, sample_words


def leaves(*tensors):
    """Copies that gradients are computed for; None stays None."""
    return [None if t is None else t.detach().clone().requires_grad_() for t in tensors]


@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rows", [1, 7, 1000], ids=["chunks of 1", "uneven chunks", "one chunk"])
def test_the_fused_loss_and_its_gradients_equal_torch_s_cross_entropy(
    monkeypatch, rows, smoothing, with_bias
):
    monkeypatch.setattr(module, "_ROWS", rows)
    monkeypatch.setattr(module, "_ROWS_IN_PLACE", rows)
    torch.manual_seed(0)
    bias = torch.randn(11) if with_bias else None
    ours = leaves(torch.randn(40, 6), torch.randn(11, 6), bias)
    theirs = leaves(*ours)
    targets = torch.randint(11, (40,))

    loss, nll = linear_cross_entropy(*ours, targets, smoothing=smoothing)
    logits = F.linear(*theirs)
    wanted = F.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    wanted_nll = F.cross_entropy(logits, targets, reduction="sum")
    assert float(loss.detach()) == pytest.approx(float(wanted.detach()), rel=1e-6)
    assert float(nll) == pytest.approx(float(wanted_nll.detach()), rel=1e-6)

    (3 * loss).backward()
    (3 * wanted).backward()
    for mine, other in zip(ours, theirs, strict=True):
        if mine is not None:
            torch.testing.assert_close(mine.grad, other.grad, rtol=1e-4, atol=1e-5)


def test_the_loss_works_without_gradients():
    hidden, weight, targets = torch.randn(5, 4), torch.randn(7, 4), torch.randint(7, (5,))
    with torch.no_grad():
        loss, nll = linear_cross_entropy(hidden, weight, None, targets)
    assert float(loss) == pytest.approx(float(nll))


@pytest.mark.parametrize("frozen", [0, 1, 2], ids=["states", "weight", "bias"])
def test_what_is_frozen_gets_no_gradient_and_the_others_get_the_same(frozen):
    torch.manual_seed(0)
    tensors = torch.randn(40, 6), torch.randn(11, 6), torch.randn(11)
    targets = torch.randint(11, (40,))
    free, some = leaves(*tensors), leaves(*tensors)
    some[frozen].requires_grad_(False)

    for inputs in (free, some):
        linear_cross_entropy(*inputs, targets, smoothing=0.1)[0].backward()
    assert some[frozen].grad is None
    for number in {0, 1, 2} - {frozen}:
        assert torch.equal(some[number].grad, free[number].grad)


@pytest.mark.parametrize("half", [False, True], ids=["float32 states", "bf16 states"])
def test_with_autocast_loss_and_gradients_stay_close_and_in_full_precision(half):
    torch.manual_seed(1)
    inputs = torch.randn(700, 32), torch.randn(100, 32) * 0.2, torch.randn(100)
    targets = torch.randint(100, (700,))
    exact, rough = leaves(*inputs), leaves(*inputs)

    exact_loss, _ = linear_cross_entropy(*exact, targets, smoothing=0.1)
    with torch.autocast("cpu", torch.bfloat16):
        hidden, weight, bias = rough
        states = hidden.bfloat16() if half else hidden
        rough_loss, nll = linear_cross_entropy(states, weight, bias, targets, smoothing=0.1)
    exact_loss.backward()
    rough_loss.backward()

    assert rough_loss.dtype == nll.dtype == torch.float64
    assert float(rough_loss.detach()) == pytest.approx(float(exact_loss.detach()), rel=1e-3)
    for mine, other in zip(rough, exact, strict=True):
        assert mine.grad.dtype == torch.float32
        error = (mine.grad - other.grad).norm() / other.grad.norm()
        assert float(error) < 0.01


# a sample of the vocabulary


def test_a_sample_of_the_vocabulary_stands_for_all_of_it():
    torch.manual_seed(0)
    hidden, weight, bias = torch.randn(30, 6), torch.randn(200, 6), torch.randn(200)
    targets = torch.randint(20, (30,))
    logits = F.linear(hidden, weight, bias)
    target_logits = logits.gather(-1, targets[:, None])

    sums, seen = [], set()
    for _ in range(600):
        some_weight, some_bias, some_targets = sample_words(weight, bias, targets, 60)
        assert some_weight.shape == (len(targets.unique()) + 60, 6)
        assert len(some_weight.unique(dim=0)) == len(some_weight), "no word twice"

        some_logits = F.linear(hidden, some_weight, some_bias)
        some_target_logits = some_logits.gather(-1, some_targets[:, None])
        torch.testing.assert_close(some_target_logits, target_logits)
        sums.append(some_logits.exp().sum(-1))
        seen |= {tuple(row) for row in some_weight.tolist()}

    ratio = torch.stack(sums).mean(0) / logits.exp().sum(-1)
    torch.testing.assert_close(ratio, torch.ones(30), rtol=0, atol=0.03)
    assert len(seen) == 200


def test_a_sample_as_large_as_the_vocabulary_is_the_vocabulary():
    given = torch.randn(9, 2), torch.randn(9), torch.tensor([3, 3, 5])
    for found, original in zip(sample_words(*given, 7), given, strict=True):
        assert found is original
    assert sample_words(*given, 6)[0].shape == (8, 2)


def test_the_gradients_of_a_sample_reach_its_words_and_no_others():
    torch.manual_seed(0)
    weight, bias = leaves(torch.randn(50, 4), torch.randn(50))
    hidden, targets = torch.randn(8, 4), torch.randint(50, (8,))
    some_weight, some_bias, some_targets = sample_words(weight, bias, targets, 10)
    loss, _ = linear_cross_entropy(hidden, some_weight, some_bias, some_targets)
    loss.backward()

    reached = weight.grad.abs().sum(1) > 0
    assert reached[targets].all()
    assert int(reached.sum()) == len(some_weight)
    assert torch.equal(reached, bias.grad != 0)
