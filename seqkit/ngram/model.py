"""Scoring with an n-gram model, a whole text at once.

Letters: T tokens of a text, N the order, V the words of the model, n_k its k-grams.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..metrics.perplexity import Perplexity
from ..metrics.scoring import Scores, evaluate
from ..text import Tokenizer, TokenizerLookup, built_in
from .counts import Longs, depths, find
from .generation import check_sampling, draw_words
from .smoothing import Floats, Kind
from .text import BOS, UNK, Ids, PreTokenizer, Vocabulary, block_of, from_lines, words_of

_STUPID = np.float32(np.log10(0.4))


class Grams(NamedTuple):
    """All k-grams of a model for one k, in suffix order. Logarithms are to base 10."""

    keys: Longs  # (n_k,), ascending: index of the last k-1 words among the (k-1)-grams, times V, plus the first word
    scores: Floats  # (n_k,) log probabilities; NaN for a k-gram that only holds longer ones (foreign, pruned files)
    backoffs: Floats  # (n_k,)


class Model:
    """An n-gram language model. Has the methods of kenlm's Python class: score, full_scores, perplexity, order, in."""

    def __init__(
        self,
        words: list[bytes],
        grams: list[Grams],
        *,
        kind: Kind = "backoff",
        about: Mapping[str, str] | None = None,
        tokenizer: Tokenizer | None = None,
        tokenizers: TokenizerLookup = built_in,
        notes: Sequence[str] = (),
        training_tokens: int = 0,
    ) -> None:
        """`words` by id, `<unk>` `<s>` `</s>` first; `about` holds what the signature tells of the model.

        `tokenizer` is the trained one that cuts raw text for this model, if it needs one; `notes` are what training
        found worth saying, and `training_tokens` how many it saw; a file keeps neither.
        """
        self.grams, self.kind, self.about, self.tokenizer = (
            grams,
            kind,
            dict(about or {}),
            tokenizer,
        )
        self.notes, self.training_tokens = list(notes), training_tokens
        self.cutter = PreTokenizer(self.about.get("unit", "whitespace"), tokenizer, tokenizers)
        keeps_unknown = self.about.get("unk") == "keep"
        self.vocabulary = Vocabulary(words, keeps_unknown=keeps_unknown)
        self._holes = about is not None and about.get("holes") == "yes"

    @property
    def order(self) -> int:
        return len(self.grams)

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
        """`prompt` as the model sees it, then what follows piece by piece, to the end of the line or `length` tokens.

        `temperature` 0 takes the likeliest token; `top_k` (0 = all) and `top_p` (Holtzman et al. 2020, section 3.1)
        leave out unlikely ones. `<unk>` is never drawn. Raises at once, `ConfigError` for settings that nothing can
        be drawn by and `DataError` for a prompt of several lines.
        """
        check_sampling(temperature, top_k, top_p)
        tokens, rng = self.cutter.tokens(prompt), np.random.default_rng(seed)
        words = draw_words(
            self, prompt, rng, length=length, temperature=temperature, top_k=top_k, top_p=top_p
        )
        return self._readable(tokens, words)

    def _readable(self, tokens: list[str], further: Iterable[str]) -> Iterator[str]:
        """The text of `tokens`, then what each further one adds to it."""
        shown = self.cutter.join(tokens)
        yield shown
        for token in further:
            tokens.append(token)
            text = self.cutter.join(tokens)
            yield text[len(shown) :]
            shown = text

    @property
    def unit(self) -> str:
        """The name of the tokenizer."""
        return self.cutter.name

    @property
    def known_words(self) -> frozenset[str]:
        """The words that it can predict, `<unk>` and `</s>` aside."""
        return frozenset(self.cutter.readable(self.words[3:]))

    def tokens_of(self, block: bytes) -> list[str]:
        """The tokens of a block of raw lines, in the order of their scores; a line's end is `</s>`."""
        words = [word.decode() for word in words_of(self.cutter(block))]
        return ["</s>" if word == "\0" else word for word in self.cutter.readable(words)]

    @property
    def words(self) -> list[str]:
        """All words by id."""
        return [word.decode("utf-8", "replace") for word in self.vocabulary.words]

    def __contains__(self, word: str) -> bool:
        return word in self.vocabulary

    def __repr__(self) -> str:
        return f"<n-gram model of order {self.order}, {len(self.vocabulary):,} words>"

    def score(self, sentence: str, bos: bool = True, eos: bool = True) -> float:
        """log10 probability (a plain sum) of one line and its end, as kenlm's `score`.

        Without `bos` it begins with no context, without `eos` its end is not counted. Raises `DataError` for
        several lines.
        """
        found = self.score_ids(*self._ids_of(sentence), bos=bos)
        return float(np.sum(found.scores if eos else found.scores[:-1], dtype=np.float64))

    def full_scores(
        self, sentence: str, bos: bool = True, eos: bool = True
    ) -> Iterator[tuple[float, int, bool]]:
        """Of each word (and `</s>`): log10 probability, length of the n-gram found, whether it is out of vocabulary."""
        found = self.score_ids(*self._ids_of(sentence), bos=bos)
        rows = list(
            zip(found.scores.tolist(), found.lengths.tolist(), found.oov.tolist(), strict=True)
        )
        return iter(rows if eos else rows[:-1])

    def perplexity(self, text: str | Iterable[str]) -> float:
        """Of one line, as kenlm's, or of lines: 10^(-sum/tokens), out-of-vocabulary words and `</s>` included."""
        return self.evaluate([text] if isinstance(text, str) else text).perplexity

    def evaluate(self, lines: Iterable[str]) -> Perplexity:
        """The whole record of a text: perplexity with and without unknown words, bits, signature."""
        return self.evaluate_blocks(from_lines(lines))

    def evaluate_blocks(self, blocks: Iterable[bytes]) -> Perplexity:
        """`evaluate` for text in blocks of whole lines."""
        return evaluate(self, blocks)

    def score_block(self, block: bytes) -> Scores:
        """log10 probability of every token of a block of raw, whole lines."""
        return self.score_ids(*self.vocabulary.encode(self.cutter(block)))

    def signature_fields(self) -> dict[str, str]:
        """What the signature of a perplexity says of this model."""
        steps = self.tokenizer.normalizer.steps if self.tokenizer else ()
        return {
            "ppl": "scores" if self.kind == "stupid" else "per-token",
            "unit": self.about.get("unit", "whitespace"),
            "normalize": "+".join(steps) or "none",
            "vocab": str(len(self.vocabulary)),
            "bos": "given",
            "eos": "scored",
            "oov": "word" if self.about.get("unk") == "keep" else "unk",
            "model": f"{self.order}-gram",
            "smoothing": self.about.get("smoothing", "arpa"),
            "log": "float32",
        }

    def score_ids(self, ids: Ids, ends: NDArray[np.bool_], *, bos: bool = True) -> Scores:
        """log10 probability of every token of sentences, which end where `ends` is True. (T,) each.

        An id of -1 is a word out of vocabulary. Without `bos`, sentences begin with no context.
        """
        oov = ids < 0
        if self.about.get("unk") != "keep":
            oov |= ids == UNK
        stream, depth = _stream(np.where(ids < 0, UNK, ids), ends, bos)
        scores, lengths = self.score_stream(stream, depth)
        if bos:
            predicted = depth > 0
            scores, lengths = scores[predicted], lengths[predicted]
        return Scores(scores, lengths, oov, ends)

    def score_stream(
        self, stream: Ids, depth: NDArray[np.int32]
    ) -> tuple[Floats, NDArray[np.int16]]:
        """Scores and lengths of ids that hold `<s>` where sentences begin; `depth` is each one's place. (T,) each."""
        return self._combine(self._walk(stream, depth), depth)

    def _walk(self, stream: Ids, depth: NDArray[np.int32]) -> list[Longs]:
        """The index of the k-gram that ends at each place, or -1, for k = 1 … N. N x (T,)."""
        size = len(self.vocabulary)
        indexes = [stream.astype(np.int64)]
        alive = np.arange(len(stream))
        for k in range(2, self.order + 1):
            alive = alive[depth[alive] >= k - 1]
            hits = self.find(k, indexes[-1][alive] * size + stream[alive - (k - 1)])
            found = np.full(len(stream), -1, np.int64)
            found[alive] = hits
            indexes.append(found)
            alive = alive[hits >= 0]
        return indexes

    def find(self, k: int, keys: Longs) -> Longs:
        """The index of each key among the k-grams, or -1."""
        return find(self.grams[k - 1].keys, keys)

    def _combine(
        self, indexes: list[Longs], depth: NDArray[np.int32]
    ) -> tuple[Floats, NDArray[np.int16]]:
        """The score of the longest k-gram found, and what its shorter history costs. (T,) each."""
        scores = self.grams[0].scores[indexes[0]]
        lengths = np.ones(len(scores), np.int16)
        for k, (index, level) in enumerate(zip(indexes[1:], self.grams[1:], strict=True), 2):
            hit = np.flatnonzero(index >= 0)
            own = level.scores[index[hit]]
            if self._holes:
                hit, own = hit[~np.isnan(own)], own[~np.isnan(own)]
            scores[hit] = own
            lengths[hit] = k
        if self.kind == "stupid":
            missing = np.minimum(depth + 1, self.order) - lengths
            return scores + missing.astype(np.float32) * _STUPID, lengths
        for k in range(1, self.order):  # shortest history first, as KenLM adds them
            place = np.flatnonzero((lengths <= k) & (depth >= k))
            context = indexes[k - 1][place - 1]
            if self.kind == "add-k":
                place, context = (
                    part[np.minimum(depth[place], self.order - 1) == k] for part in (place, context)
                )
                known = context >= 0
                weight = self.grams[k - 1].backoffs[context]
                scores[place] = np.where(
                    known, weight, np.float32(-np.log10(len(self.vocabulary) - 1))
                )
            else:
                place, context = place[context >= 0], context[context >= 0]
                scores[place] += self.grams[k - 1].backoffs[context]
        return scores, lengths

    def _ids_of(self, sentence: str) -> tuple[Ids, NDArray[np.bool_]]:
        return self.vocabulary.encode(self.cutter(block_of([sentence])))


def _stream(ids: Ids, ends: NDArray[np.bool_], bos: bool) -> tuple[Ids, NDArray[np.int32]]:
    """The ids with `<s>` before each sentence if `bos`, and the place of each in its sentence, from 0."""
    if not bos:
        return ids, depths(ends)
    sentence: Longs = np.cumsum(ends) - ends
    stream = np.full(len(ids) + int(ends.sum()), BOS, np.int32)
    stream[np.arange(len(ids)) + sentence + 1] = ids
    closes = np.zeros(len(stream), np.bool_)
    closes[np.flatnonzero(ends) + sentence[ends] + 1] = True
    return stream, depths(closes)
