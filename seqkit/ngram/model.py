"""An n-gram model in use: scores, perplexity, text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..metrics.perplexity import Perplexity
from ..metrics.scoring import LineScore, Scores, evaluate, refuse_settings, score_lines
from ..parsing import check_count
from ..text.lines import check_many, check_one
from ..text.spelling import Spelling
from ..text.tokenizer_models import Unit
from .counts import depths
from .generation import Sampling, check_sampling, draw_ids, likeliest, pieces
from .identity import digest_of_model
from .kenlm_methods import base_full_score, base_score, begin_sentence_write, null_context_write
from .scorer import ModelScorer
from .states import State, States, Step
from .stepping import Steps, as_batch, check_words, steps_of
from .tables import Grams, GramTables, Kind, Tables, with_starts
from .text import (
    BOS,
    EOS,
    SPECIALS,
    UNK,
    Ids,
    PreTokenizer,
    Vocabulary,
    WordIds,
    block_of,
    from_lines,
    text_lines,
    words_of,
)

if TYPE_CHECKING:
    from ..text import Tokenizer


class Model:
    """An n-gram language model.

    Has the methods of kenlm's Python class (score, full_scores, perplexity, order, in) and those
    of `seqkit.runs.predictor.Predictor`.
    """

    reads: ClassVar[Literal["lines", "files"]] = "lines"

    def __init__(
        self,
        words: list[bytes],
        grams: list[Grams],
        *,
        kind: Kind = "backoff",
        metadata: Mapping[str, str] | None = None,
        pre_tokenizer: PreTokenizer | None = None,
        notes: Sequence[str] = (),
        training_tokens: int = 0,
    ) -> None:
        """`words` by id, `<unk>` `<s>` `</s>` first; `metadata` is what files keep of the training.

        `notes` are what training found worth reporting, and `training_tokens` how many tokens it
        saw; files keep neither.
        """
        self.metadata = dict(metadata or {})
        self.pre_tokenizer = pre_tokenizer or PreTokenizer()
        self.notes = list(notes)
        self.training_tokens = training_tokens
        self.vocabulary = Vocabulary(words, keeps_unknown=self._keeps_unknown)
        self._word_ids = WordIds(self.vocabulary, self.pre_tokenizer)
        blanks = self.metadata.get("holes") == "yes"
        self.tables: Tables = GramTables(grams, len(words), kind, blanks=blanks)

    @property
    def grams(self) -> list[Grams]:
        """The k-grams for k = 1, 2, …"""
        return self.tables.grams

    @property
    def order(self) -> int:
        return self.tables.order

    @property
    def kind(self) -> Kind:
        """How scores and backoffs are combined."""
        return self.tables.kind

    @property
    def smoothing(self) -> str:
        """The name of the smoothing; "arpa" for a model of another tool."""
        return self.metadata.get("smoothing", "arpa")

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The trained tokenizer that splits text for this model, if it needs one."""
        return self.pre_tokenizer.tokenizer

    @property
    def unit(self) -> str:
        """The name of the tokenizer."""
        return self.pre_tokenizer.name

    @property
    def token_kind(self) -> Unit:
        """What a token is."""
        return self.pre_tokenizer.token_kind

    @property
    def words(self) -> list[str]:
        """All words by id."""
        return [word.decode("utf-8", "replace") for word in self.vocabulary.words]

    @property
    def known_words(self) -> frozenset[str]:
        """The words that it can predict, except `<unk>` and `</s>`."""
        words = self.words[len(SPECIALS) :]
        return frozenset(self.pre_tokenizer.readable(words))

    @property
    def _keeps_unknown(self) -> bool:
        """Whether `<unk>` was a word of the training text."""
        return self.metadata.get("unk") == "keep"

    def __contains__(self, word: str) -> bool:
        return word in self.vocabulary

    def __repr__(self) -> str:
        facts = f"order={self.order}, smoothing={self.smoothing}, unit={self.unit}"
        return f"<ngram.Model {facts}, {self.tables.sizes} n-grams>"

    def predict(self, inputs: Iterable[str], **settings: Any) -> Iterator[LineScore]:
        """The log probability and perplexity of each line, lazily and in order.

        Raises TypeError for a single string, `ConfigError` for any setting (there are none), and
        `DataError` at a line that holds a line break.
        """
        refuse_settings(settings, "an n-gram model")
        return score_lines(self, inputs)

    def read_test_data(self, paths: Sequence[Path]) -> list[str]:
        """The lines of these files; raises `ConfigError` without any, and `DataError`."""
        check_many(paths, "paths")
        if not paths:
            raise ConfigError("an n-gram model does not know its test text: name a file")
        lines: list[str] = []
        for path in paths:
            lines += text_lines(path)
        return lines

    def evaluate(self, data: Iterable[str], **settings: Any) -> Perplexity:
        """The perplexity of lines with and without unknown words, bits per character, signature.

        Raises as `predict`.
        """
        refuse_settings(settings, "an n-gram model")
        return self.evaluate_blocks(from_lines(data))

    def evaluate_blocks(self, blocks: Iterable[bytes]) -> Perplexity:
        """`evaluate` for text in blocks of whole lines."""
        return evaluate(self, blocks)

    def perplexity(self, text: str | Iterable[str]) -> float:
        """Perplexity of one line, as kenlm's, or of lines: 10^(-sum/tokens).

        Counts out-of-vocabulary words and `</s>`.
        """
        lines = [text] if isinstance(text, str) else text
        return self.evaluate(lines).perplexity

    def score(self, sentence: str, bos: bool = True, eos: bool = True) -> float:
        """log10 probability (a plain sum) of one line and its end, as kenlm's `score`.

        Without `bos` it begins with no context, without `eos` its end is not counted. Raises
        `DataError` for several lines.
        """
        ids = self._line_ids(sentence, eos=eos)
        scores, _ = self._score_line(ids, bos)
        return sum(scores)

    def full_scores(
        self, sentence: str, bos: bool = True, eos: bool = True
    ) -> Iterator[tuple[float, int, bool]]:
        """For each word, and `</s>`: log10 probability, length of the n-gram found, whether OOV."""
        ids = self._line_ids(sentence, eos=eos)
        oov = map(self._is_oov, ids)
        return zip(*self._score_line(ids, bos), oov, strict=True)

    def _line_ids(self, sentence: str, *, eos: bool) -> list[int]:
        block = self.pre_tokenizer.segment(block_of([sentence]))
        ids = self.vocabulary.encode_line(block)
        return [*ids, EOS] if eos else ids

    def _is_oov(self, word: int) -> bool:
        return word < 0 or (word == UNK and not self._keeps_unknown)

    def _score_line(self, ids: Sequence[int], bos: bool) -> tuple[list[float], list[int]]:
        """Score, and length of the n-gram found, of each word of one line; -1 is an unknown word.

        One line is scored in plain Python, which is faster than arrays of a dozen elements.
        """
        known = [max(word, UNK) for word in ids] if -1 in ids else ids
        return self.steps.line(known, bos=bos)

    @cached_property
    def steps(self) -> Steps:
        """The states of this model, with words as ids."""
        return steps_of(self.tables)

    def begin(self) -> State:
        """The state at the beginning of a sentence."""
        return self.steps.start([BOS])

    def null(self) -> State:
        """The state without any context, not even the beginning of a sentence."""
        return self.steps.start([])

    def step(self, state: State, word: str) -> tuple[float, State]:
        """The log10 probability of `word` after `state`, and the state after it.

        A word is a token as the model sees it; an unknown one is scored as `<unk>`. Raises
        `WrongValue` for the state of another model, `DataError` for what is not one word.
        """
        found = self.steps.step(state, max(self._word_ids.of(word), UNK))
        return found.score, found.state

    def full_step(self, state: State, word: str) -> tuple[Step, bool]:
        """`step` with the length of the n-gram found, and whether the word is out of vocabulary."""
        found = self._word_ids.of(word)
        return self.steps.step(state, max(found, UNK)), self._is_oov(found)

    def finish(self, state: State) -> float:
        """The log10 probability that the sentence ends after `state`."""
        return self.steps.step(state, EOS).score

    BeginSentenceWrite = begin_sentence_write
    NullContextWrite = null_context_write
    BaseScore = base_score
    BaseFullScore = base_full_score

    def batch(self, states: Sequence[State]) -> States:
        """These states as rows of arrays."""
        return as_batch(states, self.steps, self.order - 1)

    def ids(self, words: Sequence[str]) -> Ids:
        """The ids of words for `step_batch`, that of `<unk>` for unknown ones. -> (n,)"""
        check_many(words, "words")
        return np.array([max(self._word_ids.of(word), UNK) for word in words], np.int32)

    def step_batch(self, states: States, words: Ids) -> tuple[NDArray[np.float32], States]:
        """A word for each of B states: log10 probabilities (B,), and the states after them.

        `words` (B,) are ids, as `ids` gives them. Raises `WrongValue` for the states of another
        model, for another number of words than states, and for ids out of range.
        """
        checked = check_words(words, states, len(self.vocabulary))
        return self.steps.step_batch(states, checked)

    def finish_batch(self, states: States) -> NDArray[np.float32]:
        """The log10 probability that the sentence ends, after each of B states. -> (B,)"""
        scores, _ = self.step_batch(states, np.full(len(states), EOS, np.int32))
        return scores

    def scorer(self) -> ModelScorer:
        """The model as searches ask it: the scores of many hypotheses at once, in nats."""
        return ModelScorer(self.steps, self.vocabulary, self.pre_tokenizer, order=self.order)

    def next(self, prefix: str = "", *, top: int = 10, start: str = "") -> list[tuple[str, float]]:
        """The words likeliest to follow a line that begins with `prefix`, with their log10 scores.

        The best first; only those that begin with `start`, such as what is typed of a word.
        """
        check_count(top=top)
        check_one(start, "start")
        state = self.steps.start(self._context(prefix))
        scores = self.steps.score_all(state)

        shown = self._shown
        chosen = [i for i in range(len(SPECIALS), len(shown)) if shown[i].startswith(start)]
        best = likeliest(scores, np.array(chosen, np.int64), top)
        return [(shown[i], float(scores[i])) for i in best.tolist()]

    @cached_property
    def _shown(self) -> Sequence[str]:  # all words by id, as people read them
        return self.pre_tokenizer.readable(self.words)

    def score_block(self, block: bytes) -> Scores:
        """log10 probability of every token of a block of raw, whole lines."""
        ids, ends = self._encode(block)
        return self.score_ids(ids, ends)

    def score_blocks(
        self, blocks: Iterable[bytes], *, at_once: bool = True
    ) -> Iterator[tuple[bytes, Scores]]:
        """The blocks of a text with their scores; each is answered before the next is read."""
        for block in blocks:
            yield block, self.score_block(block)

    def _encode(self, block: bytes) -> tuple[Ids, NDArray[np.bool_]]:
        """Ids of a raw block (-1 for words out of vocabulary), and where lines end. (T,) each."""
        return self.vocabulary.encode(self.pre_tokenizer.segment(block))

    def score_ids(self, ids: Ids, ends: NDArray[np.bool_], *, bos: bool = True) -> Scores:
        """log10 probability of every token of sentences, which end where `ends` is True. (T,) each.

        The id of a word out of vocabulary is -1. Without `bos`, sentences begin with no context.
        """
        oov = ids < 0
        known = np.where(oov, UNK, ids)
        if not self._keeps_unknown:
            oov |= ids == UNK

        if not bos:
            scores, lengths = self.tables.score(known, depths(ends))
            return Scores(scores, lengths, oov, ends)

        stream, depth = with_starts(known, ends)
        scores, lengths = self.tables.score(stream, depth)
        predicted = depth > 0
        return Scores(scores[predicted], lengths[predicted], oov, ends)

    def tokens_of(self, block: bytes) -> list[str]:
        """The tokens of a block of raw lines, in the order of their scores; `</s>` for ends."""
        segmented = self.pre_tokenizer.segment(block)
        words = [word.decode() for word in words_of(segmented)]

        readable = self.pre_tokenizer.readable(words)
        return ["</s>" if word == "\0" else word for word in readable]

    def spelling(self, block: bytes, found: Scores) -> Spelling:
        """How long the text is that the tokens of a block spell."""
        return self.pre_tokenizer.spelling(block, found.ends)

    def count_seen(self, block: bytes) -> int:
        """0: an n-gram model does not know the lines that it was counted on."""
        return 0

    def signature_fields(self) -> dict[str, str]:
        """What the signature of a perplexity says of this model."""
        steps = self.tokenizer.normalizer.steps if self.tokenizer else ()
        return {
            "ppl": "scores" if self.kind == "stupid" else "per-token",
            "unit": self.unit,
            "normalize": "+".join(steps) or "none",
            "vocab": str(len(self.vocabulary)),
            "bos": "given",
            "eos": "scored",
            "oov": "word" if self._keeps_unknown else "unk",
            "model": f"{self.order}-gram-{self.digest}",
            "log": "float32",
            **{key: self.metadata[key] for key in ("unknown",) if key in self.metadata},
        }

    @cached_property
    def digest(self) -> str:
        """Of everything that decides the scores, so that it is no matter what file it is from."""
        rules = f"{self.kind} {self.unit} {self._keeps_unknown}"
        words = self.vocabulary.words
        return digest_of_model(words, self.grams, rules, self.tokenizer)

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
        """`prompt` as the model sees it, then what follows, piece by piece.

        Ends with the line, or after `length` tokens. `temperature` 0 takes the likeliest token;
        `top_k` (0 = all) and `top_p` (Holtzman et al. 2020, section 3.1) leave out unlikely ones.
        `<unk>` is never drawn. Raises at once: `ConfigError` for settings by which nothing can be
        drawn, `DataError` for a prompt of several lines.
        """
        check_sampling(temperature, top_k, top_p, length=length, seed=seed)
        sampling = Sampling(temperature, top_k, top_p)
        rng = np.random.default_rng(seed)
        words = self.words
        state = self.steps.start(self._context(prompt))
        following = (words[i] for i in draw_ids(self.steps, state, sampling, rng, length))
        return pieces(self.pre_tokenizer.split(prompt), following, self.pre_tokenizer.join)

    def _context(self, prompt: str) -> list[int]:
        """`<s>` and the ids of the words of `prompt`."""
        return [BOS, *(max(word, UNK) for word in self._line_ids(prompt, eos=False))]
