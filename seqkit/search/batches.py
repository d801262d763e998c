"""How many inputs are searched at once, and how long their outputs may become."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import WrongValue
from .settings import SearchConfig

BATCH_TOKENS = 1500  # source tokens in a batch
MOST_BATCH_TOKENS = 1_000_000
_QUICK = 500  # tokens of a batch that take no longer, each, than those of a larger one
_WORTH_A_BATCH = 100  # tokens: a thread of its own costs more than it brings for fewer
_ROWS = 64  # hypotheses of a sentence; with a wider beam, batches are smaller


def check_batch_tokens(tokens: int) -> None:
    """Raise `WrongValue` for a batch of no size, or of one that no memory holds."""
    if not 1 <= tokens <= MOST_BATCH_TOKENS:
        raise WrongValue(f"batch_tokens = {tokens} is not between 1 and {MOST_BATCH_TOKENS:,}")


def batches(
    lengths: Sequence[int], config: SearchConfig, batch_tokens: int, *, at_once: int = 1
) -> list[list[int]]:
    """Indices of sources of similar length, longest first.

    A batch has `batch_tokens` padded source tokens, fewer with a wide beam or many draws, or one
    source. Those that are searched `at_once` are smaller, so that two or three need as much memory
    as one, and that there is something to do for all.
    """
    check_batch_tokens(batch_tokens)
    budget = _of_config(batch_tokens, config)
    if at_once > 1:
        budget = _shared(budget, _of_config(_QUICK, config), sum(lengths), at_once)

    found: list[list[int]] = []
    room = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not room:
            found.append([])
            room = max(1, budget // max(1, lengths[i]))
        found[-1].append(i)
        room -= 1
    return found


def _of_config(tokens: int, config: SearchConfig) -> int:
    """Fewer tokens, where a wide beam or many draws make as many rows of them."""
    return tokens * _ROWS // max(_ROWS, config.beam) // draws(config)


def _shared(budget: int, quick: int, tokens: int, at_once: int) -> int:
    """The tokens of each batch where several share a budget, and have as much to do.

    Less than is quick is not shared: each then has a budget of its own.
    """
    budget = max(budget // at_once, min(budget, quick), 1)
    turns = max(1, math.ceil(tokens / budget / at_once))
    return min(budget, max(_WORTH_A_BATCH, math.ceil(tokens / turns / at_once)))


def draws(config: SearchConfig) -> int:
    """How many outputs of each source are drawn; 1 for a search."""
    if config.mbr:
        return config.mbr
    return config.nbest if config.sample else 1


def longest(source: int, config: SearchConfig) -> int:
    """Most tokens, `<eos>` included, in the output of a source of `source` tokens."""
    limit = int(config.max_ratio * source) + config.max_extra
    return min(limit, config.max_length + 1) if config.max_length else limit
