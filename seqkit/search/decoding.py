"""Search for the outputs of many inputs: sorted by length, in batches, returned in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..data.batching import pad
from ..errors import ConfigError, SeqkitError
from .batches import BATCH_TOKENS, batches, draws, longest
from .beam import beam_search
from .decoder import Ensemble, StepDecoder
from .forced_decoding import with_coverage_penalty
from .fusion import Fusion
from .hypothesis import Hypothesis
from .phrases import Phrases
from .rules import NO_RULES, Rules
from .sampling import sample
from .settings import SearchConfig
from .shortlist import Part, Tokens, usable
from .side_by_side import side_by_side
from .soundness import check_weights


def decode(
    model: StepDecoder[Any],
    sources: Sequence[list[int]],
    config: SearchConfig,
    *,
    rules: Rules = NO_RULES,
    fusion: Fusion | None = None,
    phrases: Sequence[Phrases] = (),
    lists: Sequence[Tokens | None] = (),
    batch_tokens: int = BATCH_TOKENS,
    device: torch.device | None = None,
    at_once: int = 1,
) -> list[list[Hypothesis]]:
    """The `config.nbest` best (or `config.mbr` drawn) outputs of each source, in order.

    Results do not depend on how sources are batched, except for rounding. Settings given as text
    (suppress, must, prefix, unknown, rules, lm) are not read from `config` but come as `rules` and
    `fusion`; lengths and repeats are the config's. `phrases` are those that the outputs of each
    source must have besides, where outputs are not drawn. `lists` are the only tokens that they may
    have, None for all, where they can be searched for so (`shortlist.usable`). `at_once` is how
    many batches are searched at the same time, each in a thread of its own. Raises `ConfigError`
    if no output obeys.
    """
    rules = replace(rules, min_length=config.min_length, no_repeat_ngram=config.no_repeat_ngram)
    found: list[list[Hypothesis]] = [[] for _ in sources]
    lists = usable(lists, config, rules, fusion, phrases) or [None] * len(sources)

    def search(indices: list[int]) -> list[list[Hypothesis]]:
        batch = pad([sources[i] for i in indices]).to(device)
        limits = [longest(len(sources[i]), config) for i in indices]
        with _enough_memory(len(indices)):
            if config.draws_outputs:
                return _sample(model, batch, limits, config, rules, fusion)
            own_phrases = [phrases[i] for i in indices if phrases]
            own_lists = [own for i in indices if (own := lists[i]) is not None]
            part = Part(own_lists, device) if own_lists else None
            return _search(model, batch, limits, config, rules, fusion, own_phrases, part)

    chosen = list(_batches(sources, lists, config, batch_tokens, at_once))
    for indices, outputs in zip(chosen, side_by_side(search, chosen, at_once), strict=True):
        for i, hypotheses in zip(indices, outputs, strict=True):
            found[i] = hypotheses[: config.mbr or config.nbest]
    return found


def _batches(
    sources: Sequence[list[int]],
    lists: Sequence[Tokens | None],
    config: SearchConfig,
    batch_tokens: int,
    at_once: int,
) -> Iterator[list[int]]:
    """As `batches`; sources that may have any token are apart from those that have a list."""
    with_list = [i for i, own in enumerate(lists) if own is not None]
    without = [i for i, own in enumerate(lists) if own is None]
    for group in (with_list, without):
        lengths = [len(sources[i]) for i in group]
        for indices in batches(lengths, config, batch_tokens, at_once=at_once):
            yield [group[i] for i in indices]


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


def _sample(
    model: StepDecoder[Any],
    batch: Tensor,
    limits: list[int],
    config: SearchConfig,
    rules: Rules,
    fusion: Fusion | None,
) -> list[list[Hypothesis]]:
    return sample(
        model,
        batch,
        limits,
        draws=draws(config),
        temperature=config.temperature,
        top_k=config.top_k,
        top_p=config.top_p,
        seed=config.seed,
        rules=rules,
        fusion=fusion,
    )


def _search(
    model: StepDecoder[Any],
    batch: Tensor,
    limits: list[int],
    config: SearchConfig,
    rules: Rules,
    fusion: Fusion | None,
    phrases: Sequence[Phrases],
    part: Part | None,
) -> list[list[Hypothesis]]:
    outputs = beam_search(
        model if part is None else part.decoder(model),
        batch,
        limits,
        beam=config.beam,
        normalize=config.ranking,
        patience=config.beam_patience,
        rules=rules if part is None else part.rules(rules),
        groups=config.groups,
        diversity=config.diversity,
        fusion=fusion,
        phrases=phrases,
    )
    if not all(outputs):
        check_weights(model)
        raise ConfigError(
            "no output obeys these settings of the search: take one back, or widen the beam"
        )
    if part is not None:
        outputs = part.outputs(outputs)
    if not config.coverage_penalty:
        return outputs

    attending: Any = model.models[0] if isinstance(model, Ensemble) else model
    beta = config.coverage_penalty
    return [
        with_coverage_penalty(attending, source, hypotheses, beta)
        for source, hypotheses in zip(batch, outputs, strict=True)
    ]
