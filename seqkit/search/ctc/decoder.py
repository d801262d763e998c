"""Text from the outputs of a CTC model: what users of `seqkit.search.ctc` call.

Shapes: T frames, V labels, N utterances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import DataError, WrongType, WrongValue, shortened
from ...parsing import check_count, check_number
from ...text.lines import check_many, check_texts
from .alphabet import Alphabet
from .beam import Beam, Pruning
from .compiled import beam_of
from .emissions import Values, best_path, likely_labels, log_probabilities
from .histories import Histories, Weights
from .hotwords import Hotwords, weights_of
from .lexicon import Beginnings, closed_lexicon, known_words
from .spellings import Spellings
from .transcript import Transcript, finished, so_far, words_of
from .words import LanguageModel, WordModel

_FORGET_AT = 50_000  # spellings or tokens of a stream
_STATES_AT = 2_048  # states of the language model


class Decoder:
    """A CTC prefix beam search over characters, subwords or words.

    With a language model, `score = acoustic + alpha * lm + beta * words` and the hotwords' weights;
    its names and values are pyctcdecode's. Hypotheses and their scores are in nats.
    """

    def __init__(
        self,
        labels: Sequence[str] | Alphabet,
        lm: LanguageModel | None = None,
        *,
        lexicon: Iterable[str] | None = None,
        alpha: float = 0.5,
        beta: float = 1.5,
        unk_score_offset: float = -10.0,
        beam: int = 100,
        beam_prune_logp: float = -10.0,
        token_min_logp: float = -5.0,
    ) -> None:
        """`labels` are those of the V outputs, in order; see `Alphabet.of`.

        `lm` scores words when they are complete: `alpha` is its weight, `beta` a bonus for each
        word, `unk_score_offset` what is added to the log10 probability of a word that it does not
        know. With a `lexicon`, no other words are spelled.

        `beam` hypotheses stay at each frame, of those that lose at most `-beam_prune_logp` to the
        best; labels below `token_min_logp` are not looked at, except the likeliest of a frame.
        Infinity turns off any of the three (a beam of 2^63 - 1).

        Raises `ConfigError` for a setting, `DataError` for labels and a lexicon that do not fit.
        """
        check_number(alpha=alpha, beta=beta, unk_score_offset=unk_score_offset)
        check_number(beam_prune_logp=beam_prune_logp, token_min_logp=token_min_logp)
        check_count(least=1, beam=beam)
        _check_signs(
            alpha=alpha,
            unk_score_offset=unk_score_offset,
            beam_prune_logp=beam_prune_logp,
            token_min_logp=token_min_logp,
        )

        self.alphabet = labels if isinstance(labels, Alphabet) else Alphabet.of(labels)
        self.weights = Weights(alpha, beta, unk_score_offset)
        self._words = _word_model(lm)
        self._lexicon = None if lexicon is None else _checked(lexicon)
        self._beginnings = self._beginnings_of()
        self._beam = beam
        self._beam_prune_logp = beam_prune_logp
        self._token_min_logp = token_min_logp

    def _beginnings_of(self) -> Beginnings:
        bonus = self.weights.beta if self._words else 0.0
        if self._lexicon is not None:
            words = closed_lexicon(self._lexicon, self.alphabet)
            return Beginnings(words, penalty=-np.inf, unknown=-np.inf, bonus=bonus)

        if not self._words:
            return Beginnings(None)
        known = known_words(self._words.known_words, self.alphabet)
        penalty = self.weights.unk_score_offset
        return Beginnings(known, penalty=penalty, unknown=self.weights.unknown, bonus=bonus)

    def __repr__(self) -> str:
        return f"<ctc.Decoder of {self.alphabet!r}, beam {self._beam}>"

    def decode(
        self,
        logits: Any,
        *,
        nbest: int = 1,
        hotwords: Iterable[str] | Mapping[str, float] = (),
        hotword_weight: float = 10.0,
        values: Values = "log",
        name: str = "the array",
    ) -> list[Transcript]:
        """The `nbest` best texts of one utterance (T, V), the best first.

        Each of `hotwords` adds `hotword_weight`, or its own in a mapping, to the score. `values`
        says what the numbers are: "log" probabilities, "probabilities" or "logits". Raises
        `DataError`, which calls the array `name`, for what is not that, `WrongValue` for settings.
        """
        stream = self.stream(hotwords=hotwords, hotword_weight=hotword_weight)
        stream.push(logits, values=values, name=name)
        return stream.finish(nbest)

    def decode_batch(self, logits: Iterable[Any], **settings: Any) -> list[list[Transcript]]:
        """`decode` for N utterances of any lengths, an array (T, V) each, without padding."""
        return [self.decode(each, **settings) for each in logits]

    def stream(
        self,
        *,
        hotwords: Iterable[str] | Mapping[str, float] = (),
        hotword_weight: float = 10.0,
    ) -> Stream:
        """A search that is given its frames piece by piece."""
        check_number(hotword_weight=hotword_weight)
        weights = weights_of(hotwords, hotword_weight)
        self._check_in_lexicon(weights)
        hot = Hotwords(weights, self.alphabet)
        histories = Histories(self._words, self.weights, weights)
        spellings = Spellings(self.alphabet, self._beginnings, hot, histories)

        pruning = Pruning(self._beam, self._beam_prune_logp, 2 * hot.most)
        beam = beam_of(self.alphabet, spellings, pruning)
        return Stream(beam, self.alphabet, self._token_min_logp, self.weights)

    def _check_in_lexicon(self, hotwords: Iterable[str]) -> None:
        """Raise `DataError` for hotwords that the lexicon does not let through."""
        if self._lexicon is None:
            return
        missing = [repr(word) for word in hotwords if word not in self._lexicon]
        if missing:
            named = shortened(missing, 3)
            raise DataError(f"hotwords: the lexicon lacks {named}: add them to it")


class Stream:
    """One utterance that arrives in chunks; its texts are those of the chunks joined."""

    def __init__(self, beam: Beam, alphabet: Alphabet, least: float, weights: Weights) -> None:
        self.frames = 0
        self._beam = beam
        self._alphabet = alphabet
        self._least = least
        self._weights = weights

    def __repr__(self) -> str:
        return f"<ctc.Stream after {self.frames:,} frames>"

    def push(self, logits: Any, *, values: Values = "log", name: str = "the array") -> None:
        """Go on by some frames, (T, V); raises as `Decoder.decode`."""
        logs = log_probabilities(logits, self._alphabet, values=values, name=name)
        for frame in likely_labels(logs, self._alphabet, self._least):
            begin, end = frame.begin + self.frames, frame.end + self.frames
            self._beam.advance(frame._replace(begin=begin, end=end))
            if self._is_large():
                self._beam.forget()
        self.frames += len(logs)

    def _is_large(self) -> bool:
        table = self._beam.spellings
        longest = max(len(table), len(self._beam.paths))
        return longest > _FORGET_AT or table.histories.rows > _STATES_AT

    def best(self, nbest: int = 1) -> list[Transcript]:
        """The best texts so far; their last words may be unfinished."""
        check_count(least=1, nbest=nbest)
        return so_far(self._beam, self._alphabet, nbest)

    def finish(self, nbest: int = 1) -> list[Transcript]:
        """The best texts if no frame follows: last words and the end of the line are scored.

        With a lexicon, an unfinished last word is left out if all have one.
        """
        check_count(least=1, nbest=nbest)
        return finished(self._beam, self._alphabet, self._weights, nbest)


def greedy(
    logits: Any,
    labels: Sequence[str] | Alphabet,
    *,
    values: Values = "log",
    name: str = "the array",
) -> Transcript:
    """The likeliest label of each frame, without repeats and blanks: the best path.

    Its score is the log probability of that one alignment. Raises as `Decoder.decode`.
    """
    alphabet = labels if isinstance(labels, Alphabet) else Alphabet.of(labels)
    logs = log_probabilities(logits, alphabet, values=values, name=name)
    words = words_of(best_path(logs, alphabet), alphabet)
    score = float(logs.max(axis=1).sum())
    return Transcript.of(words, alphabet, score=score, acoustic=score)


def _check_signs(**settings: float) -> None:
    """Raise `WrongValue` for a setting on the wrong side of 0."""
    alpha = settings.pop("alpha")
    if alpha < 0:
        raise WrongValue(f"alpha = {alpha} must be at least 0")
    for name, value in settings.items():
        if value > 0:
            raise WrongValue(f"{name} = {value} must be at most 0")


def _checked(lexicon: Iterable[str]) -> frozenset[str]:
    """The words of a lexicon; raises as `check_many` and `check_texts`."""
    check_many(lexicon, "words of the lexicon")
    words = list(lexicon)
    check_texts(words, "words of the lexicon")
    return frozenset(words)


def _word_model(lm: Any) -> WordModel | None:
    if lm is None:
        return None
    if not hasattr(lm, "scorer"):
        raise WrongType(
            f"lm must be a language model, as seqkit.load opens it, not {type(lm).__name__}"
        )
    return WordModel(lm)
