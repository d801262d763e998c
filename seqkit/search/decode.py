"""Search for the outputs of many inputs: sorted by length, in batches, returned in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..data.batching import pad
from ..errors import ConfigError, SeqkitError, WrongValue
from .beam import beam_search
from .decoder import Ensemble, Hypothesis, StepDecoder
from .forced_decoding import with_coverage_penalty
from .rules import NO_RULES, Rules
from .sampling import sample
from .settings import SearchConfig
from .soundness import check_weights

BATCH_TOKENS = 1500  # source tokens in a batch
MOST_BATCH_TOKENS = 1_000_000
_ROWS = 64  # hypotheses of a sentence; with a wider beam, batches are smaller


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
    check_batch_tokens(batch_tokens)
    budget = batch_tokens * _ROWS // max(_ROWS, config.beam) // _draws(config)
    found: list[list[Hypothesis]] = [[] for _ in sources]

    for indices in _batches([len(source) for source in sources], budget):
        batch = pad([sources[i] for i in indices]).to(device)
        limits = [longest(len(sources[i]), config) for i in indices]
        with _enough_memory(len(indices)):
            if config.draws_outputs:
                outputs = _sample(model, batch, limits, config, rules)
            else:
                outputs = _search(model, batch, limits, config, rules)
        for i, hypotheses in zip(indices, outputs, strict=True):
            found[i] = hypotheses[: config.mbr or config.nbest]
    return found


def check_batch_tokens(tokens: int) -> None:
    """Raise `WrongValue` for a batch of no size, or of one that no memory holds."""
    if not 1 <= tokens <= MOST_BATCH_TOKENS:
        raise WrongValue(f"batch_tokens = {tokens} is not between 1 and {MOST_BATCH_TOKENS:,}")


@contextmanager
def _enough_memory(sentences: int) -> Iterator[None]:
    """Raise `ConfigError` where torch finds that memory is not enough."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        said = str(error)
        if isinstance(error, SeqkitError) or not _is_of_memory(error, said):
            raise
        first = said.partition("\n")[0]
        raise ConfigError(
            f"not enough memory to translate {sentences} sentences at once ({first}): lower "
            "batch_tokens, the beam, or how many outputs are drawn"
        ) from None


def _is_of_memory(error: Exception, said: str) -> bool:
    is_told = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return is_told or "not enough memory" in said or "allocate memory" in said


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
        check_weights(model)
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
