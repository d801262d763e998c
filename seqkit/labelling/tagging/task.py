"""Tagging as a task of seqkit: sentences in, a tag for each word out.

Shapes: B sentences, T words, F features of a word, V vocabulary, K tags.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...config import RunConfig, build
from ...data import digest
from ...data.batching import Rows, token_batches
from ...data.seen import SeenTexts
from ...errors import ConfigError, shortened
from ...metrics.classification import accuracy
from ...metrics.spans import span_figures
from ...nn.crf import negative_log_likelihood, viterbi
from ...text.vocab import SPECIALS, UNK, Vocab
from ...training.task import Goal, StartsFromOtherTask, Step, Task, Totals
from .. import from_language_model
from ..models.tagging_contract import TaggingModel
from ..pretrained import Pretrained
from .baseline import Baseline, LongestMatch, MostFrequentTag
from .data import (
    TaggingData,
    count_broken,
    learned_schemes,
    pieces,
    prepared,
    read_split,
)
from .decoding import allowed_tags, chain_of
from .encoding import Encoder, Tokens
from .reading import NO_VALUE, Sentence
from .report import Scores
from .schemes import spans_of
from .tagger import SequenceTagger
from .tags import TagSet

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TaggedBatch:
    """Sentences and their tags, padded."""

    tokens: Tokens
    tags: Tensor  # (B, T); any tag where there is padding
    count: int  # words

    def to(self, device: torch.device) -> TaggedBatch:
        return TaggedBatch(self.tokens.to(device), self.tags.to(device), self.count)

    def rows(self) -> list[TaggedBatch]:
        """Each sentence alone, with its padding."""
        counts = self.tokens.real.sum(1).tolist()
        return [
            TaggedBatch(self.tokens.row(i), self.tags[i : i + 1], count)
            for i, count in enumerate(counts)
        ]


class Tagging:
    """The task "tagging"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = TaggingModel
    sections: ClassVar[Mapping[str, type]] = {"data": TaggingData}
    starts_from: ClassVar[Mapping[str, StartsFromOtherTask]] = {
        from_language_model.TASK: from_language_model.TAGGER
    }
    goal = Goal("accuracy", "higher")

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        self.data = build(TaggingData, config.sections["data"], "[data]")
        self.seed = config.train.seed
        if config.optim.label_smoothing:
            raise ConfigError(
                "optim.label_smoothing is not for taggers, whose loss may be that of a CRF: "
                "set it to 0"
            )

        known: Vocab | None = None
        if folder and from_language_model.is_language_model(folder):
            from_language_model.check_no_vectors(self.data.vectors)
            known = from_language_model.vocabulary_of(folder, self.data.unit)
            folder = None  # it has no tags

        split = read_split(self.data)
        self._digests = {
            "training sentences": _digest(split.train),
            "validation sentences": _digest(split.valid),
        }
        self._seen = SeenTexts.of(sentences=(" ".join(words) for words, _ in split.train))
        self.notes: list[str] = []

        self.tags = TagSet.load(folder) if folder else self._tag_set(split.train, split.valid)
        self.allowed = allowed_tags(self.tags.names, self.tags.scheme)
        if self.tags.spells_spans:
            self.goal = Goal("f1", "higher")
        self._note_tags(split.train, split.valid)
        counted = MostFrequentTag if self.data.unit == "words" else LongestMatch
        self.baseline: Baseline = counted.of(split.train)

        train = self._prepared(split.train)
        valid = self._prepared(split.valid)
        words = [sentence.words for sentence in train]
        self.encoder = (
            Encoder.load(folder, self.data) if folder else Encoder.build(words, self.data, known)
        )
        self.pretrained: Pretrained | None = None
        if self.data.vectors and folder is None:
            spelt = self.encoder.words.tokens[len(SPECIALS) :]
            self.pretrained = Pretrained.of_words(Path(self.data.vectors), spelt)
            self.notes.append(self.pretrained.note())

        self.train = _Encoded(train, self.encoder, self.tags)
        self.valid = _Encoded(valid, self.encoder, self.tags)
        self._valid = valid

    def _tag_set(self, train: list[Sentence], valid: list[Sentence]) -> TagSet:
        """The tags of training and of validation, so that none is unknown there."""
        learned, written = learned_schemes(self.data, train)
        every = prepared([*train, *valid], self.data, learned)
        return TagSet.of(every, learned, written)

    def _prepared(self, sentences: list[Sentence]) -> list[Sentence]:
        """The sentences as they are learned: in the scheme, long ones cut apart."""
        found = prepared(sentences, self.data, self.tags.scheme)
        self.tags.check(found)
        return pieces(found, self.data.longest, self.tags.scheme)

    def _note_tags(self, train: list[Sentence], valid: list[Sentence]) -> None:
        """What a person should know: broken sequences, long sentences, tags that are seen once."""
        is_text = self.data.unit == "characters"
        if not is_text:
            self.notes += _notes_on_tags(train, valid, self.tags)

        sizes = [len("".join(words)) if is_text else len(words) for words, _ in train]
        long = sum(size > self.data.longest for size in sizes)
        if long:
            self.notes.append(
                f"{long:,} training sentences of more than {self.data.longest:,} "
                f"{self.data.unit} (data.longest) are cut apart"
            )

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        return {
            "data.corpus": "",
            "data.train": [str(path) for path in train],
            "data.valid": [str(path) for path in valid],
            "data.test": [],
            "data.test_share": 0.0,
        }

    def describe(self) -> list[str]:
        unit = self.data.unit
        return [
            *self.notes,
            f"{len(self.train):,} training sentences of {self.train.count:,} {unit}, "
            f"{len(self.valid):,} of {self.valid.count:,} for validation",
            f"{len(self.tags)} tags ({self.tags.scheme}): {shortened(self.tags.names)}",
            f"{len(self.encoder.words):,} different {unit}; unknown in validation: "
            f"{self.valid.unknown_share:.2%}",
        ]

    def digests(self) -> dict[str, str]:
        return self._digests

    def dims(self) -> dict[str, int]:
        return {**self.encoder.dims(), "tags": len(self.tags)}

    def prepare(self, model: TaggingModel) -> None:
        """Fill in pretrained vectors of words, if there are any."""
        if self.pretrained:
            self.pretrained.fill(model.word_embedding, "embedding")

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[TaggedBatch]:
        """Of similar length; rare words of the training are now and then unknown ones."""
        rng = np.random.default_rng((self.seed, epoch))
        lengths = self.train.lengths
        batches = token_batches(lengths, lengths, self.data.batch, rng)
        for number in range(start + rank, len(batches), world):
            batch = self.train.batch(batches[number])
            yield self._with_unknown(batch, (self.seed, epoch, number))

    def _with_unknown(self, batch: TaggedBatch, seed: tuple[int, ...]) -> TaggedBatch:
        if not self.data.unknown:
            return batch
        rng = np.random.default_rng(seed)
        words = _replace_rare(batch.tokens.words, self.encoder.words, self.data.unknown, rng)
        features = _replace_rare(
            batch.tokens.features, self.encoder.features, self.data.unknown, rng
        )
        return replace(batch, tokens=replace(batch.tokens, words=words, features=features))

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterator[TaggedBatch]:
        lengths = self.valid.lengths
        for indices in token_batches(lengths, lengths, self.data.batch)[rank::world]:
            yield self.valid.batch(indices)

    def step(self, model: Any, batch: TaggedBatch, carry: Any) -> Step:
        emissions = model(batch.tokens).float()
        real = batch.tokens.real
        chain = chain_of(model, emissions, self.allowed)

        if model.training:
            return Step(self._loss(model, emissions, batch.tags, real))

        loss = self._loss(model, emissions, batch.tags, real)
        found = viterbi(emissions, real, chain)
        return Step(loss, sums=self._sums(found, batch.tags, real))

    def _loss(self, model: TaggingModel, emissions: Tensor, tags: Tensor, real: Tensor) -> Tensor:
        """The negative log likelihood of the right tags, a sum over words."""
        if model.crf is None:
            every = emissions[real]
            return nn.functional.cross_entropy(every, tags[real], reduction="sum")
        chain = chain_of(model, emissions, self.allowed)
        return negative_log_likelihood(emissions, tags, real, chain).sum()

    def _sums(self, found: Tensor, tags: Tensor, real: Tensor) -> dict[str, Tensor]:
        sums = {"right": (found == tags)[real].sum()}
        if not self.tags.spells_spans:
            return sums

        counts = torch.zeros(3, dtype=torch.long)
        for row, right, is_real in zip(found, tags, real, strict=True):
            ours = set(spans_of(self.tags.decode(row[is_real].tolist())))
            theirs = set(spans_of(self.tags.decode(right[is_real].tolist())))
            counts += torch.tensor([len(ours & theirs), len(ours), len(theirs)])
        names = ("correct", "predicted", "actual")
        return sums | dict(zip(names, counts, strict=True))

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        found = {
            "accuracy": accuracy(totals.sums["right"], totals.count),
            "loss": totals.loss / totals.count,
        }
        if self.tags.spells_spans:
            names = ("correct", "predicted", "actual")
            counts = [int(totals.sums[name]) for name in names]
            found["f1"] = span_figures(*counts).f1
        return {**found, **self._baseline_figure}

    @cached_property
    def _baseline_figure(self) -> dict[str, float]:
        """What counting reaches on the validation text, in the measure that decides."""
        scheme = self.tags.scheme
        counted = [self.baseline.tag(words, scheme) for words, _ in self._valid]
        scores = Scores.of(counted, [tags for _, tags in self._valid], scheme)

        name = self.baseline.name.replace(" ", "-")
        return {name: scores.figures()[self.goal.metric]}

    def save(self, folder: Path) -> None:
        self.encoder.save(folder)
        self.tags.save(folder)
        self.baseline.save(folder)
        self._seen.save(folder)

    @classmethod
    def open(cls, model: Any, folder: Path, config: RunConfig) -> SequenceTagger:
        data = build(TaggingData, config.sections["data"], "[data]")
        return SequenceTagger(
            model,
            Encoder.load(folder, data),
            TagSet.load(folder),
            data=data,
            name=config.model["name"],
            settings=config.model,
            folder=folder,
        )


