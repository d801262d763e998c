"""Search for the outputs of many inputs: sorted by length, in batches, returned in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..data.batching import pad
from .beam import beam_search
from .decoder import Hypothesis, StepDecoder
from .sampling import sample
from .settings import SearchConfig

BATCH_TOKENS = 1500  # source tokens in a batch


def decode(
    model: StepDecoder[Any],
    sources: Sequence[list[int]],
    config: SearchConfig,
    *,
    batch_tokens: int = BATCH_TOKENS,
    device: torch.device | None = None,
) -> list[list[Hypothesis]]:
    """The `config.nbest` best (or drawn) outputs of each source, in the order of `sources`.

    Results do not depend on how sources are batched, but for rounding.
    """
    found: list[list[Hypothesis]] = [[] for _ in sources]
    for indices in _batches([len(source) for source in sources], batch_tokens):
        batch = pad([sources[i] for i in indices]).to(device)
        limits = [longest(len(sources[i]), config) for i in indices]
        if config.sample:
            outputs = sample(
                model, batch, limits, draws=config.nbest, temperature=config.temperature,
                top_k=config.top_k, top_p=config.top_p, seed=config.seed,
            )  # fmt: skip
        else:
            outputs = beam_search(
                model, batch, limits,
                beam=config.beam, length_penalty=config.length_penalty, patience=config.patience,
            )  # fmt: skip
        for i, hypotheses in zip(indices, outputs, strict=True):
            found[i] = hypotheses[: config.nbest]
    return found


def longest(source: int, config: SearchConfig) -> int:
    """The most tokens, `<eos>` included, that an output of `source` source tokens may have."""
    limit = int(config.max_ratio * source) + config.max_extra
    return min(limit, config.max_length) if config.max_length else limit


def _batches(lengths: list[int], budget: int) -> list[list[int]]:
    """Indices of sources of like length, longest first; padded size at most `budget`, or one source."""
    batches: list[list[int]] = []
    room = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not room:
            batches.append([])
            room = max(1, budget // max(1, lengths[i]))
        batches[-1].append(i)
        room -= 1
    return batches
