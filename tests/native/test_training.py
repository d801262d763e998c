"""Passes of a training by the compiled library, beside torch's own operations in float64."""

import math

import pytest
import torch
import torch.nn.functional as F

from seqkit.errors import WrongValue
from seqkit.nn import attention, dropout, passes
from seqkit.nn.attention import KeyValue, MultiHeadAttention, attend
from seqkit.nn.loss import linear_cross_entropy
from seqkit.nn.transformer import DecoderLayer

CLOSE = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


@pytest.fixture(params=[0, 1, 2], ids=["plain", "AVX2", "AVX-512"])
def instructions(used, request, monkeypatch):
    """Each set of instructions that this processor has."""
    if request.param > passes._function("seqkit_instructions")():
        pytest.skip("this processor does not have them")
    monkeypatch.setattr(passes, "_instructions", lambda: request.param)


def close(found, wanted, dtype):
    torch.testing.assert_close(found.double(), wanted, rtol=CLOSE[dtype], atol=CLOSE[dtype])


# the loss


@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("words", [1, 7, 16, 150])
def test_a_gradient_takes_the_place_of_logits(instructions, words, dtype, with_bias):
    torch.manual_seed(0)
    logits = (3 * torch.randn(9, words)).to(dtype)
    targets = torch.randint(words, (9,))
    bias = torch.randn(words) if with_bias else None

    exact = logits.double() + (0 if bias is None else bias)
    exact = exact.requires_grad_()
    loss = F.cross_entropy(exact, targets, reduction="sum")
    loss.backward()

    of_bias = torch.ones(words) if with_bias else None
    log_totals, of_targets = passes.cross_entropy(logits, bias, targets, 1.0, of_bias)
    nll = log_totals.double() - of_targets.double()
    close(nll.sum(), loss.detach(), torch.float32)
    close(logits, exact.grad, dtype)
    if of_bias is not None:
        close(of_bias - 1, exact.grad.sum(0), torch.float32)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stays_none(instructions, odd):
    logits = torch.randn(2, 40)
    logits[1, 17] = odd
    log_totals, _ = passes.cross_entropy(logits, None, torch.tensor([0, 0]), 1.0, None)
    assert log_totals.isfinite().tolist() == [True, False]


@pytest.mark.parametrize("targets", [[0, 7], [-1, 0], [0], [[0], [1]]])
def test_a_target_that_is_no_word_is_refused(used, targets):
    """The library would write beside the logits."""
    with pytest.raises(WrongValue, match="target"):
        linear_cross_entropy(torch.randn(2, 4), torch.randn(7, 4), None, torch.tensor(targets))


def test_targets_of_32_bits_are_refused(used):
    targets = torch.zeros(2, dtype=torch.int32)
    with pytest.raises(WrongValue, match="64 bits"):
        linear_cross_entropy(torch.randn(2, 4), torch.randn(7, 4), None, targets)


def test_torch_s_default_type_is_not_that_of_the_library(used, monkeypatch):
    torch.manual_seed(0)
    given = torch.randn(5, 8), torch.randn(11, 8), torch.randn(11)
    targets = torch.randint(11, (5,))
    query, key, value = rows_of(2, 3, 8, 3, torch.float32)
    heads = [by_head(x, 2).detach().requires_grad_() for x in (query, key, value)]

    found = []
    for dtype in (torch.float32, torch.float64):
        torch.set_default_dtype(dtype)
        try:
            leaves = [tensor.clone().requires_grad_() for tensor in given]
            loss, _ = linear_cross_entropy(*leaves, targets)
            loss.backward()
            read = attend(heads[0], KeyValue(*heads[1:]))
            of_heads = torch.autograd.grad(read.sum(), heads)
        finally:
            torch.set_default_dtype(torch.float32)
        found.append([loss.detach(), read.detach(), *of_heads, *(leaf.grad for leaf in leaves)])

    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bf16"])
def test_the_loss_with_the_library_is_that_without(used, monkeypatch, autocast):
    torch.manual_seed(0)
    given = torch.randn(600, 24), 0.3 * torch.randn(50, 24), torch.randn(50)
    targets = torch.randint(50, (600,))

    found = []
    for setting in ("on", "off"):
        monkeypatch.setenv("SEQKIT_NATIVE", setting)
        leaves = [tensor.clone().requires_grad_() for tensor in given]
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss, nll = linear_cross_entropy(*leaves, targets, smoothing=0.1)
        loss.backward()
        found.append([loss.detach(), nll, *(leaf.grad for leaf in leaves)])

    for by_library, by_torch in zip(*found, strict=True):
        error = (by_library - by_torch).norm() / by_torch.norm()
        assert float(error) < (5e-3 if autocast else 1e-6)


# attention