class _Encoded:
    """Sentences as ids, from which batches are taken."""

    def __init__(self, sentences: list[Sentence], encoder: Encoder, tags: TagSet) -> None:
        self._encoder = encoder
        self._texts = [words for words, _ in sentences]
        self._words = Rows(encoder.word_ids(words) for words in self._texts)
        self._features = Rows(encoder.feature_ids(words) for words in self._texts)
        self._tags = Rows(tags.encode(sentence.tags) for sentence in sentences)
        self.lengths: Ints = self._words.lengths

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def count(self) -> int:
        return int(self.lengths.sum())

    @property
    def unknown_share(self) -> float:
        return self._words.share(UNK)

    def batch(self, indices: Ints) -> TaggedBatch:
        texts = [self._texts[i] for i in indices]
        words = self._words.padded(indices)
        features = self._features.padded(indices)
        tokens = self._encoder.tokens(texts, words, features)
        count = int(self.lengths[indices].sum())
        return TaggedBatch(tokens, self._tags.padded(indices), count)


def _replace_rare(ids: Tensor, vocab: Vocab, a: float, rng: np.random.Generator) -> Tensor:
    """Ids (…) with those of words seen n times unknown with probability a / (a + n)."""
    counts = torch.tensor(vocab.counts)
    uniform = torch.from_numpy(rng.random(ids.shape))
    n = counts[ids].clamp(min=1)
    is_ordinary = ids >= len(vocab.specials)
    return ids.masked_fill(is_ordinary & (uniform * (a + n) < a), UNK)


