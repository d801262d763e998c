import math

import pytest
import torch
from torch import nn

from seqkit.nn.attention import MultiHeadAttention
from seqkit.nn.stepping import DecoderStepper
from seqkit.nn.transformer import DecoderLayer, Embedding, EncoderLayer, sinusoids


def copy_attention(ours, theirs):
    """Give torch's attention our weights."""
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key_value.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key_value.bias]))
        theirs.out_proj.weight.copy_(ours.out.weight)
        theirs.out_proj.bias.copy_(ours.out.bias)


def copy_layer(ours, theirs):
    """Give torch's layer our weights."""
    copy_attention(ours.attention, theirs.self_attn)
    theirs.linear1.load_state_dict(ours.feed_forward.up.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.down.state_dict())

    norms = [ours.around_attention, ours.around_feed_forward]
    if hasattr(ours, "cross_attention"):
        copy_attention(ours.cross_attention, theirs.multihead_attn)
        norms.insert(1, ours.around_cross_attention)
    for number, residual in enumerate(norms, 1):
        their_norm = getattr(theirs, f"norm{number}")
        their_norm.load_state_dict(residual.norm.state_dict())


@pytest.fixture
def mask():
    """(B, S)"""
    lengths = torch.tensor([4, 2, 5])
    return torch.arange(5) < lengths[:, None]


def with_random_weights(module):
    """All parameters random, also those that are initialised with zeros or ones."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def decoder_layer(prenorm=True):
    layer = DecoderLayer(8, 2, 16, dropout=0.0, attention_dropout=0.0, prenorm=prenorm)
    return with_random_weights(layer)


def test_attention_equals_torch_s(mask):
    ours = with_random_weights(MultiHeadAttention(8, 2))
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    copy_attention(ours, theirs)

    x, memory = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    wanted, _ = theirs(x, memory, memory, key_padding_mask=~mask)
    found = ours(x, ours.project(memory), mask=mask[:, None, None])
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("prenorm", [True, False])
def test_an_encoder_layer_equals_torch_s(mask, prenorm):
    ours = EncoderLayer(8, 2, 16, dropout=0.0, attention_dropout=0.0, prenorm=prenorm)
    ours = with_random_weights(ours).train()
    theirs = nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0.0, norm_first=prenorm, batch_first=True
    ).train()
    copy_layer(ours, theirs)

    x = torch.randn(3, 5, 8)
    wanted = theirs(x, src_key_padding_mask=~mask)
    found = ours(x, mask[:, None, None])
    torch.testing.assert_close(found[mask], wanted[mask], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("prenorm", [True, False])
def test_a_decoder_layer_equals_torch_s_and_its_own_steps(mask, prenorm):
    ours = decoder_layer(prenorm)
    theirs = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, norm_first=prenorm, batch_first=True)
    copy_layer(ours, theirs)

    x, memory = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    causal = nn.Transformer.generate_square_subsequent_mask(4)
    wanted = theirs(x, memory, tgt_mask=causal, memory_key_padding_mask=~mask)
    projected = ours.cross_attention.project(memory)
    source_mask = mask[:, None, None]
    whole = ours(x, projected, source_mask)
    torch.testing.assert_close(whole, wanted, rtol=1e-4, atol=1e-5)

    with torch.no_grad():
        stepper = DecoderStepper([ours], torch.eye(8), None)
        past, read = stepper.begin(3, x), stepper.read(memory, source_mask)
        steps = []
        for t in range(4):
            y, past = stepper.step(x[:, t], past, read)
            steps.append(y)
    torch.testing.assert_close(torch.stack(steps, 1), wanted, rtol=1e-4, atol=1e-5)


def test_positions_are_the_sinusoids_of_the_paper():
    table = sinusoids(50, 16)
    for position in (0, 3, 49):
        for i in range(8):
            angle = position / 10_000 ** (2 * i / 16)
            assert float(table[position, 2 * i]) == pytest.approx(math.sin(angle), abs=1e-5)
            assert float(table[position, 2 * i + 1]) == pytest.approx(math.cos(angle), abs=1e-5)


def test_an_embedding_adds_positions_to_scaled_tokens_however_long_the_text():
    torch.manual_seed(1)
    embedding = Embedding(9, 16, dropout=0.0, padding=0)
    ids = torch.randint(1, 9, (2, 300))  # more positions than the table has at first
    found = embedding(ids)
    wanted = 4 * embedding.tokens.weight[ids] + sinusoids(300, 16)
    torch.testing.assert_close(found, wanted)


def test_an_embedding_of_a_later_part_has_the_positions_of_that_part():
    torch.manual_seed(1)
    embedding = Embedding(9, 16, dropout=0.0, padding=0)
    ids = torch.randint(1, 9, (2, 40))
    torch.testing.assert_close(embedding(ids[:, 30:], start=30), embedding(ids)[:, 30:])


def test_the_embedding_of_padding_begins_as_zeros():
    embedding = Embedding(9, 16, dropout=0.0, padding=3)
    assert not embedding.tokens.weight[3].any()
