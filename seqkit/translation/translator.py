"""A trained translator: raw text in, raw text out."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from torch import nn

from ..config import build, plain
from ..errors import ConfigError, DataError
from ..metrics.overlap import consensus
from ..search.decode import BATCH_TOKENS, decode
from ..search.decoder import Ensemble, Hypothesis
from ..search.forced_decoding import EncoderDecoder, attention, log_probabilities
from ..search.rules import Rules, Stem
from ..search.settings import SearchConfig
from ..text.lines import check_many
from ..text.sentences import halve, split_sentences
from ..text.subword import SPACE
from ..text.tokenizer import Tokenizer, is_byte
from ..text.tokenizer_models import JOINER
from ..text.vocab import EOS, SPECIALS, UNK
from .explain import Explanation, Segment, explain
from .models.contract import TranslationModel


@dataclass(frozen=True)
class Translation:
    """One translation of one input."""

    text: str
    score: float  # what n-best lists are ranked by: log_probability after the penalties, or mean chrF to other draws
    log_probability: float  # nats: the plain sum over all target tokens and `<eos>`
    tokens: list[str]  # as the model made them
    parts: list[Segment]  # of which it is made


@dataclass(frozen=True)
class _Part:
    """A stretch of an input line that is translated by itself, and the white space that follows it."""

    line: int
    text: str
    ids: list[int]
    space: str


_CLOSING = frozenset(".,;:!?…)]}”»%")  # what stands at the end of the word before it


class Translator:
    """`translator.translate(["…"])`. Settings are those of `SearchConfig`; those not given are the model's own."""

    def __init__(
        self,
        model: nn.Module,
        source: Tokenizer,
        target: Tokenizer,
        *,
        search: SearchConfig | None = None,
        longest: int = 100,
        batch_tokens: int = BATCH_TOKENS,
        others: Sequence[nn.Module] = (),
    ) -> None:
        """`longest` is how many tokens a source may have had in training: longer ones are cut up.

        `others` are models with the same vocabularies, which vote with `model`; see `ensemble`.
        """
        self.model, self.source, self.target = model, source, target
        self.models = [model, *others]
        self.search = search or SearchConfig()
        self.longest, self.batch_tokens = longest, batch_tokens

    @classmethod
    def ensemble(cls, translators: Sequence[Translator]) -> Translator:
        """Translators as one, by the mean of their probabilities; raises `ConfigError` if vocabularies differ."""
        first, *rest = translators
        for other in rest:
            for mine, theirs in ((first.source, other.source), (first.target, other.target)):
                if mine.vocab.tokens != theirs.vocab.tokens or _kind(mine) != _kind(theirs):
                    raise ConfigError(
                        "models vote together only if they share vocabulary, tokenizer and normalisation"
                    )
        longest = min(translator.longest for translator in translators)
        models = [model for translator in translators for model in translator.models][1:]
        return cls(
            first.model,
            first.source,
            first.target,
            search=first.search,
            longest=longest,
            others=models,
        )

    def translate(self, texts: Iterable[str], **settings: Any) -> list[str]:
        """The best translation of each text, in order; an empty one for an empty text.

        `settings` are keys of `SearchConfig`, such as `beam=5`; raises `ConfigError` for an unknown one.
        """
        check_many(texts)
        return [found[0].text for found in self.translate_nbest(texts, **settings)]

    def translate_nbest(self, texts: Iterable[str], **settings: Any) -> list[list[Translation]]:
        """Up to `nbest` translations of each text, best first."""
        check_many(texts)
        search = self.settings(settings)
        lines = list(texts)
        parts = [
            part for number, line in enumerate(lines) for part in self._cut(number, line, search)
        ]
        joined: list[list[_Joined]] = [[_Joined()] for _ in lines]
        for part, hypotheses in zip(parts, self._decode(parts, search), strict=True):
            said = [(h, *self._say(part, h, search)) for h in hypotheses]
            if search.mbr:
                worth = consensus([text for _, text, _ in said])
                said = [
                    (h._replace(score=value), *rest)
                    for (h, *rest), value in zip(said, worth, strict=True)
                ]  # type: ignore[misc]
                said = list(
                    {text: (h, text, tokens) for h, text, tokens in reversed(said)}.values()
                )  # each text once
                said = heapq.nlargest(search.nbest, said, key=lambda item: item[0].score)
            before = joined[part.line]
            if search.sample:  # the first draw goes on with the first, and so on
                before = before * len(said) if len(before) == 1 else before
                joined[part.line] = [
                    old.add(part, *new, search) for old, new in zip(before, said, strict=True)
                ]
                continue
            grown = [old.add(part, *new, search) for old in before for new in said]
            joined[part.line] = (
                grown
                if len(before) == 1
                else heapq.nlargest(search.nbest, grown, key=lambda j: j.score)
            )
        return [[j.translation() for j in candidates] for candidates in joined]

    def score(self, sources: Iterable[str], targets: Iterable[str]) -> list[float]:
        """Log probability (nats, plain sum with `<eos>`) of each target as the translation of its source."""
        return [math.fsum(logs) for logs in self.token_scores(sources, targets)]

    def token_scores(self, sources: Iterable[str], targets: Iterable[str]) -> list[list[float]]:
        """Log probability (nats) of every token of each target and of its `<eos>`."""
        check_many(sources)
        check_many(targets)
        pairs = [self.source.encode_all(sources, eos=True), self.target.encode_all(targets)]
        if len(pairs[0]) != len(pairs[1]):
            raise DataError(f"{len(pairs[0])} sources and {len(pairs[1])} targets do not pair up")
        return self.score_ids(*pairs)

    def score_ids(self, sources: list[list[int]], targets: list[list[int]]) -> list[list[float]]:
        """`token_scores` for token ids: sources with `<eos>`, targets without."""
        with _evaluating(self.models):
            each = [
                log_probabilities(cast(EncoderDecoder, m), sources, targets, self._device)
                for m in self.models
            ]
        if len(each) == 1:
            return each[0]
        return [
            [_mean(logs) for logs in zip(*rows, strict=True)] for rows in zip(*each, strict=True)
        ]

    def explain(self, translation: Translation) -> list[Explanation]:
        """What the model attends to while it says a translation, and what it hesitates between: one for each part.

        Of several models, the first is looked into.
        """
        with _evaluating(self.models):
            return [
                explain(
                    cast(EncoderDecoder, self.model), self.source, self.target, said, self._device
                )
                for said in translation.parts
            ]

    def force(self, source: str, target: str) -> Translation:
        """A translation that is not the model's, as one that is looked into."""
        ids = self.target.encode(target)
        total = self.score([source], [target])[0]
        tokens = [self.target.vocab.tokens[i] for i in ids]
        return Translation(
            target,
            self.search.ranking(total, len(ids) + 1),
            total,
            tokens,
            [Segment(source, ids, self.target.token_strings(target), "")],
        )

    def settings(self, changes: Mapping[str, Any]) -> SearchConfig:
        """The model's own settings of the search with some changed; raises `ConfigError` for what it cannot do."""
        search = build(SearchConfig, {**plain(self.search), **changes}, "search settings")
        wants = {
            "coverage_penalty": search.coverage_penalty > 0,
            "unknown = 'copy'": search.unknown == "copy",
        }
        asked = [name for name, given in wants.items() if given]
        if asked and not self.attends:
            raise ConfigError(f"search settings: {asked[0]} needs a model with attention")
        return search

    @property
    def attends(self) -> bool:
        """Whether the model has attention to look at."""
        attends: bool = cast(TranslationModel, self.model).attends
        return attends

    @property
    def _device(self) -> Any:
        return next(self.model.parameters()).device

    def _decode(self, parts: list[_Part], search: SearchConfig) -> list[list[Hypothesis]]:
        rules = self.rules(search)
        decoder: Any = self.model if len(self.models) == 1 else Ensemble(cast(Any, self.models))
        with _evaluating(self.models):
            return decode(
                decoder,
                [p.ids for p in parts],
                search,
                rules=rules,
                batch_tokens=self.batch_tokens,
                device=self._device,
            )

    def rules(self, search: SearchConfig) -> Rules:
        """What the settings say of text, in token ids; raises `ConfigError` for what cannot be said with them."""
        suppress = {i for token in search.suppress for i in self._singles(token)}
        if self._unknown(search) == "never":
            suppress.add(UNK)
        phrases = tuple(tuple(self._phrase(phrase)) for phrase in search.must)
        prefix, stem = self._beginning(search.prefix) if search.prefix else ((), None)
        return Rules(suppress=frozenset(suppress), prefix=prefix, stem=stem, phrases=phrases)

    def _beginning(self, text: str) -> tuple[tuple[frozenset[int], ...], Stem | None]:
        """The tokens of a prefix, and its last word, which may go on: half a word has other tokens than a whole."""
        whole = tuple(frozenset([i]) for i in self.target.encode(text))
        if not text[-1].isspace():
            known, stem = self._begun(text)
            if stem is not None:
                return tuple(frozenset([i]) for i in known), stem
        self._known(text, "prefix")
        tokens, pieces = self.target.vocab.tokens, self.target.model.has_own_vocab
        if text[-1].isspace() and (
            pieces or self.target.name == "char"
        ):  # a word has ended: another one, or nothing
            space = SPACE if pieces else " "
            return (
                *whole,
                frozenset([EOS, *(i for i, token in enumerate(tokens) if token.startswith(space))]),
            ), None
        return whole, None

    def _begun(self, text: str) -> tuple[list[int], Stem | None]:
        """The tokens before the last word of `text`, and that word, if there are tokens to go on with it."""
        tokens, split = self.target.vocab.tokens, self.target.split(text)
        whole, last = not self.target.model.has_own_vocab, len(split) - 1
        while not whole and last > 0 and not split[last].startswith(SPACE):
            last -= 1
        head = self.target.vocab.encode(split[:last])
        if self.target.name == "char" or not split or UNK in head:
            return [], None
        spelling = [
            "" if i < len(SPECIALS) or is_byte(token) else token for i, token in enumerate(tokens)
        ]
        stem = Stem("".join(split[last:]), spelling, whole=whole)
        return head, stem if stem.can_be_spelt else None

    def _singles(self, token: str) -> set[int]:
        """Ids of what is given as it stands in the vocabulary, or as text; both if a piece and a word look alike."""
        if not token.strip():
            raise ConfigError(f"suppress: {token!r} is empty")
        if token == SPECIALS[EOS]:
            raise ConfigError(
                "suppress: without <eos> no output ends; min_length makes them longer"
            )
        found = {self.target.vocab[token]} if token in self.target.vocab else set()
        ids = self.target.encode(token)
        if len(ids) == 1 and ids[0] != UNK:
            found.add(ids[0])
        if not found:
            raise ConfigError(f"suppress: {token!r} is no single token of the model")
        return found

    def _phrase(self, text: str) -> list[int]:
        """Ids of a phrase as it stands in a text: closing punctuation at its beginning has no space before it."""
        tokens, vocab = self.target.split(text), self.target.vocab
        if tokens and text.lstrip()[:1] in _CLOSING:
            if self.target.model.has_own_vocab:
                glued = [token for token in (tokens[0].removeprefix(SPACE), *tokens[1:]) if token]
            else:
                glued = [f"{JOINER}{tokens[0]}", *tokens[1:]]
            if glued and all(token in vocab for token in glued):
                return vocab.encode(glued)
        return self._known(text, "must")

    def _known(self, text: str, name: str) -> list[int]:
        """Ids of a text that the target vocabulary can spell."""
        ids = self.target.encode(text)
        empty = not ids or not self.target.normalizer(text).strip()
        if empty or UNK in ids:
            raise ConfigError(
                f"{name}: {text!r} {'is empty' if empty else 'holds words that the model does not know'}"
            )
        return ids

    def _unknown(self, search: SearchConfig) -> str:
        """What to do with unknown words in outputs."""
        if search.unknown != "auto":
            return search.unknown
        spells = self.target.byte_fallback or self.target.model.has_own_vocab
        return "never" if spells or not self.attends else "copy"

    def _cut(self, number: int, line: str, search: SearchConfig) -> list[_Part]:
        """The parts of a line that are short enough to be translated well; none if it is empty."""
        split = search.split and not search.prefix and not search.must
        pieces = split_sentences(line) if split else [(line, "")]
        parts = []
        while pieces:
            text, space = pieces.pop(0)
            if not self.source.normalizer(text).strip():
                continue
            ids = self.source.encode(text, eos=True)
            if split and len(ids) > self.longest + 1 and len(text) > 1:
                left, right = halve(text)
                gap = left[len(left.rstrip()) :] + right[: len(right) - len(right.lstrip())]
                pieces[:0] = [(left.rstrip(), gap), (right.lstrip(), space)]
                continue
            parts.append(_Part(number, text, ids, space))
        return parts

    def _say(
        self, part: _Part, hypothesis: Hypothesis, search: SearchConfig
    ) -> tuple[str, list[str]]:
        """Text and tokens of a hypothesis, with unknown words copied from the source if that is asked."""
        ids = hypothesis.ids
        tokens = [self.target.vocab.tokens[i] for i in ids]
        if UNK not in ids or self._unknown(search) != "copy":
            return self.target.decode(ids), tokens
        with _evaluating(self.models):
            heads = attention(cast(EncoderDecoder, self.model), part.ids, ids, self._device)
        weights = heads.mean((0, 1))  # (T + 1, S)
        words = self.source.token_strings(part.text)
        picks = weights[:, : len(words)].argmax(1).tolist()
        copied = [
            words[pick] if i == UNK else token
            for i, token, pick in zip(ids, tokens, picks, strict=False)
        ]
        return self.target.join(copied), copied


