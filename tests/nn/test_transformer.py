import math

import pytest
import torch
from torch import nn

from seqkit.nn.attention import MultiHeadAttention
from seqkit.nn.transformer import DecoderLayer, EncoderLayer, sinusoids


def copy_attention(ours, theirs):
    """Give torch's attention our weights."""
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key_value.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key_value.bias]))
        theirs.out_proj.weight.copy_(ours.out.weight)
        theirs.out_proj.bias.copy_(ours.out.bias)


def copy_layer(ours, theirs):
    copy_attention(ours.attention, theirs.self_attn)
    pairs = [(ours.feed_forward.up, theirs.linear1), (ours.feed_forward.down, theirs.linear2)]
    pairs += [(ours.around_attention.norm, theirs.norm1)]
    if hasattr(ours, "cross_attention"):
        copy_attention(ours.cross_attention, theirs.multihead_attn)
        pairs += [
            (ours.around_cross_attention.norm, theirs.norm2),
            (ours.around_feed_forward.norm, theirs.norm3),
        ]
    else:
        pairs += [(ours.around_feed_forward.norm, theirs.norm2)]
    for mine, other in pairs:
        other.load_state_dict(mine.state_dict())


@pytest.fixture
def mask():
    return torch.tensor(
        [[1, 1, 1, 1, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=torch.bool
    )  # (B, S)


def shake(module):
    """Weights that differ in every place, norms and biases too."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def test_attention_equals_torch_s(mask):
    ours = shake(MultiHeadAttention(8, 2))
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    copy_attention(ours, theirs)
    x, memory = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    wanted, _ = theirs(x, memory, memory, key_padding_mask=~mask)
    torch.testing.assert_close(ours(x, ours.project(memory), mask=mask[:, None, None]), wanted)


@pytest.mark.parametrize("prenorm", [True, False])
def test_an_encoder_layer_equals_torch_s(mask, prenorm):
    ours = shake(
        EncoderLayer(8, 2, 16, dropout=0.0, attention_dropout=0.0, prenorm=prenorm)
    ).train()
    theirs = nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0.0, norm_first=prenorm, batch_first=True
    ).train()
    copy_layer(ours, theirs)
    x = torch.randn(3, 5, 8)
    wanted = theirs(x, src_key_padding_mask=~mask)
    got = ours(x, mask[:, None, None])
    torch.testing.assert_close(got[mask], wanted[mask], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("prenorm", [True, False])
def test_a_decoder_layer_equals_torch_s_and_its_own_steps(mask, prenorm):
    ours = shake(DecoderLayer(8, 2, 16, dropout=0.0, attention_dropout=0.0, prenorm=prenorm))
    theirs = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, norm_first=prenorm, batch_first=True)
    copy_layer(ours, theirs)
    x, memory = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    causal = nn.Transformer.generate_square_subsequent_mask(4)
    wanted = theirs(x, memory, tgt_mask=causal, memory_key_padding_mask=~mask)
    projected = ours.cross_attention.project(memory)
    torch.testing.assert_close(
        ours(x, projected, mask[:, None, None]), wanted, rtol=1e-4, atol=1e-5
    )
    past, steps = None, []
    for t in range(4):
        y, past = ours.step(x[:, t : t + 1], past, projected, mask[:, None, None])
        steps.append(y)
    torch.testing.assert_close(torch.cat(steps, 1), wanted, rtol=1e-4, atol=1e-5)


def test_positions_are_the_sinusoids_of_the_paper():
    table = sinusoids(50, 16)
    for position in (0, 3, 49):
        for i in range(8):
            angle = position / 10_000 ** (2 * i / 16)
            assert float(table[position, 2 * i]) == pytest.approx(math.sin(angle), abs=1e-5)
            assert float(table[position, 2 * i + 1]) == pytest.approx(math.cos(angle), abs=1e-5)
