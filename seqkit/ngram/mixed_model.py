"""Language models of any kind in place of one, mixed as they run: trained networks, too.

As `dynamic`, which is for counted models alone and faster: p(w|h) is the weighted mean of theirs.
The models split text into the same tokens; what each of them does not know is shared out as
`mixing.Unknown` says.

Letters: T tokens of a text, M models.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError, WrongType, WrongValue
from ..metrics.perplexity import Perplexity
from ..metrics.scoring import LineScore, Scorer, Scores, evaluate, refuse_settings, score_lines
from ..parsing import check_count
from ..text.identity import WIDTH
from ..text.lines import check_many, check_one
from ..text.spelling import Spelling
from ..text.tokenizer_models import Unit
from .generation import Sampling, check_sampling, likeliest, pieces
from .mixed_scorer import MixedScorer, PartScorer, PartStates
from .mixing import Unknown, check_unknown, check_weights, share_of_unknown
from .model import Model
from .text import PreTokenizer, block_of, from_lines, text_lines

if TYPE_CHECKING:
    from ..text import Tokenizer

Doubles = NDArray[np.float64]

_NATS = math.log(10)


@runtime_checkable
class Part(Scorer, Protocol):
    """A language model that can be mixed: an n-gram model, or a trained network."""

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The trained tokenizer that splits text for it, if it needs one."""

    def begin(self) -> Any:
        """The state at the beginning of a line."""

    def step(self, state: Any, token: str, /) -> tuple[float, Any]:
        """The log10 probability of a token after a state, and the state after it."""

    def finish(self, state: Any) -> float:
        """The log10 probability that the line ends after a state."""

    def scorer(self) -> PartScorer:
        """The model as searches ask it."""


class MixedState:
    """The states of all models of a mixture; equal where all of them are."""

    __slots__ = ("_owner", "_parts")

    def __init__(self, owner: MixedModel, parts: tuple[Any, ...]) -> None:
        self._owner = owner
        self._parts = parts

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MixedState):
            return NotImplemented
        return self._parts == other._parts and self._owner is other._owner

    def __hash__(self) -> int:
        return hash(self._parts)

    def __repr__(self) -> str:
        return f"<MixedState of {len(self._parts)} models>"


