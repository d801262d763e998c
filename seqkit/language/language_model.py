"""A trained neural language model in use: scores, perplexity, text.

Shapes: T tokens of a text, B sequences, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from ..data.windows import Ids, WindowBatch, sliding, whole
from ..metrics.perplexity import Perplexity
from ..metrics.scoring import Scores, evaluate
from ..ngram.generation import check_sampling
from ..ngram.text import block_of, from_lines
from ..search.sampling import draw
from ..text.tokenizer import Tokenizer
from ..text.vocab import BOS, EOS, PAD, UNK

_STEPS_AT_A_TIME = 512  # of a recurrent model, when a text is scored
_BATCH = 32  # windows at a time, of a model that sees a window
_ROWS = 512  # logits at a time


def encode(tokenizer: Tokenizer, lines: Iterable[str]) -> Ids:
    """One stream of ids: `<eos>`, then each line and `<eos>` after it. (1 + T,)"""
    rows = tokenizer.encode_all(lines, eos=True)
    return np.fromiter((i for row in ([EOS], *rows) for i in row), np.int32)


def windows(ids: Ids, carries_state: bool, steps: int, stride: int) -> Iterator[WindowBatch]:
    """Every target of `ids` once: with the state of all that came before, or with a window that slides by `stride`."""
    return whole(ids, _STEPS_AT_A_TIME) if carries_state else sliding(ids, steps, stride, _BATCH)


class LanguageModel:
    """What `seqkit.load` returns for a language model: `perplexity`, `score`, `evaluate`, `generate`."""

    def __init__(
        self,
        model: nn.Module,
        tokenizer: Tokenizer,
        *,
        name: str,
        steps: int,
        stride: int,
        joined: bool = False,
    ) -> None:
        """`steps` and `stride` are the window of a model that carries no state; `joined` makes a text one line."""
        self.model, self.tokenizer, self.name = model, tokenizer, name
        self.steps, self.stride, self.joined = steps, stride, joined
        self.carries_state: bool = cast(Any, model).carries_state

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def unit(self) -> str:
        """The name of the tokenizer."""
        return self.tokenizer.name

    @property
    def known_words(self) -> frozenset[str]:
        """The tokens that it can predict, `<unk>` and the end of a line aside."""
        return frozenset(self.tokenizer.vocab.tokens[4:])

    def score(self, sentence: str) -> float:
        """log10 probability (a plain sum) of one line and its end, with no text before it.

        Raises `DataError` for several lines.
        """
        return float(self.score_block(block_of([sentence])).scores.sum(dtype=np.float64))

    def perplexity(self, text: str | Iterable[str]) -> float:
        """Of one line or of lines, line ends and unknown tokens included."""
        return self.evaluate([text] if isinstance(text, str) else text).perplexity

    def evaluate(self, lines: Iterable[str]) -> Perplexity:
        """The whole record of a text: perplexity with and without unknown tokens, bits, signature."""
        return self.evaluate_blocks(from_lines(lines))

    def evaluate_blocks(self, blocks: Iterable[bytes]) -> Perplexity:
        """`evaluate` for text in blocks of whole lines; context is carried within a block."""
        return evaluate(self, blocks)

    @torch.no_grad()
    def score_block(self, block: bytes) -> Scores:
        """log10 probability of every token of a block of raw, whole lines, with all context that the model can see."""
        ids = encode(self.tokenizer, self._lines(block))
        parts: list[Tensor] = []
        state: Any = None
        for batch in windows(ids, self.carries_state, self.steps, self.stride):
            batch = batch.to(self.device)
            hidden, state = self.model(batch.inputs, None if batch.fresh else state)
            hidden, targets = batch.pick_scored(hidden)
            parts += [
                self._log_probabilities(hidden[i : i + _ROWS], targets[i : i + _ROWS])
                for i in range(0, len(targets), _ROWS)
            ]
        scores = (
            (torch.cat(parts) / math.log(10)).cpu().numpy() if parts else np.empty(0, np.float32)
        )
        return Scores(scores, np.zeros(len(scores), np.int16), ids[1:] == UNK, ids[1:] == EOS)

    def _lines(self, block: bytes) -> list[str]:
        lines = block.decode("utf-8")[:-1].split("\n")
        return [" ".join(lines)] if self.joined else lines

    def _log_probabilities(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """(n, D), (n,) -> (n,) nats"""
        return self._logits(hidden).log_softmax(-1).gather(-1, targets[:, None])[:, 0]

    def _logits(self, hidden: Tensor) -> Tensor:
        return nn.functional.linear(
            hidden, cast(Tensor, self.model.output), cast(Tensor, self.model.bias)
        ).float()

    def tokens_of(self, block: bytes) -> list[str]:
        """The tokens of a block as readable text, in the order of their scores; a line's end is `</s>`."""
        shown: list[str] = []
        for line in self._lines(block):
            shown += [*self.tokenizer.vocab.decode(self.tokenizer.encode(line)), "</s>"]
        return shown

    def signature_fields(self) -> dict[str, str]:
        """What the signature of a perplexity says of this model."""
        return {
            "ppl": "per-token",
            "unit": self.unit,
            "normalize": "+".join(self.tokenizer.normalizer.steps) or "none",
            "lines": "joined" if self.joined else "kept",
            "vocab": str(len(self.tokenizer.vocab)),
            "bos": "eos",
            "eos": "scored",
            "oov": "unk",
            "model": self.name,
            "context": "carried"
            if self.carries_state
            else f"window {self.steps} stride {self.stride}",
            "log": "float32",
        }

    def generate(
        self,
        *,
        prompt: str = "",
        length: int = 100,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        stop: bool = True,
    ) -> Iterator[str]:
        """`prompt` as the model sees it, then what follows piece by piece, to the end of the line or `length` tokens.

        A prompt may have several lines. Without `stop` it goes on after the end of a line. `temperature` 0 takes the
        likeliest token; `top_k` (0 = all) and `top_p` (Holtzman et al. 2020, section 3.1) leave out unlikely ones.
        `<unk>` is never drawn. Raises `ConfigError` at once for settings that nothing can be drawn by.
        """
        check_sampling(temperature, top_k, top_p)
        lines = block_of(prompt.split("\n"))
        ids = encode(self.tokenizer, self._lines(lines))[:-1].tolist()  # the last line goes on
        rng = np.random.default_rng(seed)
        pick = partial(_draw, rng=rng, temperature=temperature, top_k=top_k, top_p=top_p)
        return self._pieces(ids, length, pick, stop)

    @torch.no_grad()
    def _pieces(
        self, ids: list[int], length: int, pick: Callable[[Tensor], int], stop: bool
    ) -> Iterator[str]:
        """The text of `ids`, then of each token that is picked by its logits (1, V)."""
        state, shown = None, self._readable(ids[1:])
        pending = ids
        yield shown
        for _ in range(length):
            if not self.carries_state:
                pending = ids[-self.steps :]
            hidden, state = self.model(torch.tensor([pending], device=self.device), state)
            logits = self._logits(hidden[:, -1])
            logits[:, [PAD, BOS, UNK]] = -math.inf
            token = pick(logits)
            if token == EOS and stop:
                return
            ids.append(token)
            pending = [token]
            text = self._readable(ids[1:])
            if text.endswith("\ufffd"):
                continue  # a character spelt by several tokens is shown when it is whole
            yield text[len(shown) :]
            shown = text

    def _readable(self, ids: list[int]) -> str:
        """Text of ids with a line break for each `<eos>`."""
        lines: list[list[int]] = [[]]
        for i in ids:
            if i == EOS:
                lines.append([])
            else:
                lines[-1].append(i)
        return "\n".join(self.tokenizer.decode(line) for line in lines)


def _draw(
    logits: Tensor, *, rng: np.random.Generator, temperature: float, top_k: int, top_p: float
) -> int:
    """(1, V) -> an id; the likeliest for a `temperature` of 0."""
    if not temperature:
        return int(logits.argmax())
    uniform = torch.tensor([rng.random()], device=logits.device)
    return int(draw(logits.log_softmax(-1), uniform, temperature, top_k, top_p))
