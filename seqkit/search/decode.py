"""Search for the outputs of many inputs: sorted by length, in batches, returned in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..data.batching import pad
from ..errors import ConfigError
from .beam import beam_search
from .decoder import Ensemble, Hypothesis, StepDecoder
from .forced_decoding import with_coverage_penalty
from .rules import NO_RULES, Rules
from .sampling import sample
from .settings import SearchConfig

from .soundness import check_weights
BATCH_TOKENS = 1500  # source tokens in a batch


def decode(
    model: StepDecoder[Any],
    sources: Sequence[list[int]],
    config: SearchConfig,
    *,
    rules: Rules = NO_RULES,
    batch_tokens: int = BATCH_TOKENS,
    device: torch.device | None = None,
) -> list[list[Hypothesis]]:
    """The `config.nbest` best (or `config.mbr` drawn) outputs of each source, in order.

    Results do not depend on how sources are batched, except for rounding. Settings given as text
    (suppress, must, prefix, unknown, rules) are not read from `config` but come in token ids, as
    `rules`; lengths and repeats are the config's. Raises `ConfigError` if no output obeys.
    """
    rules = replace(rules, min_length=config.min_length, no_repeat_ngram=config.no_repeat_ngram)
    budget = batch_tokens // _draws(config)
    found: list[list[Hypothesis]] = [[] for _ in sources]

    for indices in _batches([len(source) for source in sources], budget):
        batch = pad([sources[i] for i in indices]).to(device)
        limits = [longest(len(sources[i]), config) for i in indices]
        if config.draws_outputs:
            outputs = _sample(model, batch, limits, config, rules)
        else:
            outputs = _search(model, batch, limits, config, rules)
        for i, hypotheses in zip(indices, outputs, strict=True):
            found[i] = hypotheses[: config.mbr or config.nbest]
    return found


def _draws(config: SearchConfig) -> int:
    """How many outputs of each source are drawn; 1 for a search."""
    if config.mbr:
        return config.mbr
    return config.nbest if config.sample else 1


def _sample(
    model: StepDecoder[Any], batch: Tensor, limits: list[int], config: SearchConfig, rules: Rules
) -> list[list[Hypothesis]]:
    return sample(
        model,
        batch,
        limits,
        draws=_draws(config),
        temperature=config.temperature,
        top_k=config.top_k,
        top_p=config.top_p,
        seed=config.seed,
        rules=rules,
    )


def _search(
    model: StepDecoder[Any], batch: Tensor, limits: list[int], config: SearchConfig, rules: Rules
) -> list[list[Hypothesis]]:
    outputs = beam_search(
        model,
        batch,
        limits,
        beam=config.beam,
        normalize=config.ranking,
        patience=config.beam_patience,
        rules=rules,
        groups=config.groups,
        diversity=config.diversity,
    )
    if not all(outputs):
        raise ConfigError(
            "no output obeys these settings of the search: take one back, or widen the beam"
        )
    if not config.coverage_penalty:
        return outputs

    attending: Any = model.models[0] if isinstance(model, Ensemble) else model
    beta = config.coverage_penalty
    return [
        with_coverage_penalty(attending, source, hypotheses, beta)
        for source, hypotheses in zip(batch, outputs, strict=True)
    ]


def longest(source: int, config: SearchConfig) -> int:
    """Most tokens, `<eos>` included, in the output of a source of `source` tokens."""
    limit = int(config.max_ratio * source) + config.max_extra
    return min(limit, config.max_length + 1) if config.max_length else limit


def _batches(lengths: list[int], budget: int) -> list[list[int]]:
    """Indices of sources of similar length, `budget` padded tokens each, or one source."""
    batches: list[list[int]] = []
    room = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not room:
            batches.append([])
            room = max(1, budget // max(1, lengths[i]))
        batches[-1].append(i)
        room -= 1
    return batches
        check_weights(model)