@dataclass(frozen=True)
class _Joined:
    """The translation of the first parts of a line."""

    text: str = ""
    tokens: tuple[str, ...] = ()
    log_probability: float = 0.0
    length: int = 0  # tokens, each part's `<eos>` included
    score: float = 0.0
    taken: float = 0.0  # by penalties other than that for length
    parts: tuple[Segment, ...] = ()

    def add(
        self,
        part: _Part,
        hypothesis: Hypothesis,
        text: str,
        tokens: list[str],
        search: SearchConfig,
    ) -> _Joined:
        total = self.log_probability + hypothesis.log_probability
        length = self.length + len(hypothesis.ids) + 1
        taken = self.taken
        if search.mbr:  # a mean of means, by length
            own = len(hypothesis.ids) + 1
            score = (self.score * self.length + hypothesis.score * own) / length
        else:  # what the penalties but that for length took off, part by part
            taken += hypothesis.score - search.ranking(
                hypothesis.log_probability, len(hypothesis.ids) + 1
            )
            score = search.ranking(total, length) + taken
        parts = (*self.parts, Segment(part.text, hypothesis.ids, tokens, part.space))
        return _Joined(
            self.text + text + part.space,
            (*self.tokens, *tokens),
            total,
            length,
            score,
            taken,
            parts,
        )

    def translation(self) -> Translation:
        return Translation(
            self.text.rstrip(),
            self.score,
            self.log_probability,
            list(self.tokens),
            list(self.parts),
        )


@contextmanager
def _evaluating(models: Sequence[nn.Module]) -> Iterator[None]:
    """Dropout is off inside, and afterwards as it was."""
    before = [model.training for model in models]
    for model in models:
        model.eval()
    try:
        yield
    finally:
        for model, training in zip(models, before, strict=True):
            model.train(training)


def _kind(tokenizer: Tokenizer) -> tuple[object, ...]:
    """What decides, beside the vocabulary, how a text is cut."""
    return tokenizer.name, tokenizer.byte_fallback, tokenizer.normalizer.steps


def _mean(logs: Sequence[float]) -> float:
    """Logarithm of the mean of probabilities, given their logarithms."""
    highest = max(logs)
    return highest + math.log(sum(math.exp(value - highest) for value in logs) / len(logs))
