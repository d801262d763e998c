"""A part-of-speech tagger on seqkit's trainer: one tag for every word of a sentence.

Shapes: B sentences, T words, V word vocabulary, K tags.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqkit.config import build, section, setting
from seqkit.data import digest, read_lines
from seqkit.data.batching import pad
from seqkit.errors import ConfigError, DataError
from seqkit.metrics.classification import Classification
from seqkit.nn.recurrent import Recurrent
from seqkit.text import PAD, Vocab
from seqkit.training import Goal, Step


def register(plugin):
    plugin.task("pos-tagging", "seqkit_tagger:PosTagging", "a part of speech for every word")
    plugin.model("bilstm-tagger", "seqkit_tagger:BiLSTMTagger", "tagger; arXiv:1508.01991")


# The model: sizes that people choose are in its Config, sizes of the data are keyword arguments.


@section
class BiLSTMConfig:
    embedding: int = setting("size of word embeddings", default=64, ge=1)
    hidden: int = setting("hidden units of each direction", default=64, ge=1)
    dropout: float = setting("dropout of embeddings and outputs", default=0.3, ge=0, lt=1)


class BiLSTMTagger(nn.Module):
    """Huang, Xu & Yu 2015, arXiv:1508.01991, without the CRF."""

    Config = BiLSTMConfig
    presets = {"large": {"embedding": 200, "hidden": 200}}

    def __init__(self, config, *, words, tags):
        super().__init__()
        self.embedding = nn.Embedding(words, config.embedding, padding_idx=PAD)
        self.encoder = Recurrent("lstm", config.embedding, config.hidden, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(2 * config.hidden, tags)

    def forward(self, words: Tensor) -> Tensor:
        """Word ids (B, T), padded -> logits (B, T, K)"""
        lengths = (words != PAD).sum(1)
        x = self.dropout(self.embedding(words)).transpose(0, 1)
        hidden, _ = self.encoder(x, lengths=lengths)
        return self.output(self.dropout(hidden.transpose(0, 1)))


class TaggingModel(Protocol):
    """The contract: what the task asks of its models."""

    output: nn.Module

    def forward(self, words):
        """Word ids (B, T), padded -> logits (B, T, K)"""


# The data: sentences of (word, tag) pairs, and batches of their ids.


@section
class TaggingData:
    train: list[str] = setting("training sentences, CoNLL-U files", default=[], on_resume="place")
    valid: list[str] = setting("validation sentences, CoNLL-U files", default=[], on_resume="place")
    min_freq: int = setting("words seen less often become <unk>", default=2, ge=1)
    batch: int = setting("sentences in a batch", default=32, ge=1)


@dataclass
class TaggedBatch:
    words: Tensor  # (B, T), padded
    tags: Tensor  # (B, T); any number where `words` is padded
    count: int  # words that are not padding

    def to(self, device):
        return TaggedBatch(self.words.to(device), self.tags.to(device), self.count)


def read_conllu(paths):
    """Sentences of a CoNLL-U file, each a list of (word, universal tag)."""
    sentences, sentence = [], []
    for path in paths:
        for line in read_lines(path):
            columns = line.split("\t")
            if columns[0].isdecimal():
                sentence.append((columns[1].lower(), columns[3]))
            elif not line and sentence:
                sentences.append(sentence)
                sentence = []
    if not sentences:
        raise DataError(f"{', '.join(map(str, paths))}: no sentences in CoNLL-U form")
    return sentences


# The task: what the trainer must know.


class PosTagging:
    sections = {"data": TaggingData}
    contract = TaggingModel
    goal = Goal("accuracy", "higher")

    def __init__(self, config, folder=None):
        self.data = build(TaggingData, config.sections["data"], "[data]")
        self.seed = config.train.seed
        self.train, self.valid = read_conllu(self.data.train), read_conllu(self.data.valid)
        if folder is None:
            words = ([word for word, _ in sentence] for sentence in self.train)
            tags = ([tag for _, tag in sentence] for sentence in self.train)
            self.words = Vocab.build(words, min_freq=self.data.min_freq)
            self.tags = Vocab.build(tags, specials=())
        else:
            self.words, self.tags = load_vocabularies(folder)

    @classmethod
    def own_data(cls, train, valid=()):
        if not valid:
            raise ConfigError("a tagger is validated on sentences of their own: give --valid")
        return {"data.train": [str(p) for p in train], "data.valid": [str(p) for p in valid]}

    def describe(self):
        return [
            f"{len(self.train):,} training sentences, {len(self.valid):,} for validation",
            f"{len(self.words):,} words, {len(self.tags)} tags",
        ]

    def digests(self):
        return {
            "training sentences": digest.of_lines(map(str, self.train)),
            "validation sentences": digest.of_lines(map(str, self.valid)),
        }

    def dims(self):
        return {"words": len(self.words), "tags": len(self.tags)}

    def train_batches(self, epoch, *, start, rank, world):
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.train))
        groups = np.array_split(order, -(-len(order) // self.data.batch))
        for group in groups[start + rank :: world]:
            yield self._batch([self.train[i] for i in group])

    def valid_batches(self):
        for start in range(0, len(self.valid), self.data.batch):
            yield self._batch(self.valid[start : start + self.data.batch])

    def _batch(self, sentences):
        words = pad([self.words.encode(word for word, _ in s) for s in sentences])
        tags = pad([self.tags.encode(tag for _, tag in s) for s in sentences])
        return TaggedBatch(words, tags, int((words != PAD).sum()))

    def step(self, model, batch, carry):
        real = batch.words != PAD
        logits, tags = model(batch.words)[real].float(), batch.tags[real]
        loss = F.cross_entropy(logits, tags, reduction="sum")  # a sum, never a mean
        return Step(loss, sums={"right": (logits.argmax(-1) == tags).sum()})

    def metrics(self, model, totals):
        return {"accuracy": totals.sums["right"] / totals.count}

    def save(self, folder):
        self.words.save(folder / "words.tsv")
        self.tags.save(folder / "tags.tsv")

    @classmethod
    def open(cls, model, folder, config):
        return Tagger(model, *load_vocabularies(folder))


def load_vocabularies(folder):
    return Vocab.load(folder / "words.tsv"), Vocab.load(folder / "tags.tsv", specials=())


# The predictor: what `seqkit.load`, `seqkit predict` and `seqkit evaluate` work with.


@dataclass
class Tagged:
    words: list[str]
    tags: list[str]

    def record(self):
        return {"words": self.words, "tags": self.tags}

    def __str__(self):
        return " ".join(f"{word}/{tag}" for word, tag in zip(self.words, self.tags, strict=True))


class Tagger:
    reads = "lines"

    def __init__(self, model, words, tags):
        self.model, self.words, self.tags = model, words, tags

    def __repr__(self):
        return f"<Tagger: {len(self.words):,} words, {len(self.tags)} tags>"

    @torch.no_grad()
    def _scores(self, words):
        """Probability of each tag for each of these words: (T, K)"""
        ids = torch.tensor([self.words.encode(word.lower() for word in words)])
        device = next(self.model.parameters()).device
        return self.model(ids.to(device))[0].softmax(-1).cpu().numpy()

    def predict(self, inputs):
        for line in inputs:
            words = line.split()
            best = self._scores(words).argmax(-1) if words else []
            yield Tagged(words, [self.tags.tokens[i] for i in best])

    def read_test_data(self, paths):
        if not paths:
            raise ConfigError("a tagger keeps no test sentences: name a CoNLL-U file")
        return read_conllu([Path(path) for path in paths])

    def evaluate(self, data):
        scores = [self._scores([word for word, _ in sentence]) for sentence in data]
        right = [self.tags[tag] for sentence in data for _, tag in sentence]
        return Classification(self.tags.tokens, np.concatenate(scores), np.array(right))