def _digest(sentences: list[Sentence]) -> str:
    return digest.of_lines(" ".join([*words, *tags]) for words, tags in sentences)


def _notes_on_tags(train: list[Sentence], valid: list[Sentence], tags: TagSet) -> list[str]:
    """Broken sequences, and tags that training or validation hardly have."""
    notes: list[str] = []
    broken = count_broken([*train, *valid], tags.written)
    if broken:
        notes.append(
            f"{broken:,} sentences have tags that are not {tags.written} (an I without its B): "
            "their spans are those of conlleval, and are learned so"
        )

    in_training = Counter(tag for sentence in train for tag in sentence.tags)
    if NO_VALUE in in_training:
        notes.append(
            f"{in_training[NO_VALUE]:,} words have the tag {NO_VALUE}, which in CoNLL-U stands for "
            "no value and is learned like any other: data.tag chooses another column"
        )

    in_validation = {tag for sentence in valid for tag in sentence.tags}
    lists = {
        "tags that only validation has, and that cannot be learned": in_validation
        - in_training.keys(),
        "tags seen once in training": {tag for tag, n in in_training.items() if n == 1},
        "tags that validation does not have": in_training.keys() - in_validation,
    }
    notes += [f"{what}: {shortened(sorted(found))}" for what, found in lists.items() if found]
    return notes


if TYPE_CHECKING:
    _: type[Task] = Tagging  # or mypy says what is missing
