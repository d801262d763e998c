"""A trained neural language model in use: scores, perplexity, text.

Shapes: T tokens of a text, B sequences, D width, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..data.seen import SeenTexts
from ..data.windows import Ids, WindowBatch
from ..errors import ConfigError
from ..metrics.perplexity import Perplexity
from ..metrics.scoring import LineScore, Scores, evaluate, refuse_settings, score_lines
from ..ngram.generation import check_sampling
from ..ngram.text import block_of, from_lines, text_lines
from ..search.sampling import draw
from ..search.soundness import check_numbers
from ..text.identity import digest_of
from ..text.lines import check_many, check_one
from ..text.spelling import Spelling, spelling_of_lines
from ..text.tokenizer import Tokenizer
from ..text.tokenizer_models import Unit
from ..text.vocab import BOS, EOS, PAD, SPECIALS, UNK
from ..training.identity import digest_of_network
from .growing_text import GrowingText
from .held_out import HeldOutText
from .models.contract import NextTokenModel
from .reading import Reading
from .scorer import NetworkScorer
from .states import NetworkState, NetworkSteps, next_tokens
from .stream import arriving_windows, encode, scoring_windows

if TYPE_CHECKING:
    from ..runs.predictor import Predictor

_ROWS = 512  # logits at a time


class LanguageModel:
    """What `seqkit.load` returns for a language model; see `seqkit.runs.predictor.Predictor`."""

    reads: ClassVar[Literal["lines", "files"]] = "lines"

    def __init__(
        self,
        model: NextTokenModel,
        tokenizer: Tokenizer,
        *,
        name: str,
        steps: int,
        stride: int,
        joined: bool = False,
        held_out: Callable[[], HeldOutText] | None = None,
        seen: Callable[[], SeenTexts | None] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """A network and its tokenizer; `name` is the registered name of the network.

        `steps` and `stride` are the window of a network that carries no state; `joined` makes a
        text one line; `held_out` reads the test text of the run, `seen` what is kept of
        its training text. `settings` are those of the network, on which its signature depends.
        """
        self.model = model
        self.tokenizer = tokenizer
        self.name = name
        self.steps = steps
        self.stride = stride
        self.joined = joined
        self.carries_state = model.carries_state
        self.settings = dict(settings or {})
        self._held_out = held_out
        self._read_seen = seen

    def __repr__(self) -> str:
        return (
            f"<LanguageModel {self.name}: {len(self.tokenizer.vocab):,} tokens ({self.unit}), "
            f"context {self._context}, on {self.device}>"
        )

    @property
    def device(self) -> torch.device:
        return self.model.output.device

    @property
    def unit(self) -> str:
        """The name of the tokenizer."""
        return self.tokenizer.name

    @property
    def token_kind(self) -> Unit:
        """What a token is."""
        return self.tokenizer.model.unit

    @property
    def known_words(self) -> frozenset[str]:
        """The tokens that it can predict, `<unk>` and the end of a line aside."""
        return frozenset(self.tokenizer.vocab.tokens[len(SPECIALS) :])

    def predict(self, inputs: Iterable[str], **settings: Any) -> Iterator[LineScore]:
        """How probable each line is, with no text before it; lazily and in order.

        Raises TypeError for a single string, `ConfigError` for any setting (there are none), and
        `DataError` at a line that holds a line break.
        """
        refuse_settings(settings, "a language model")
        return score_lines(self, inputs)

    def read_test_data(self, paths: Sequence[Path]) -> Iterable[str]:
        """The lines of these files; without paths, the `HeldOutText` of the run.

        Raises `DataError` for a file that cannot be read, `ConfigError` if nothing was held out.
        """
        check_many(paths, "paths")
        if paths:
            return [line for path in paths for line in text_lines(path)]
        if self._held_out is None:
            raise ConfigError("this language model does not know its run: name a file to measure")
        return self._held_out()

    def evaluate(self, data: Iterable[str], **settings: Any) -> Perplexity:
        """The record of lines: perplexity with and without unknown tokens, bits, signature.

        That of a `HeldOutText` has its n-gram baseline beside it. Raises as `predict`.
        """
        refuse_settings(settings, "a language model")
        report = self.evaluate_blocks(from_lines(data))

        if isinstance(data, HeldOutText) and data.baseline:
            return replace(report, baselines={data.baseline.name: data.baseline.perplexity})
        return report

    def evaluate_blocks(self, blocks: Iterable[bytes]) -> Perplexity:
        """`evaluate` for text in blocks of whole lines; context is carried from block to block."""
        return evaluate(self, blocks)

    def perplexity(self, text: str | Iterable[str]) -> float:
        """Of one line or of lines, line ends and unknown tokens included."""
        return self.evaluate([text] if isinstance(text, str) else text).perplexity

    def score(self, sentence: str) -> float:
        """log10 probability (a plain sum) of one line and its end, with no text before it.

        Raises `DataError` for several lines.
        """
        found = self.score_block(block_of([sentence]))
        return float(found.scores.sum(dtype=np.float64))

    def score_block(self, block: bytes) -> Scores:
        """log10 probability of every token of a block of raw, whole lines.

        Each token is predicted from all context that the model can see.
        """
        ids = encode(self.tokenizer, self._lines(block))
        batches = scoring_windows(
            ids, carries_state=self.carries_state, steps=self.steps, stride=self.stride
        )
        nats, _ = self._score_windows(batches)
        return _scores(nats, ids[1:])

    def score_blocks(
        self, blocks: Iterable[bytes], *, at_once: bool = False
    ) -> Iterator[tuple[bytes, Scores]]:
        """The blocks of one text with their scores; context is carried from block to block.

        With `at_once`, each block is answered before the next one is read. Where a model sees a
        window, its last tokens may then have less context than in `score_block`.
        """
        if self.joined or not (self.carries_state or at_once):
            text = b"".join(blocks)
            if text:
                yield text, self.score_block(text)
            return

        windows = arriving_windows(
            carries_state=self.carries_state, steps=self.steps, stride=self.stride
        )
        state: Any = None
        for block in blocks:
            ids = encode(self.tokenizer, self._lines(block))[1:]
            nats, state = self._score_windows(windows.add(ids), state)
            yield block, _scores(nats, ids)

    @torch.no_grad()
    def _score_windows(
        self, batches: Iterable[WindowBatch], state: Any = None
    ) -> tuple[Tensor, Any]:
        """Log probabilities (nats) of the targets of `batches`, (T,), and the state after them."""
        parts = [torch.empty(0)]
        for batch in batches:
            batch = batch.to(self.device)
            hidden, state = self.model(batch.inputs, None if batch.fresh else state)
            hidden, targets = batch.pick_scored(hidden)  # (n, D), (n,)

            rows = zip(hidden.split(_ROWS), targets.split(_ROWS), strict=True)
            for some_hidden, some_targets in rows:
                nats = self._log_probabilities(some_hidden, some_targets)
                parts.append(nats.cpu())
        return torch.cat(parts), state

    def _log_probabilities(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """(n, D), (n,) -> (n,) nats"""
        logp = self._logits(hidden).log_softmax(-1)
        found = logp.gather(-1, targets[:, None])[:, 0]
        check_numbers(found)
        return found

    def _logits(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.model.output, self.model.bias).float()

    def _lines(self, block: bytes) -> list[str]:
        """The lines of a block as the model reads them: one if it reads joined text."""
        lines = block.decode("utf-8")[:-1].split("\n")
        return [" ".join(lines)] if self.joined else lines

    def tokens_of(self, block: bytes) -> list[str]:
        """The tokens of a block as readable text, in the order of their scores.

        The end of a line is `</s>`.
        """
        shown: list[str] = []
        for line in self._lines(block):
            shown += self.tokenizer.vocab.decode(self.tokenizer.encode(line))
            shown.append("</s>")
        return shown

    def spelling(self, block: bytes, found: Scores) -> Spelling:
        """How long the text is that the tokens of a block spell."""
        normalized = [self.tokenizer.normalizer(line) for line in self._lines(block)]
        return spelling_of_lines(normalized, self.tokenizer.model)

    def count_seen(self, block: bytes) -> int:
        """How many lines of a block it was trained on, byte for byte; 0 where it is not known."""
        if self._seen is None:
            return 0
        lines = block.decode("utf-8").split("\n")
        return sum(seen.found for seen in self._seen.count(lines=lines))

    @cached_property
    def _seen(self) -> SeenTexts | None:
        return self._read_seen() if self._read_seen else None

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
            "model": f"{self.name}-{self._digest}",
            "context": self._context,
            "log": "float32",
        }

    @cached_property
    def _digest(self) -> str:
        return digest_of_network(self.model, self.settings, digest_of(self.tokenizer))

    @property
    def _context(self) -> str:
        return "carried" if self.carries_state else f"window {self.steps} stride {self.stride}"

    @cached_property
    def _steps(self) -> NetworkSteps:
        return NetworkSteps(self.model, self.tokenizer, steps=self.steps, stride=self.stride)

    def begin(self) -> NetworkState:
        """The state at the beginning of a line, with no text before it."""
        return self._steps.start()

    def step(self, state: NetworkState, token: str) -> tuple[float, NetworkState]:
        """The log10 probability of a token after `state`, and the state after it.

        Raises `WrongValue` for the state of another model.
        """
        return self._steps.step(state, token)

    def finish(self, state: NetworkState) -> float:
        """The log10 probability that the line ends after `state`."""
        return self._steps.finish(state)

    def scorer(self) -> NetworkScorer:
        """The model as searches ask it: the scores of many hypotheses at once, in nats."""
        return NetworkScorer(self.model, self.tokenizer, steps=self.steps, stride=self.stride)

    def next(self, prefix: str = "", *, top: int = 10, start: str = "") -> list[tuple[str, float]]:
        """The tokens likeliest to follow a line that begins with `prefix`, with log10 scores.

        The best first; only those that begin with `start`.
        """
        return next_tokens(self._steps, self.tokenizer.encode(prefix), top, start)

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
        """`prompt` as the model sees it, then what follows, piece by piece.

        Ends with the line (without `stop`, goes on after it), or after `length` tokens. A prompt
        may have several lines. `temperature` 0 takes the most probable token; `top_k` (0 = all) and
        `top_p` (Holtzman et al. 2020, section 3.1) leave out improbable ones. `<unk>` is never
        drawn. Raises `ConfigError` at once for settings that nothing can be drawn by.
        """
        check_sampling(temperature, top_k, top_p, length=length, seed=seed)
        check_one(prompt, "prompt")
        lines = self._lines(block_of(prompt.split("\n")))
        ids = encode(self.tokenizer, lines)[:-1].tolist()  # the last line is continued

        rng = np.random.default_rng(seed)
        pick = partial(_draw, rng=rng, temperature=temperature, top_k=top_k, top_p=top_p)
        return self._pieces(ids, length, pick, stop)

    @torch.no_grad()
    def _pieces(
        self, ids: list[int], length: int, pick: Callable[[Tensor], int], stop: bool
    ) -> Iterator[str]:
        """The text of `ids`, then of each token that is picked by its logits (1, V)."""
        text = GrowingText(self.tokenizer)
        yield "".join(text.add(i) for i in ids[1:])

        reading: Reading | None = None
        for _ in range(length):
            logits, reading = self._steps.reader.read([ids], reading)
            token = pick(_of_text(logits))
            if token == EOS and stop:
                return
            ids.append(token)

            new = text.add(token)
            if new:
                yield new


def _of_text(logits: Tensor) -> Tensor:
    """Logits (1, V) of what can follow a text."""
    check_numbers(logits)
    logits[:, [PAD, BOS, UNK]] = -math.inf
    return logits


def _scores(nats: Tensor, targets: Ids) -> Scores:
    """The scores of targets whose log probabilities are known. (T,), (T,)"""
    scores = (nats / math.log(10)).numpy()
    no_lengths = np.zeros(len(scores), np.int16)
    return Scores(scores, no_lengths, targets == UNK, targets == EOS)


def _draw(
    logits: Tensor, *, rng: np.random.Generator, temperature: float, top_k: int, top_p: float
) -> int:
    """(1, V) -> an id; the most probable for a `temperature` of 0."""
    if not temperature:
        return int(logits.argmax())
    uniform = torch.tensor([rng.random()], device=logits.device)
    return int(draw(logits.log_softmax(-1), uniform, temperature, top_k, top_p))


if TYPE_CHECKING:
    _: type[Predictor] = LanguageModel  # or mypy says what is missing
