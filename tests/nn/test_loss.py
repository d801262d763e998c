import pytest
import torch
import torch.nn.functional as F

from seqkit.nn import loss as module
from seqkit.nn.loss import linear_cross_entropy, sample_words


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_the_fused_loss_and_its_gradients_equal_torch_s_cross_entropy(
    monkeypatch, rows, smoothing, bias
):
    monkeypatch.setattr(module, "_ROWS", rows)  # chunks of one, uneven chunks, a single chunk
    torch.manual_seed(0)
    hidden, weight, b = torch.randn(40, 6), torch.randn(11, 6), torch.randn(11) if bias else None
    targets = torch.randint(11, (40,))
    leaves = [
        [t.clone().requires_grad_() for t in (hidden, weight, b) if t is not None] for _ in range(2)
    ]
    ours, nll = linear_cross_entropy(
        leaves[0][0], leaves[0][1], leaves[0][2] if bias else None, targets, smoothing=smoothing
    )
    logits = F.linear(*leaves[1])
    theirs = F.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    (3 * ours).backward()
    (3 * theirs).backward()
    assert float(ours.detach()) == pytest.approx(float(theirs.detach()), rel=1e-6)
    assert float(nll) == pytest.approx(
        float(F.cross_entropy(logits, targets, reduction="sum").detach()), rel=1e-6
    )
    for mine, other in zip(*leaves, strict=True):
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-4, atol=1e-5)


def test_the_loss_works_without_gradients():
    hidden, weight, targets = torch.randn(5, 4), torch.randn(7, 4), torch.randint(7, (5,))
    with torch.no_grad():
        loss, nll = linear_cross_entropy(hidden, weight, None, targets)
    assert float(loss) == pytest.approx(float(nll))


@pytest.mark.parametrize("half", [False, True], ids=["float32 states", "bf16 states"])
def test_under_autocast_loss_and_gradients_stay_close_and_in_full_precision(half):
    torch.manual_seed(1)
    hidden, weight, bias = torch.randn(700, 32), torch.randn(100, 32) * 0.2, torch.randn(100)
    targets = torch.randint(100, (700,))
    leaves = [[part.clone().requires_grad_() for part in (hidden, weight, bias)] for _ in range(2)]
    exact, _ = linear_cross_entropy(*leaves[0], targets, smoothing=0.1)
    with torch.autocast("cpu", torch.bfloat16):
        states = leaves[1][0].bfloat16() if half else leaves[1][0]
        rough, nll = linear_cross_entropy(states, *leaves[1][1:], targets, smoothing=0.1)
    exact.backward(), rough.backward()
    assert rough.dtype == nll.dtype == torch.float64
    assert float(rough.detach()) == pytest.approx(float(exact.detach()), rel=1e-3)
    for mine, other in zip(leaves[1], leaves[0], strict=True):
        assert mine.grad.dtype == torch.float32
        assert float((mine.grad - other.grad).norm() / other.grad.norm()) < 0.01


def test_a_part_of_the_vocabulary_stands_for_the_whole():
    torch.manual_seed(0)
    hidden, weight, bias = torch.randn(30, 6), torch.randn(200, 6), torch.randn(200)
    targets = torch.randint(20, (30,))
    whole = F.linear(hidden, weight, bias).exp().sum(-1)
    kept = F.linear(hidden, weight, bias).gather(-1, targets[:, None]).squeeze(-1)
    sums, seen = [], set()
    for _ in range(600):
        some, raised, places = sample_words(weight, bias, targets, 60)
        assert some.shape == (len(targets.unique()) + 60, 6)
        assert len(some.unique(dim=0)) == len(some)  # no word twice
        logits = F.linear(hidden, some, raised)
        torch.testing.assert_close(
            logits.gather(-1, places[:, None]).squeeze(-1), kept
        )  # targets keep their logits
        sums.append(logits.exp().sum(-1))
        seen |= {tuple(row) for row in some.tolist()}
    torch.testing.assert_close(torch.stack(sums).mean(0) / whole, torch.ones(30), rtol=0, atol=0.03)
    assert len(seen) == 200


def test_where_the_sample_would_be_the_vocabulary_it_is_the_vocabulary():
    weight, bias, targets = torch.randn(9, 2), torch.randn(9), torch.tensor([3, 3, 5])
    for found, given in zip(
        sample_words(weight, bias, targets, 7), (weight, bias, targets), strict=True
    ):
        assert found is given
    assert sample_words(weight, bias, targets, 6)[0].shape == (8, 2)


def test_the_gradients_of_a_part_reach_their_own_words_and_no_other():
    torch.manual_seed(0)
    weight, bias = torch.randn(50, 4, requires_grad=True), torch.randn(50, requires_grad=True)
    hidden, targets = torch.randn(8, 4), torch.randint(50, (8,))
    some, raised, places = sample_words(weight, bias, targets, 10)
    loss, _ = linear_cross_entropy(hidden, some, raised, places)
    loss.backward()
    reached = weight.grad.abs().sum(1) > 0
    assert reached[targets].all()
    assert int(reached.sum()) == len(some)
    assert torch.equal(reached, bias.grad != 0)
