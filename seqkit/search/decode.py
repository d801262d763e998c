"""Search for the outputs of many inputs: sorted by length, in batches, returned in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from ..data.batching import pad
from ..errors import ConfigError
from .beam import beam_search
from .decoder import Ensemble, Hypothesis, StepDecoder
from .forced_decoding import covered
from .rules import NO_RULES, Rules
from .sampling import sample
from .settings import SearchConfig

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
    """The `config.nbest` best (or `config.mbr` drawn) outputs of each source, in the order of `sources`.

    Results do not depend on how sources are batched, but for rounding. `rules` are what the settings of `config` that
    speak of text (suppress, must, prefix, unknown) mean in token ids; its lengths and repeats are the config's.
    """
    rules = replace(rules, min_length=config.min_length, no_repeat=config.no_repeat_ngram)
    found: list[list[Hypothesis]] = [[] for _ in sources]
    draws = config.mbr or (config.nbest if config.sample else 1)
    for indices in _batches([len(source) for source in sources], batch_tokens // draws):
        batch = pad([sources[i] for i in indices]).to(device)
        limits = [longest(len(sources[i]), config) for i in indices]
        if config.sample or config.mbr:
            outputs = sample(
                model, batch, limits, draws=draws, temperature=config.temperature,
                top_k=config.top_k, top_p=config.top_p, seed=config.seed, suppress=rules.suppress,
            )  # fmt: skip
        else:
            outputs = beam_search(
                model, batch, limits, beam=config.beam, normalize=config.ranking, patience=config.beam_patience,
                rules=rules, groups=config.groups, diversity=config.diversity,
            )  # fmt: skip
            if config.coverage_penalty and all(outputs):
                looked_into: Any = model.models[0] if isinstance(model, Ensemble) else model
                outputs = [
                    covered(looked_into, batch[b], hypotheses, config.coverage_penalty)
                    for b, hypotheses in enumerate(outputs)
                ]
        if not all(outputs):
            raise ConfigError(
                "no output obeys these settings of the search: take one back, or widen the beam"
            )
        for i, hypotheses in zip(indices, outputs, strict=True):
            found[i] = hypotheses[: config.mbr or config.nbest]
    return found


def longest(source: int, config: SearchConfig) -> int:
    """The most tokens, `<eos>` included, that an output of `source` source tokens may have."""
    limit = int(config.max_ratio * source) + config.max_extra
    return min(limit, config.max_length + 1) if config.max_length else limit


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