def rows_of(sentences, length, width, parts, dtype):
    """What a linear layer gives, and leaves of its parts: (B, length, parts D)"""
    joined = torch.randn(sentences, length, parts * width).to(dtype)
    return joined.chunk(parts, dim=-1)


def by_head(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


@pytest.mark.parametrize("kind", ["all", "masked", "causal"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("queries", "keys", "width"), [(1, 1, 4), (5, 5, 32), (70, 70, 12), (3, 40, 17)]
)
def test_attention_and_its_gradient_equal_torch_s(instructions, queries, keys, width, dtype, kind):
    torch.manual_seed(0)
    sentences, heads = 3, 2
    if kind == "causal":
        keys = queries
    (query,) = rows_of(sentences, queries, heads * width, 1, dtype)
    key, value = rows_of(sentences, keys, heads * width, 2, dtype)
    mask = None
    if kind == "masked":
        mask = torch.rand(sentences, 1, 1, keys) < 0.5
        mask[..., 0] = True

    ours = [by_head(x, heads).detach().requires_grad_() for x in (query, key, value)]
    theirs = [x.detach().double().requires_grad_() for x in ours]
    read = attend(ours[0], KeyValue(*ours[1:]), mask=mask, causal=kind == "causal")
    assert "_Attend" in type(read.grad_fn).__name__
    wanted = F.scaled_dot_product_attention(*theirs, attn_mask=mask, is_causal=kind == "causal")

    of_read = torch.randn(read.shape).to(dtype)
    read.backward(of_read)
    wanted.backward(of_read.double())
    close(read, wanted.detach(), dtype)
    for mine, other in zip(ours, theirs, strict=True):
        close(mine.grad, other.grad, dtype)


def test_what_the_library_has_no_pass_for_goes_to_torch(used):
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 6, 8).requires_grad_().unbind()
    mask = torch.rand(2, 4, 6, 6) < 0.5  # another for each head
    mask[..., 0] = True
    wanted = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    torch.testing.assert_close(attend(query, KeyValue(key, value), mask=mask), wanted)

    apart = [x.double() for x in (query, key, value)]
    read = attend(apart[0], KeyValue(*apart[1:]))
    torch.testing.assert_close(read, F.scaled_dot_product_attention(*apart))


@pytest.mark.parametrize("single", ["sentence", "head"])
def test_a_memory_that_all_share_goes_to_torch(used, single):
    torch.manual_seed(0)
    query = by_head(torch.randn(4, 3, 8), 2).requires_grad_()
    shape = (1, 3, 8) if single == "sentence" else (4, 3, 4)
    memory = by_head(torch.randn(shape), 2 if single == "sentence" else 1)
    whole = memory.expand(query.shape)
    wanted = F.scaled_dot_product_attention(query, whole, whole)
    torch.testing.assert_close(attend(query, KeyValue(memory, memory)), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sentence_without_keys_reads_zeros_and_teaches_nothing(instructions, dtype):
    torch.manual_seed(0)
    leaves = [by_head(x, 2).detach().requires_grad_() for x in rows_of(2, 5, 8, 3, dtype)]
    mask = torch.tensor([[1, 1, 1, 0, 0], [0, 0, 0, 0, 0]], dtype=torch.bool)[:, None, None]
    read = attend(leaves[0], KeyValue(*leaves[1:]), mask=mask)
    read.float().square().sum().backward()
    assert read[0].all()
    assert not read[1].any()
    for leaf in leaves:
        assert leaf.grad.isfinite().all()
        assert not leaf.grad[1].any()


@pytest.mark.parametrize("odd", [math.nan, math.inf])
@pytest.mark.parametrize("part", [0, 1, 2], ids=["query", "key", "value"])
def test_what_is_no_number_is_not_hidden_by_attention(instructions, part, odd):
    torch.manual_seed(0)
    rows = [x.clone() for x in rows_of(2, 5, 8, 3, torch.float32)]
    rows[part][0, 1] = odd
    query, key, value = (by_head(x, 2).requires_grad_() for x in rows)
    read = attend(query, KeyValue(key, value))
    assert not read[0].isfinite().all()
    assert read[1].isfinite().all()


def test_a_hidden_key_that_is_no_number_does_not_count(instructions):
    torch.manual_seed(0)
    query, key, value = (by_head(x.clone(), 2) for x in rows_of(2, 5, 8, 3, torch.float32))
    key[:, :, 4] = math.nan
    mask = torch.tensor([[1, 1, 1, 1, 0]], dtype=torch.bool).expand(2, 5)[:, None, None]
    read = attend(query.requires_grad_(), KeyValue(key, value), mask=mask)
    assert read.isfinite().all()


def test_torch_can_compile_attention_as_a_whole(used):
    torch.manual_seed(0)
    attention = MultiHeadAttention(8, 2)
    x = torch.randn(2, 3, 8)

    def itself(x):
        return attention(x, attention.project(x))

    compiled = torch.compile(itself, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), itself(x))


# dropout


def random_bytes(seed, count):
    """Of splitmix64, as https://prng.di.unimi.it/splitmix64.c has it, in whole numbers."""
    words, state = [], seed
    for _ in range(-(-count // 8)):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        words.append(z ^ (z >> 31))
    drawn = b"".join(word.to_bytes(8, "little") for word in words)
    return torch.tensor(list(drawn[:count]), dtype=torch.uint8)


def test_splitmix64_gives_the_words_that_others_give():
    """The first two from the seed 1234567, as in Rosetta Code's "Pseudo-random numbers"."""
    words = random_bytes(1234567, 16).view(torch.int64).tolist()
    assert [word % 2**64 for word in words] == [6457827717110365317, 3203168211198807973]


@pytest.mark.parametrize("native", ["on", "off"])
@pytest.mark.parametrize("seed", [0, 1234567, 2**64 - 1])
def test_dropout_draws_the_bytes_of_splitmix64(used, monkeypatch, native, seed):
    monkeypatch.setenv("SEQKIT_NATIVE", native)
    drawn = passes.Drawn(seed, 100, 1.5)
    found = dropout._drop(torch.ones(1003), drawn)
    assert torch.equal(found != 0, random_bytes(seed, 1003) >= 100)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(3,), (4, 37), (64,)])
def test_dropout_keeps_what_its_random_bytes_keep(instructions, shape, dtype):
    torch.manual_seed(0)
    x, given = torch.randn(shape).to(dtype), torch.randn(shape)
    drawn = passes.Drawn(7, 100, 1.5)
    noise = random_bytes(7, x.numel()).view(shape)
    kept = torch.where(noise < 100, 0.0, 1.5).double()

    close(passes.drop(x, drawn), x.double() * kept, dtype)
    close(passes.drop_and_add(given, x, drawn), given + x * kept, torch.float32)
    gradient = passes.drop_gradient(given, dtype, drawn)
    assert gradient.dtype == dtype
    close(gradient, given * kept, dtype)

    output = passes.drop(x, drawn, relu=True)
    close(output, x.double().relu() * kept, dtype)
    grad = torch.randn(shape).to(dtype)
    gradient = passes.drop_relu_gradient(grad, output, drawn)
    close(gradient, grad.double() * kept * (x > 0), dtype)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_dropout_does_not_hide_what_is_no_number(instructions, odd):
    x = torch.ones(100)
    x[70:] = odd
    for relu in (False, True):
        output = passes.drop(x, passes.Drawn(0, 0, 1.0), relu=relu)
        assert not output[70:].isfinite().any()


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bf16"])
def test_a_transformer_learns_the_same_with_the_library_and_without(used, monkeypatch, autocast):
    torch.manual_seed(0)
    options = {"dropout": 0.3, "attention_dropout": 0.0, "prenorm": True}
    # In bf16, rounding takes numbers across the corner of relu.
    options["activation"] = "gelu" if autocast else "relu"
    layers = DecoderLayer(16, 2, 32, **options)
    memory, mask = torch.randn(4, 9, 16), torch.ones(4, 1, 1, 9, dtype=torch.bool)
    mask[1, ..., 5:] = False
    x = torch.randn(4, 7, 16)

    found = []
    for setting in ("on", "off"):
        monkeypatch.setenv("SEQKIT_NATIVE", setting)
        torch.manual_seed(1)
        layers.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            output = layers(x, memory, mask)
        output.square().sum().backward()
        found.append([output.detach(), *(p.grad.clone() for p in layers.parameters())])

    for by_library, by_torch in zip(*found, strict=True):
        error = (by_library - by_torch).norm() / by_torch.norm().clamp(min=1e-3)
        assert float(error) < (3e-2 if autocast else 1e-5)


# threads


def test_two_threads_find_what_one_does(used, monkeypatch):
    torch.manual_seed(0)
    logits, targets, bias = torch.randn(200, 30), torch.randint(30, (200,)), torch.randn(30)
    rows = rows_of(40, 6, 16, 3, torch.float32)

    found = []
    for threads in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        monkeypatch.setattr(passes, "_NUMBERS_OF_A_THREAD", 1024)
        own, of_bias = logits.clone(), torch.zeros(30)
        totals = passes.cross_entropy(own, bias, targets, 0.9, of_bias)
        leaves = [by_head(x, 2).detach().requires_grad_() for x in rows]
        read = attention.attend(leaves[0], KeyValue(*leaves[1:]), causal=True)
        read.sum().backward()
        dropped = passes.drop(own, passes.Drawn(3, 128, 2.0))
        found.append([*totals, own, of_bias, dropped, read.detach()])
        found[-1] += [leaf.grad for leaf in leaves]

    for of_one, of_two in zip(*found, strict=True):
        torch.testing.assert_close(of_one, of_two, rtol=1e-6, atol=1e-6)
