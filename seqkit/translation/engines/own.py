"""Our own search, and what else a model is asked, by torch.

Shapes: T target positions, S source positions, V target vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from ...data.batching import pad
from ...search.decoder import Ensemble
from ...search.decoding import decode
from ...search.forced_decoding import attention, log_probabilities, mean_attention
from ...search.fusion import Fusion
from ...search.hypothesis import Hypothesis
from ...search.phrases import Phrases
from ...search.rules import Rules
from ...search.settings import SearchConfig
from ...search.shortlist import Tokens
from ...text.tokenizer import Tokenizer
from ...text.vocab import BOS
from ...wanted import check_wanted
from ..explain import Attended, Explanation, attended, explain
from ..models.contract import TranslationModel, device_of
from ..models.transformer import Transformer
from ..segments import Segment
from .packed import PackedTransformer


def search(
    models: Sequence[TranslationModel] | PackedTransformer,
    sources: Sequence[list[int]],
    config: SearchConfig,
    *,
    rules: Rules,
    fusion: Fusion | None = None,
    phrases: Sequence[Phrases] = (),
    lists: Sequence[Tokens | None] = (),
    batch_tokens: int,
) -> list[list[Hypothesis]]:
    """The outputs of one model, or of several by the mean of their probabilities; see `decode`."""
    find = partial(
        decode,
        sources=sources,
        config=config,
        rules=rules,
        fusion=fusion,
        phrases=phrases,
        lists=lists,
        batch_tokens=batch_tokens,
    )
    is_alone = fusion is not None or bool(rules.further)  # they may keep what no threads share
    if isinstance(models, PackedTransformer):
        at_once = 1 if is_alone else torch.get_num_threads()
        return find(models, device=torch.device("cpu"), at_once=at_once)
    with _evaluating(models):
        model = models[0] if len(models) == 1 else Ensemble(models)
        is_alone = is_alone or not all(map(_is_compiled, models))
        at_once = 1 if is_alone else torch.get_num_threads()
        return find(model, device=device_of(models[0]), at_once=at_once)


def _is_compiled(model: TranslationModel) -> bool:
    """Whether the compiled library searches, which leaves Python to others meanwhile.

    Torch divides each of its operations among the threads, and models of plugins may keep what no
    threads share.
    """
    return isinstance(model, Transformer) and model.is_compiled


def token_scores(
    models: Sequence[TranslationModel], sources: list[list[int]], targets: list[list[int]]
) -> list[list[float]]:
    """Log probability (nats) of every token of each target and of its `<eos>`.

    Sources are with `<eos>`, targets without.
    """
    device = device_of(models[0])
    with _evaluating(models):
        first, *others = [log_probabilities(model, sources, targets, device) for model in models]
    if not others:
        return first
    rows_of_models = zip(first, *others, strict=True)
    return [_mean_of_models(rows) for rows in rows_of_models]


def explanations(
    model: TranslationModel, source: Tokenizer, target: Tokenizer, segments: Sequence[Segment]
) -> list[Explanation]:
    """What the model attended to and hesitated between, one explanation for each segment."""
    device = device_of(model)
    found = []
    with _evaluating([model]):
        for segment in segments:
            check_wanted()
            found.append(explain(model, source, target, segment, device))
    return found


def next_token_probabilities(
    models: Sequence[TranslationModel], source: list[int], output: list[int]
) -> Tensor:
    """How likely each token is after the beginning of an output, by the mean of models: (V,), CPU.

    The source is with `<eos>`, the output without.
    """
    device = device_of(models[0])
    ids, inputs = pad([source]).to(device), pad([[BOS, *output]]).to(device)
    found = []
    with _evaluating(models), torch.no_grad():
        for model in models:
            hidden = model(ids, inputs)[0, -1]
            found.append(model.logits(hidden).float().softmax(-1).cpu())
    return torch.stack(found).mean(0)


def attention_of(
    model: TranslationModel, source: Tokenizer, target: Tokenizer, segments: Sequence[Segment]
) -> list[Attended]:
    """What the translation of each segment attended to: many at once, and nothing but that."""
    sources = [source.encode(segment.source, eos=True) for segment in segments]
    outputs = [segment.ids for segment in segments]
    with _evaluating([model]):
        weights = mean_attention(model, sources, outputs, device_of(model))
    return [
        attended(segment, source, target, of_segment)
        for segment, of_segment in zip(segments, weights, strict=True)
    ]


def most_attended(
    model: TranslationModel, source: list[int], output: list[int], places: int
) -> list[int]:
    """Which of the first `places` source tokens each output token attends to most."""
    with _evaluating([model]):
        heads = attention(model, source, output, device_of(model))
    weights = heads.mean((0, 1))[: len(output), :places]  # (T, S)
    found: list[int] = weights.argmax(1).tolist()
    return found


@contextmanager
def _evaluating(models: Sequence[TranslationModel]) -> Iterator[None]:
    """Dropout is off inside, and afterwards each module is as it was: some may be frozen.

    A model that does not train is left alone: it keeps what it has arranged for a search.
    """
    flags = {module: module.training for model in models for module in model.modules()}
    training = [model for model in models if model.training]
    for model in training:
        model.train(False)
    for module, flag in flags.items():
        if flag:
            module.training = False
    try:
        yield
    finally:
        for model in training:
            model.train(True)
        for module, flag in flags.items():
            if module.training != flag:
                module.training = flag


def _mean_of_models(rows: Sequence[Sequence[float]]) -> list[float]:
    """One output's log probabilities by several models -> those of their mean, token by token."""
    tokens = zip(*rows, strict=True)
    return [_log_mean(logs) for logs in tokens]


def _log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of probabilities, given their logarithms."""
    highest = max(logs)
    total = sum(math.exp(value - highest) for value in logs)
    return highest + math.log(total / len(logs))
