"""Tagging as a task of seqkit: sentences in, a tag for each word out.

Shapes: B sentences, T words, F features of a word, V vocabulary, K tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ...config import RunConfig, build
from ...data.batching import token_batches
from ...data.sources import own_files
from ...errors import ConfigError, shortened
from ...metrics.classification import accuracy
from ...metrics.spans import span_figures
from ...nn.crf import negative_log_likelihood, viterbi
from ...text.vocab import SPECIALS, UNK, Vocab
from ...training.task import Goal, StartsFromOtherTask, Step, Task, Totals
from .. import from_language_model
from ..models.contract import TaggingModel
from ..pretrained import Pretrained
from .data_config import TaggingData
from .decoding import allowed_tags, chain_of
from .encoded import TaggedBatch
from .encoding import Encoder
from .prepared import PreparedSentences, Vocabularies
from .report import Scores
from .schemes import spans_of
from .tagger import SequenceTagger
from .tags import TagSet


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

        self._sentences = PreparedSentences(self.data)
        vocabularies = (
            Vocabularies.load(folder, self.data) if folder else self._sentences.vocabularies(known)
        )
        self.encoder, self.tags = vocabularies
        self.allowed = allowed_tags(self.tags.names, self.tags.scheme)
        if self.tags.spells_spans:
            self.goal = Goal("f1", "higher")

        learned = self._sentences.learned(vocabularies)
        self.train, self.valid = learned.train, learned.valid
        self.baseline = learned.baseline
        self.notes = [*learned.notes]
        self._mixture = self._sentences.mixture(learned.sizes, self.seed)

        self.pretrained: Pretrained | None = None
        if self.data.vectors and folder is None:
            spelt = self.encoder.words.tokens[len(SPECIALS) :]
            self.pretrained = Pretrained.of_words(Path(self.data.vectors), spelt)
            self.notes.append(self.pretrained.note())

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        return {
            **own_files(train, valid),
            "data.test": [],
            "data.test_share": 0.0,
        }

    def describe(self) -> list[str]:
        unit = self.data.unit
        mixed: Iterable[str] = ()
        if self._mixture:
            mixed = self._sentences.weighted.describe(self._mixture, "sentences")
        cached = [self._sentences.cache.note] if self._sentences.cache.note else []
        return [
            *self.notes,
            f"{len(self.train):,} training sentences of {self.train.count:,} {unit}, "
            f"{len(self.valid):,} of {self.valid.count:,} for validation",
            f"{len(self.tags)} tags ({self.tags.scheme}): {shortened(self.tags.names)}",
            f"{len(self.encoder.words):,} different {unit}; unknown in validation: "
            f"{self.valid.unknown_share:.2%}",
            *mixed,
            *cached,
        ]

    def digests(self) -> dict[str, str]:
        return self._sentences.digests(self._mixture)

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
        places = self._mixture.epoch(epoch).places if self._mixture else np.arange(len(self.train))
        lengths = self.train.lengths[places]
        batches = token_batches(lengths, lengths, self.data.batch, rng)
        for number in range(start + rank, len(batches), world):
            batch = self.train.batch(places[batches[number]])
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
        words, tags = zip(*self.valid, strict=True)
        counted = [self.baseline.tag(each, scheme) for each in words]
        scores = Scores.of(counted, tags, scheme)

        name = self.baseline.name.replace(" ", "-")
        return {name: scores.figures()[self.goal.metric]}

    def save(self, folder: Path) -> None:
        self.encoder.save(folder)
        self.tags.save(folder)
        self.baseline.save(folder)
        self._sentences.save_seen(folder)

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


def _replace_rare(ids: Tensor, vocab: Vocab, a: float, rng: np.random.Generator) -> Tensor:
    """Ids (…) with those of words seen n times unknown with probability a / (a + n)."""
    counts = torch.tensor(vocab.counts)
    uniform = torch.from_numpy(rng.random(ids.shape))
    n = counts[ids].clamp(min=1)
    is_ordinary = ids >= len(vocab.specials)
    return ids.masked_fill(is_ordinary & (uniform * (a + n) < a), UNK)


if TYPE_CHECKING:
    _: type[Task] = Tagging  # or mypy says what is missing
