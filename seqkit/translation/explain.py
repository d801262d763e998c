"""Looking into a translation: what was attended to, how sure each token was, what else it might have been.

Shapes: T tokens of the translation with `<eos>`, S of the source with `<eos>`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.batching import pad
from ..search.forced_decoding import EncoderDecoder, attention
from ..text.tokenizer import Tokenizer
from ..text.vocab import BOS, EOS

_RUNNERS_UP = 3


@dataclass(frozen=True)
class Segment:
    """A stretch of the input, and what the model said of it."""

    source: str
    ids: list[int]  # without `<eos>`
    tokens: list[str]  # the same as text, unknown ones copied where that was asked
    space: str  # what parts it from the next stretch


@dataclass(frozen=True)
class Explanation:
    source: list[str]  # tokens, `<eos>` last
    target: list[str]
    attention: Tensor | None  # (layers, heads, T, S); None for a model without
    probabilities: list[float]  # of each target token, given those before it
    runners_up: list[
        list[tuple[str, float]]
    ]  # the likeliest other tokens at each place, and their probabilities
    source_words: list[
        int
    ]  # which word, set apart by white space, each source token belongs to; without `<eos>`
    target_words: list[int]
    joined: bool = False  # whether the next part's first word goes on with this part's last

    @property
    def mean_attention(self) -> Tensor:
        """(T, S), the mean over layers and heads; raises ValueError without attention."""
        if self.attention is None:
            raise ValueError("this model has no attention to look at")
        return self.attention.mean((0, 1))

    @property
    def words(self) -> tuple[int, int]:
        """How many words there are in source and target."""
        return max(self.source_words, default=-1) + 1, max(self.target_words, default=-1) + 1

    def alignment(self) -> list[tuple[int, int]]:
        """Pairs of a source and a target word, from 0: each target token's most attended source token."""
        weights = self.mean_attention[: len(self.target_words), : len(self.source_words)]
        if not weights.numel():
            return []
        picks = weights.argmax(1).tolist()
        return sorted(
            {(self.source_words[s], word) for word, s in zip(self.target_words, picks, strict=True)}
        )


def alignment(looks: Iterable[Explanation]) -> list[tuple[int, int]]:
    """`Explanation.alignment` of a line of several parts: words are counted through."""
    pairs: set[tuple[int, int]] = set()
    source = target = 0
    for part in looks:
        pairs |= {(source + i, target + j) for i, j in part.alignment()}
        words = [count - (part.joined and count > 0) for count in part.words]
        source, target = source + words[0], target + words[1]
    return sorted(pairs)


@torch.no_grad()
def explain(
    model: EncoderDecoder, source: Tokenizer, target: Tokenizer, said: Segment, device: torch.device
) -> Explanation:
    """Look into `model` while it says what it said."""
    source_ids, ids = source.encode(said.source, eos=True), said.ids
    hidden = model(pad([source_ids]).to(device), pad([[BOS, *ids]]).to(device))[0]
    probabilities = model.logits(hidden).float().softmax(-1)  # (T, V)
    targets = torch.tensor([*ids, EOS], device=device)[:, None]
    others = probabilities.scatter(1, targets, -1.0).topk(
        min(_RUNNERS_UP, probabilities.size(1) - 1)
    )
    shown = target.vocab.tokens
    runners_up = [
        [(shown[i], value) for i, value in zip(tokens, values, strict=True)]
        for tokens, values in zip(others.indices.tolist(), others.values.tolist(), strict=True)
    ]
    return Explanation(
        [source.vocab.tokens[i] for i in source_ids],
        [shown[i] for i in (*ids, EOS)],
        attention(model, source_ids, ids, device) if model.attends else None,
        probabilities.gather(1, targets)[:, 0].tolist(),
        runners_up,
        _words(source, source.token_strings(said.source)),
        _words(target, said.tokens),
        joined=not said.space,
    )


def _words(tokenizer: Tokenizer, tokens: list[str]) -> list[int]:
    """Which word, set apart by white space, each token belongs to."""
    return [max(0, len(tokenizer.join(tokens[: k + 1]).split()) - 1) for k in range(len(tokens))]
