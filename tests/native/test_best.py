"""The best continuations of a beam search: the library finds what torch finds."""

import pytest
import torch

from seqkit.native.layers import AVX2, AVX512, PLAIN
from seqkit.nn import parallel
from seqkit.search import compiled as by_library
from seqkit.search.compiled import best_by_library
from seqkit.search.continuations import Step, without_rules
from seqkit.text.vocab import BOS, EOS, PAD

NEVER = float("-inf")


@pytest.fixture(params=[PLAIN, AVX2, AVX512], ids=["plain", "avx2", "avx512"])
def instructions(request, used, compiled, monkeypatch):
    """The library as another processor uses it."""
    most = compiled.seqkit_instructions()
    if request.param > max(most, PLAIN):
        pytest.skip("this processor has no such instructions")
    monkeypatch.setattr(compiled, "seqkit_instructions", lambda: request.param)


def both(logits, before, left, most, suppress=frozenset()):
    """What the library and torch find: log probabilities, tokens, rows."""
    found = best_by_library(logits, before, left, most, suppress)
    history = torch.empty(len(logits), 0, dtype=torch.long)
    wanted = without_rules(Step(logits, before, history, left), most, suppress)
    return found, (wanted.logp, wanted.token, wanted.row)


def assert_same(found, wanted):
    logp, token, row = found
    possible = wanted[0] > NEVER
    assert torch.equal(logp > NEVER, possible)
    assert torch.equal(token[possible], wanted[1][possible])
    assert torch.equal(row[possible], wanted[2][possible])
    torch.testing.assert_close(logp, wanted[0], rtol=4e-7, atol=2e-6)


@pytest.mark.parametrize("vocab", [5, 63, 64, 65, 1000, 2100])
@pytest.mark.parametrize(("beams", "width", "most"), [(1, 1, 2), (3, 1, 2), (2, 5, 10), (1, 3, 40)])
@pytest.mark.usefixtures("instructions")
def test_the_library_finds_what_torch_finds(vocab, beams, width, most):
    torch.manual_seed(vocab)
    logits = torch.randn(beams * width, vocab) * 4
    before = -torch.rand(beams, width) * 5
    suppress = frozenset({4, vocab - 1, vocab // 2})
    for left in ([5] * beams, [0] + [5] * (beams - 1)):
        assert_same(*both(logits, before, left, most))
        assert_same(*both(logits, before, left, most, suppress))


@pytest.mark.usefixtures("instructions")
def test_rows_that_cannot_go_on_are_not_chosen():
    torch.manual_seed(0)
    logits, before = torch.randn(4, 70), torch.tensor([[0.0, NEVER], [NEVER, NEVER]])
    logits[0, 5:] = NEVER  # three tokens are left of the first beam, none of the second
    found, wanted = both(logits, before, [5, 5], 6)
    assert_same(found, wanted)

    logp, token, row = found
    assert (logp > NEVER).tolist() == [[True] * 3 + [False] * 3, [False] * 6]
    assert sorted(token[0, :3].tolist()) == sorted({0, 1, 2, 3, 4} - {PAD, BOS})
    assert row.tolist()[1] == [2] * 6, "which are of its own beam all the same"


@pytest.mark.usefixtures("used")
def test_of_equals_the_first_row_and_then_the_smallest_token_is_better():
    logits = torch.zeros(2, 300)
    logits[:, [7, 70, 200, 299]] = 1.0
    _, token, row = best_by_library(logits, torch.zeros(1, 2), [5], 6, frozenset({70}))
    assert token.tolist() == [[7, 200, 299, 7, 200, 299]]
    assert row.tolist() == [[0, 0, 0, 1, 1, 1]]


@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", [0, 64, 129])
def test_what_is_no_number_is_left_to_torch(wrong, place):
    logits = torch.zeros(3, 130)
    logits[1, place] = wrong
    assert best_by_library(logits, torch.zeros(3, 1), [5] * 3, 2, frozenset()) is None


@pytest.mark.usefixtures("used")
def test_rows_without_any_probability_and_other_numbers_are_left_to_torch():
    logits, before = torch.zeros(2, 70), torch.zeros(2, 1)
    assert best_by_library(logits, before, [5, 5], 2, frozenset()) is not None
    assert best_by_library(logits.double(), before.double(), [5, 5], 2, frozenset()) is None
    assert best_by_library(logits + NEVER, before, [5, 5], 2, frozenset()) is None


@pytest.mark.usefixtures("used")
def test_several_threads_find_what_one_does(monkeypatch):
    torch.manual_seed(1)
    logits, before = torch.randn(7 * 3, 200), -torch.rand(7, 3)
    alone = best_by_library(logits, before, [5] * 7, 6, frozenset())

    monkeypatch.setattr(by_library, "_WORTH_A_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    parts = []

    def in_threads(function, given):
        parts.extend(given)
        return parallel.in_threads(function, given)

    monkeypatch.setattr(by_library, "in_threads", in_threads)
    together = best_by_library(logits, before, [5] * 7, 6, frozenset())
    assert parts == [(0, 2), (2, 4), (4, 7)]
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one, other)


@pytest.mark.usefixtures("used")
def test_log_probabilities_of_a_large_vocabulary_are_those_of_float64():
    torch.manual_seed(2)
    logits = torch.randn(1, 100_003) * 3
    logp, token, _ = best_by_library(logits, torch.zeros(1, 1), [5], 4, frozenset())
    wanted = logits.double().log_softmax(-1)[0, token[0]]
    torch.testing.assert_close(logp[0].double(), wanted, rtol=0, atol=2e-6)
    assert EOS not in token


@pytest.fixture(params=[torch.float64, torch.bfloat16], ids=["float64", "bf16"])
def default_type(request):
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield
    torch.set_default_dtype(before)


@pytest.mark.usefixtures("used", "default_type")
def test_what_is_written_has_its_own_type_whatever_is_the_default():
    logits = torch.zeros(4, 300, dtype=torch.float32)
    logits[:, 70] = 5.0
    before = torch.zeros(2, 2, dtype=torch.float32)
    logp, token, _ = best_by_library(logits, before, [5, 0], 4, frozenset())
    assert logp.dtype == torch.float32
    assert token[0, 0] == 70
    wanted = logits[0].double().log_softmax(-1)[70]
    torch.testing.assert_close(logp[0, 0].double(), wanted)


@pytest.mark.usefixtures("used")
def test_what_is_written_is_on_the_cpu_whatever_is_the_default():
    logits, before = torch.randn(4, 300), torch.zeros(2, 2)
    wanted = best_by_library(logits, before, [5, 0], 4, frozenset({9}))
    by_library._never.cache_clear()
    with torch.device("meta"):
        found = best_by_library(logits, before, [5, 0], 4, frozenset({9}))
    for one, other in zip(found, wanted, strict=True):
        assert torch.equal(one, other)
