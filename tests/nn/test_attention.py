"""Attention written out, against torch and against its definition."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from seqkit.nn.attention import (
    Attention,
    KeyValue,
    MultiHeadAttention,
    attend,
    masked_softmax,
)


def mask():
    """(B, 1, S): the last row is fully masked."""
    lengths = torch.tensor([5, 2, 0])
    return (torch.arange(5) < lengths[:, None])[:, None]


def test_masked_softmax_is_a_softmax_of_the_rest_and_zero_in_a_fully_masked_row():
    torch.manual_seed(1)
    scores = torch.randn(3, 4, 5, requires_grad=True)
    weights = masked_softmax(scores, mask())
    torch.testing.assert_close(weights[0], scores[0].softmax(-1))
    torch.testing.assert_close(weights[1, :, :2], scores[1, :, :2].softmax(-1))
    assert not weights[1, :, 2:].any()
    assert not weights[2].any()

    (weights * torch.randn(3, 4, 5)).sum().backward()
    assert scores.grad.isfinite().all()
    assert not scores.grad[2].any()


@pytest.mark.parametrize("kind", ["dot", "scaled-dot", "general"])
def test_dot_products_equal_torch_s_attention(kind):
    torch.manual_seed(2)
    width = 8
    attend = Attention(kind, width, width)
    queries = torch.randn(3, 4, width, requires_grad=True)
    memory = torch.randn(3, 5, width, requires_grad=True)
    keys = attend.project(memory)

    ours, weights = attend(queries, keys, memory, mask())
    scale = width**-0.5 if kind == "scaled-dot" else 1.0
    theirs = F.scaled_dot_product_attention(
        queries[:2], keys[:2], memory[:2], attn_mask=mask()[:2], scale=scale
    )
    torch.testing.assert_close(ours[:2], theirs)
    torch.testing.assert_close(weights[:2].sum(-1), torch.ones(2, 4))
    assert not ours[2].any()

    def gradients(output):
        loss = output[:2].square().sum()
        return torch.autograd.grad(loss, (queries, memory), retain_graph=True)

    for mine, other in zip(gradients(ours), gradients(theirs), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)


def test_additive_attention_is_bahdanau_s_equation():
    torch.manual_seed(3)
    attend = Attention("additive", 6, 4).requires_grad_(False)
    queries, memory = torch.randn(2, 3, 6), torch.randn(2, 5, 4)
    found = attend.scores(queries, attend.project(memory))

    for b, t, s in ((0, 0, 0), (1, 2, 4), (0, 1, 3)):
        from_query = attend.query.weight @ queries[b, t] + attend.query.bias
        from_memory = attend.keys.weight @ memory[b, s]
        wanted = attend.energy @ (from_query + from_memory).tanh()
        assert float(found[b, t, s]) == pytest.approx(float(wanted), rel=1e-5)


def test_attention_dropout_changes_what_is_read_but_not_the_weights_returned():
    torch.manual_seed(4)
    plain, dropped = Attention("dot", 4, 4), Attention("dot", 4, 4, dropout=0.5)
    queries, memory = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    wanted_context, wanted_weights = plain(queries, memory, memory, None)

    context, weights = dropped(queries, memory, memory, None)
    torch.testing.assert_close(weights, wanted_weights)
    assert not torch.allclose(context, wanted_context)

    context, _ = dropped.eval()(queries, memory, memory, None)
    torch.testing.assert_close(context, wanted_context)


def test_widths_that_differ_are_refused_for_dot_products():
    with pytest.raises(ValueError, match="as wide as the memory: 4 and 8"):
        Attention("dot", 4, 8)


def test_attention_with_many_heads_equals_torch_s_and_reads_by_its_weights():
    torch.manual_seed(5)
    ours, theirs = MultiHeadAttention(12, 3), nn.MultiheadAttention(12, 3, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key_value.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key_value.bias]))
        theirs.out_proj.load_state_dict(ours.out.state_dict())

    x, memory, real = torch.randn(2, 4, 12), torch.randn(2, 5, 12), mask()[:2]
    projected = ours.project(memory)
    found = ours(x, projected, mask=real[:, None])
    weights = ours.weights(x, projected, real[:, None])
    wanted, their_weights = theirs(
        x, memory, memory, key_padding_mask=~real[:, 0], average_attn_weights=False
    )
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(weights, their_weights)

    read = (weights @ projected.values).transpose(1, 2).flatten(2)
    torch.testing.assert_close(ours.out(read), found)


@pytest.mark.parametrize("keys", [5, 600], ids=["written out", "by torch's kernel"])
@pytest.mark.parametrize("kind", ["all", "masked", "causal"])
def test_attention_in_bf16_and_its_gradient_are_close_to_those_in_float64(keys, kind):
    torch.manual_seed(6)
    queries = keys if kind == "causal" else 4
    lengths = (queries, keys, keys)
    narrow = [torch.randn(2, 3, n, 8).bfloat16().requires_grad_() for n in lengths]
    wide = [part.detach().double().requires_grad_() for part in narrow]
    real = torch.rand(2, 1, 1, keys) < 0.7
    real[..., 0] = True

    mask = real if kind == "masked" else None
    causal = kind == "causal"
    found = attend(narrow[0], KeyValue(*narrow[1:]), mask=mask, causal=causal)

    may_see = real if mask is not None else torch.ones(queries, keys, dtype=torch.bool)
    if causal:
        may_see = may_see.tril()
    wanted = F.scaled_dot_product_attention(*wide, attn_mask=may_see)
    torch.testing.assert_close(found.double(), wanted, rtol=0.02, atol=0.02)

    assert found.dtype == torch.bfloat16
    upstream = torch.randn(2, 3, queries, 8).bfloat16()
    for mine, other in zip(
        torch.autograd.grad(found, narrow, upstream),
        torch.autograd.grad(wanted, wide, upstream.double()),
        strict=True,
    ):
        torch.testing.assert_close(mine.double(), other, rtol=0.02, atol=0.03)


def test_written_out_attention_drops_weights_at_its_rate():
    ones = torch.ones(1, 1, 400, 400).bfloat16()
    read = attend(ones, KeyValue(ones, ones), dropout=0.25)
    assert read.float().mean().item() == pytest.approx(1.0, abs=0.02)
    assert read.float().std() > 0.01
    assert (attend(ones, KeyValue(ones, ones)) - 1).abs().max() < 0.01