class MixedModel:
    """The mixture of several language models; see `seqkit.runs.predictor.Predictor`."""

    reads: ClassVar[Literal["lines", "files"]] = "lines"

    def __init__(
        self, parts: Sequence[Part], weights: Sequence[float], *, unknown: Unknown = "share"
    ) -> None:
        """Raises `WrongValue` for weights that do not sum to 1, `ConfigError` for models of
        different tokens, or whose scores are no probabilities.
        """
        self.parts = list(parts)
        self.weights = check_weights(weights, len(self.parts))
        check_unknown(unknown)
        self.unknown = unknown
        fields = [part.signature_fields() for part in self.parts]
        _check_fields(fields)
        self._fields = fields

        self._known = [part.known_words for part in self.parts]
        self.known_words = frozenset().union(*self._known)
        self._shares = [self._shares_of(known) for known in self._known]

    def _shares_of(self, known: frozenset[str]) -> tuple[float, float]:
        """log10 of what a model's `<unk>` is multiplied by: for itself, for a token it lacks."""
        share = share_of_unknown(len(self.known_words) - len(known), self.unknown)
        return share, share if self.unknown == "share" else -math.inf

    def __repr__(self) -> str:
        terms = zip(self.weights, self.parts, strict=True)
        return f"<MixedModel {' + '.join(f'{weight:.3f} {part!r}' for weight, part in terms)}>"

    @property
    def unit(self) -> str:
        """The name of the tokenizer."""
        return self.parts[0].unit

    @property
    def token_kind(self) -> Unit:
        """What a token is."""
        return self.parts[0].token_kind

    def signature_fields(self) -> dict[str, str]:
        """What the signature of a perplexity says of this model."""
        contexts = [fields["context"] for fields in self._fields if "context" in fields]
        begins = dict.fromkeys(fields["bos"] for fields in self._fields)
        return {
            **{key: self._fields[0][key] for key in ("ppl", "unit", "normalize")},
            "vocab": str(len(self.known_words)),
            "bos": "+".join(begins),
            "eos": "scored",
            "oov": "unk",
            "model": f"mixture-{self._digest}",
            **({"context": "+".join(dict.fromkeys(contexts))} if contexts else {}),
            "log": "float32",
            "unknown": self.unknown,
        }

    @cached_property
    def _digest(self) -> str:
        terms = zip(self.weights, self._fields, strict=True)
        text = "\n".join(f"{weight!r} {fields['model']}" for weight, fields in terms)
        return blake2b(text.encode(), digest_size=WIDTH).hexdigest()

    # Texts

    def score_block(self, block: bytes) -> Scores:
        """log10 probability of every token of a block of raw, whole lines."""
        return self._mixed([part.score_block(block) for part in self.parts])

    def score_blocks(
        self, blocks: Iterable[bytes], *, at_once: bool = True
    ) -> Iterator[tuple[bytes, Scores]]:
        """The blocks of one text with their scores; each is answered before the next is read."""
        for block, found in self._blocks(blocks):
            yield block, self._mixed(found)

    def _blocks(self, blocks: Iterable[bytes]) -> Iterator[tuple[bytes, list[Scores]]]:
        """The blocks of one text with the scores of each model."""
        copies = tee(blocks, len(self.parts))
        answers = [
            part.score_blocks(copy, at_once=True)
            for part, copy in zip(self.parts, copies, strict=True)
        ]
        for row in zip(*answers, strict=True):
            yield row[0][0], [found for _, found in row]

    def log_probabilities(self, blocks: Iterable[bytes]) -> list[Doubles]:
        """Log probabilities (nats) that each model gives to every token. M x (T,)"""
        parts: list[list[Doubles]] = [[] for _ in self.parts]
        for _, found in self._blocks(blocks):
            for part, scores in zip(parts, self._each(found), strict=True):
                part.append(scores * _NATS)
        return [np.concatenate([np.empty(0), *part]) for part in parts]

    def _mixed(self, found: Sequence[Scores]) -> Scores:
        scores = self._each(found)
        with np.errstate(divide="ignore"):
            log_weights = np.log(np.array(self.weights))
        nats = np.stack(scores) * _NATS + log_weights[:, None]
        mixed = np.logaddexp.reduce(nats, axis=0) / _NATS

        oov = np.logical_and.reduce([each.oov for each in found])
        lengths = np.max([each.lengths for each in found], axis=0)
        return Scores(mixed.astype(np.float32), lengths, oov, found[0].ends)

    def _each(self, found: Sequence[Scores]) -> list[Doubles]:
        """log10 scores of each model, with its `<unk>` shared out. M x (T,)

        Raises `DataError` where the models split the text into different tokens.
        """
        ends = found[0].ends
        if not all(np.array_equal(each.ends, ends) for each in found):
            raise DataError(
                "the models of the mixture split this text into different tokens: count the "
                "n-gram model with the tokenizer of the network"
            )

        nobody_knows = np.logical_and.reduce([each.oov for each in found])
        adjusted = []
        for each, (of_unknown, of_lacking) in zip(found, self._shares, strict=True):
            scores = each.scores.astype(np.float64)
            scores[nobody_knows] += of_unknown
            scores[each.oov & ~nobody_knows] += of_lacking
            adjusted.append(scores)
        return adjusted

    def tokens_of(self, block: bytes) -> list[str]:
        """The tokens of a block as readable text, in the order of their scores."""
        return self.parts[0].tokens_of(block)

    def spelling(self, block: bytes, found: Scores) -> Spelling:
        """How long the text is that the tokens of a block spell."""
        return self.parts[0].spelling(block, found)

    def count_seen(self, block: bytes) -> int:
        """How many lines of a block a model was trained on, as far as it is known."""
        return max(part.count_seen(block) for part in self.parts)

    def predict(self, inputs: Iterable[str], **settings: Any) -> Iterator[LineScore]:
        """The log probability and perplexity of each line; see `Model.predict`."""
        refuse_settings(settings, "a mixture")
        return score_lines(self, inputs)

    def read_test_data(self, paths: Sequence[Path]) -> list[str]:
        """The lines of these files; raises `ConfigError` without any."""
        check_many(paths, "paths")
        if not paths:
            raise ConfigError("a mixture does not know its test text: name a file")
        return [line for path in paths for line in text_lines(path)]

    def evaluate(self, data: Iterable[str], **settings: Any) -> Perplexity:
        """The perplexity of lines; see `Model.evaluate`."""
        refuse_settings(settings, "a mixture")
        return self.evaluate_blocks(from_lines(data))

    def evaluate_blocks(self, blocks: Iterable[bytes]) -> Perplexity:
        """`evaluate` for text in blocks of whole lines."""
        return evaluate(self, blocks)

    def perplexity(self, text: str | Iterable[str]) -> float:
        """Of one line or of lines, line ends and unknown tokens included."""
        return self.evaluate([text] if isinstance(text, str) else text).perplexity

    def score(self, sentence: str) -> float:
        """log10 probability (a plain sum) of one line and its end, with no text before it."""
        found = self.score_block(block_of([sentence]))
        return float(found.scores.sum(dtype=np.float64))

    # Token by token

    def begin(self) -> MixedState:
        """The state at the beginning of a line."""
        return MixedState(self, tuple(part.begin() for part in self.parts))

    def step(self, state: MixedState, token: str) -> tuple[float, MixedState]:
        """The log10 probability of a token after `state`, and the state after it.

        Raises `WrongValue` for the state of another model.
        """
        scores = []
        after = []
        is_known = token in self.known_words
        columns = zip(self.parts, self._parts_of(state), self._known, self._shares, strict=True)
        for part, own, known, (of_unknown, of_lacking) in columns:
            score, following = part.step(own, token)
            if token not in known:
                score += of_lacking if is_known else of_unknown
            scores.append(score)
            after.append(following)
        return self._mean(scores), MixedState(self, tuple(after))

    def finish(self, state: MixedState) -> float:
        """The log10 probability that the line ends after `state`."""
        pairs = zip(self.parts, self._parts_of(state), strict=True)
        return self._mean([part.finish(own) for part, own in pairs])

    def _parts_of(self, state: MixedState) -> tuple[Any, ...]:
        if not isinstance(state, MixedState):
            raise WrongType(f"give a state of this mixture, not {type(state).__name__}")
        if state._owner is not self:
            raise WrongValue("this state is of another model: begin with begin() of this model")
        return state._parts

    def _mean(self, scores: Sequence[float]) -> float:
        total = sum(w * 10.0**score for w, score in zip(self.weights, scores, strict=True))
        return math.log10(total) if total else -math.inf

    @cached_property
    def _scorer(self) -> MixedScorer:
        scorers = [part.scorer() for part in self.parts]
        return MixedScorer(scorers, self.weights, self._known, self._shares, self._splitter.split)

    def scorer(self) -> MixedScorer:
        """The mixture as searches ask it: the scores of many hypotheses at once, in nats."""
        return self._scorer

    def next(self, prefix: str = "", *, top: int = 10, start: str = "") -> list[tuple[str, float]]:
        """The tokens likeliest to follow a line that begins with `prefix`; see `Model.next`."""
        check_count(top=top)
        check_one(start, "start")
        scorer = self._scorer
        scores = scorer.following(self._after(prefix))[0].astype(np.float64) / _NATS

        tokens = scorer.tokens
        chosen = [i for i in range(1, len(tokens)) if tokens[i].startswith(start)]
        best = likeliest(scores, np.array(chosen, np.int64), top)
        return [(tokens[i], float(scores[i])) for i in best.tolist()]

    def _after(self, prefix: str) -> PartStates:
        """The states of a search after the tokens of one line that begins so."""
        states = self._scorer.begin(1)
        for i in self._scorer.encode(prefix):
            _, states = self._scorer.step(states, [i])
        return states

    @cached_property
    def _splitter(self) -> PreTokenizer:
        """What splits text for all models."""
        for part in self.parts:
            if isinstance(part, Model):
                return part.pre_tokenizer
            if part.tokenizer is not None:
                return PreTokenizer.trained(part.tokenizer)
        raise ConfigError("no model of the mixture says how it splits text")

    def generate(
        self,
        *,
        prompt: str = "",
        length: int = 100,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
    ) -> Iterator[str]:
        """`prompt` as the models see it, then what follows; see `Model.generate`."""
        check_sampling(temperature, top_k, top_p, length=length, seed=seed)
        states = self._after(prompt)
        sampling = Sampling(temperature, top_k, top_p)
        following = self._drawn(states, sampling, np.random.default_rng(seed), length)
        return pieces(self._splitter.split(prompt), following, self._splitter.join)

    def _drawn(
        self, states: PartStates, sampling: Sampling, rng: np.random.Generator, length: int
    ) -> Iterator[str]:
        """Up to `length` tokens, to the end of the line; `<unk>` is never drawn."""
        scorer = self._scorer
        for _ in range(length):
            nats = np.append(scorer.following(states)[0], scorer.finish(states))
            nats[scorer.unknown] = -np.inf
            choice = sampling.draw(nats.astype(np.float64) / _NATS, rng)
            if choice == len(scorer.tokens):  # the end
                return
            yield scorer.tokens[choice]
            _, states = scorer.step(states, [choice])


def _check_fields(fields: Sequence[dict[str, str]]) -> None:
    """Raise `ConfigError` unless models of these signatures can be mixed."""
    if any(each["ppl"] == "scores" for each in fields):
        raise ConfigError("stupid backoff gives no probabilities, so it cannot be mixed")
    if any(each.get("lines") == "joined" for each in fields):
        raise ConfigError("a network that joins lines cannot be mixed: its lines have no end")
    for key, what in (("unit", "tokens"), ("normalize", "normalisation")):
        found = dict.fromkeys(each[key] for each in fields)
        if len(found) > 1:
            raise ConfigError(f"models of the {what} {', '.join(found)} cannot be mixed")
