"""Searches that cannot be: each is refused in one line, before anything is computed."""

import pytest
import torch
from toy import Table

from seqkit.errors import ConfigError, SeqkitError
from seqkit.search import SearchConfig
from seqkit.search.beam import beam_search
from seqkit.search.decoding import decode
from seqkit.search.sampling import draw, sample

SOURCE = torch.tensor([[5, 3]])


@pytest.mark.parametrize(
    "how",
    [
        {"beam": 0},
        {"beam": -5},
        {"beam": 3, "groups": 2},
        {"beam": 3, "groups": 0},
        {"beam": 2, "groups": 4},
        {"beam": 2, "patience": 0.0},
        {"beam": 2, "patience": float("nan")},
    ],
    ids=str,
)
def test_a_beam_that_is_none_is_refused(how):
    with pytest.raises(SeqkitError, match=r"beam|patience"):
        beam_search(Table(8, seed=1), SOURCE, [4], **how)


@pytest.mark.parametrize(
    "how",
    [{"draws": 0}, {"temperature": 0.0}, {"temperature": -1.0}, {"top_k": -1}, {"top_p": 0.0}],
    ids=str,
)
def test_draws_that_cannot_be_are_refused(how):
    with pytest.raises(SeqkitError, match="nothing can be drawn"):
        sample(Table(8, seed=1), SOURCE, [4], **how)


@pytest.mark.parametrize(
    "key",
    ["beam", "nbest", "mbr", "groups", "max_length", "max_extra", "min_length", "no_repeat_ngram"],
)
@pytest.mark.parametrize("value", [10**6, 2**40])
def test_what_no_memory_holds_is_refused(key, value):
    with pytest.raises(ConfigError, match=f"{key} .*less than or equal to"):
        SearchConfig(**{key: value})


@pytest.mark.parametrize("key", ["length_penalty", "coverage_penalty", "max_ratio", "diversity"])
def test_numbers_that_overflow_are_refused(key):
    with pytest.raises(ConfigError, match=key):
        SearchConfig(**{key: 1e300})


@pytest.mark.parametrize("tokens", [0, -1, 10**12])
def test_absurd_batches_are_refused(tokens):
    with pytest.raises(
        ConfigError, match=f"batch_tokens = {tokens} is not between 1 and 1,000,000"
    ):
        decode(Table(8, seed=1), [[5, 3]], SearchConfig(), batch_tokens=tokens)


def test_a_wide_beam_takes_smaller_batches():
    class Counting(Table):
        rows = 0

        def step(self, ids, state):
            self.rows = max(self.rows, len(state))
            return super().step(ids, state)

    model = Counting(8, seed=1)
    config = SearchConfig(beam=640, max_ratio=1.0, max_extra=3)
    decode(model, [[5, 3]] * 20, config, batch_tokens=20)
    assert model.rows <= 640


def test_memory_that_is_not_there_is_one_line():
    class Greedy(Table):
        def step(self, ids, state):
            torch.empty(2**60)
            raise AssertionError("so much memory")

    with pytest.raises(ConfigError, match="not enough memory to translate 1 sentences at once"):
        decode(Greedy(8, seed=1), [[5, 3]], SearchConfig())


def test_the_likeliest_token_is_drawn_at_any_low_temperature():
    logp = torch.tensor([[-9.0, -9.0, -9.0, -3.0, -2.0, -4.0]])
    for temperature in (1e-3, 1e-30, 1e-300):
        assert draw(logp, torch.tensor([0.7]), temperature, 0, 1.0).tolist() == [4]
