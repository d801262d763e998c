"""Text classification: what the trainer must know.

Shapes: B texts, W windows of them, T tokens of the longest, K classes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...config import RunConfig, build
from ...data.batching import Ints, Rows
from ...data.sources import own_files
from ...errors import shortened
from ...metrics.classification import accuracy
from ...runs.open import open_run
from ...text.tokenizer import TextConfig
from ...text.vocab import UNK, Vocab
from ...tokenizers import load_tokenizer, save_tokenizer
from ...training import checkpoint
from ...training.class_weights import class_weights
from ...training.output_layer import keep_all_but_output
from ...training.task import Goal, StartsFromOtherTask, Step, Task, Totals
from .. import from_language_model
from ..batching import reading_order, training_order
from ..models.contract import TextModel
from ..pretrained import Pretrained
from .baselines import Baselines
from .classifier import Classifier
from .data_config import TASK, TextData
from .held_out import RunTexts, matrix_of, notes_on_left_out
from .inputs import Inputs, TextBatch, combined
from .prepared import PreparedTexts

_LABELS = "labels.tsv"  # of a checkpoint, beside its weights


class TextClassification:
    """The task "text-classification"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = TextModel
    sections: ClassVar[Mapping[str, type]] = {"data": TextData, "text": TextConfig}
    starts_from: ClassVar[Mapping[str, StartsFromOtherTask]] = {
        from_language_model.TASK: from_language_model.CLASSIFIER
    }

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        self.data = build(TextData, config.sections["data"], "[data]")
        self.text = build(TextConfig, config.sections["text"], "[text]")
        self.seed = config.train.seed
        self.smoothing = config.optim.label_smoothing
        self.several = bool(self.data.several)
        self.goal = Goal("f1", "higher") if self.several else Goal("accuracy", "higher")

        self._is_start = bool(folder and from_language_model.is_language_model(folder))
        if self._is_start:
            from_language_model.check_no_vectors(self.data.vectors)

        self._texts = PreparedTexts(self.data, seed=self.seed)
        self._mixture = self._texts.mixture
        self.parts = self._texts.parts
        self.tokenizer = load_tokenizer(folder) if folder else self._texts.tokenizer(self.text)
        self.labels = self._labels(folder)

        self.inputs = Inputs(self.tokenizer, self.data.longest, self.data.long)
        self.train, self.valid = self._texts.ids(self.tokenizer)
        self.train_labels = torch.from_numpy(matrix_of(self.parts.train, self.labels.tokens))
        self.valid_labels = torch.from_numpy(matrix_of(self.parts.valid, self.labels.tokens))
        self.pretrained: Pretrained | None = None
        if self.data.vectors and folder is None:
            self.pretrained = Pretrained.read(Path(self.data.vectors), self.tokenizer)

        self._weights: Tensor | None = None
        if self.data.class_weights:
            self._weights = self._class_weights()

    def _class_weights(self) -> Tensor:
        if self.several:
            return label_weights(self.train_labels)
        return class_weights(self.train_labels.sum(0))

    def _labels(self, folder: Path | None) -> Vocab:
        """The classes in alphabetical order, or those of a checkpoint if it has all of them."""
        counts = self.parts.train.labels.counts()
        if folder and not self._is_start:
            before = _load_labels(folder)
            if set(counts) <= set(before.tokens):
                return before

        names = sorted(counts)
        return Vocab(names, [counts[name] for name in names], specials=())

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        return {
            **own_files(train, valid),
            "data.test": [],
            "data.test_share": 0.0,
            "data.format": "auto",
            "data.label": "",
            "data.text": "",
            "data.encoding": "utf-8",
        }

    def digests(self) -> dict[str, str]:
        return self._texts.digests

    def dims(self) -> dict[str, int]:
        return {"vocab": len(self.tokenizer.vocab), "classes": len(self.labels)}

    # What a person should know

    def describe(self) -> list[str]:
        train, valid = self.parts.train, self.parts.valid
        unknown = self.train.share(UNK), self.valid.share(UNK)
        lines = [
            f"{len(train):,} training texts, {len(valid):,} for validation; {self._class_sizes()}",
            f"vocabulary {len(self.tokenizer.vocab):,} tokens; unknown in the training texts: "
            f"{unknown[0]:.2%}, in those for validation: {unknown[1]:.2%}",
        ]
        if self.pretrained:
            lines.append(self.pretrained.note())
        if self._mixture:
            lines += self._texts.weighted.describe(self._mixture, "texts")
        lines += self.inputs.notes(self.train)
        lines += notes_on_left_out(train, valid)
        lines += self._notes_on_classes()
        lines += self._notes_on_leaks()
        if self._texts.cache.note:
            lines.append(self._texts.cache.note)
        return lines

    def _class_sizes(self) -> str:
        sizes = self.train_labels.sum(0).tolist()
        rarest = min(range(len(sizes)), key=sizes.__getitem__)
        commonest = max(range(len(sizes)), key=sizes.__getitem__)
        names = self.labels.tokens
        if sizes[rarest] == sizes[commonest]:
            return f"{len(names)} classes of {sizes[rarest]:,} texts each"
        return (
            f"{len(names)} classes, from {sizes[rarest]:,} ({names[rarest]}) to "
            f"{sizes[commonest]:,} texts ({names[commonest]})"
        )

    def _notes_on_classes(self) -> list[str]:
        sizes = dict(zip(self.labels.tokens, self.train_labels.sum(0).tolist(), strict=True))
        validated = set(self.parts.valid.first_place)
        single = sorted(name for name, size in sizes.items() if size == 1)
        absent = sorted(name for name, size in sizes.items() if size and name not in validated)
        unseen = sorted(name for name, size in sizes.items() if not size)

        notes: list[str] = []
        if single:
            notes.append(f"with a single training text: {shortened(single)}")
        if absent:
            notes.append(f"trained on and in no validation text: {shortened(absent)}")
        if unseen:
            notes.append(f"kept from the weights to start from, without texts: {shortened(unseen)}")
        return notes

    def _notes_on_leaks(self) -> list[str]:
        leaked = self._texts.leaked
        if not leaked:
            return []
        share = leaked / len(self.parts.valid)
        return [f"{leaked:,} of the validation texts ({share:.2%}) are training texts, too"]

    def prepare(self, model: Any) -> None:
        """Fill in pretrained vectors of words, if there are any."""
        if self.pretrained:
            self.pretrained.fill(model.embedding)

    # Batches

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[TextBatch]:
        places = self._mixture.epoch(epoch).places if self._mixture else np.arange(len(self.train))
        lengths = self.inputs.lengths(self.train)[places]
        order = training_order(lengths, self.data.batch, seed=self.seed, epoch=epoch)
        for number in range(start + rank, len(order), world):
            yield self._training_batch(places[order[number]], (self.seed, epoch, number))

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterator[TextBatch]:
        lengths = self.inputs.lengths(self.valid)
        for rows in reading_order(lengths, self.data.batch)[rank::world]:
            yield self._batch(self.valid, self.valid_labels, rows)

    def _training_batch(self, rows: Ints, draw: tuple[int, ...]) -> TextBatch:
        """The texts at `rows`, split into subwords anew if that is asked for."""
        strength = self.text.subword_regularization
        if not strength:
            return self._batch(self.train, self.train_labels, rows)

        rng = random.Random(str(draw))
        texts = (self.parts.train.texts[row] for row in rows)
        sampled = Rows([self.tokenizer.sample(text, strength, rng, eos=True) for text in texts])
        return self._batch(sampled, self.train_labels[rows], np.arange(len(rows)))

    def _batch(self, texts: Rows, labels: Tensor, rows: Ints) -> TextBatch:
        ids, text_of_row = self.inputs.windows(texts, rows)
        return TextBatch(ids, text_of_row, labels[torch.from_numpy(rows)].float())

    # Loss and figures

    def step(self, model: Any, batch: TextBatch, carry: Any) -> Step:
        """The loss of one batch; `model` follows `contract`."""
        logits = combined(model(batch.ids).float(), batch.text_of_row, batch.count)
        smoothing = self.smoothing if model.training else 0.0
        weights = self._weights if model.training else None
        loss = self._loss(logits, batch.labels, smoothing, weights)
        return Step(loss, sums=self._sums(logits, batch.labels))

    def _loss(
        self, logits: Tensor, labels: Tensor, smoothing: float, weights: Tensor | None
    ) -> Tensor:
        """(B, K), (B, K) -> the sum over texts of the cross-entropy, for several labels over
        classes, too
        """
        on_device = None if weights is None else weights.to(logits.device)
        if not self.several:
            return F.cross_entropy(
                logits, labels.argmax(-1), on_device, reduction="sum", label_smoothing=smoothing
            )

        softened = labels * (1 - smoothing) + smoothing / 2
        return F.binary_cross_entropy_with_logits(
            logits, softened, pos_weight=on_device, reduction="sum"
        )

    def _sums(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        if not self.several:
            return {"right": (logits.argmax(-1) == labels.argmax(-1)).sum()}

        given = logits > 0
        wanted = labels > 0
        return {
            "right": (given == wanted).all(-1).sum(),
            "hits": (given & wanted).sum(),
            "given": given.sum(),
            "wanted": wanted.sum(),
        }

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        sums = totals.sums
        found = {"accuracy": accuracy(sums["right"], totals.count)}
        if self.several:
            labels = sums["given"] + sums["wanted"]
            found = {"f1": 2 * sums["hits"] / labels if labels else 0.0, **found}
        found["loss"] = totals.loss / totals.count
        return {**found, **self._baseline_figures}

    @cached_property
    def _baseline_figures(self) -> dict[str, float]:
        """What the majority and naive Bayes reach on the validation texts."""
        if not self.data.baselines:
            return {}
        found = Baselines.of(self.train, self.train_labels.numpy(), len(self.tokenizer.vocab))
        return found.figures(self.valid, self.valid_labels.numpy(), several=self.several)

    # Files

    def save(self, folder: Path) -> None:
        save_tokenizer(folder, self.tokenizer)
        self.labels.save(folder / _LABELS)
        self._texts.save_seen(folder)

    def start_from(self, folder: Path, model: nn.Module) -> list[str]:
        """Fill `model` from another classifier's checkpoint; other classes get a new last layer.

        Returns what a person should know of it. Raises `CheckpointError` if it does not fit.
        """
        before = _load_labels(folder).tokens
        if before == self.labels.tokens:
            checkpoint.load_model(folder, model)
            return []

        trained = open_run(folder, device="cpu", task=TASK).model
        new = keep_all_but_output(trained, model, folder)
        return [
            f"from {folder}: the last layer is new ({', '.join(new)}), for the classes "
            f"{shortened(list(self.labels.tokens))} in place of {shortened(list(before))}"
        ]

    @classmethod
    def open(cls, model: Any, folder: Path, config: RunConfig) -> Classifier:
        data = build(TextData, config.sections["data"], "[data]")
        return Classifier(
            model,
            Inputs(load_tokenizer(folder), data.longest, data.long),
            _load_labels(folder),
            several=bool(data.several),
            name=config.model["name"],
            settings=config.model,
            run=RunTexts(data, folder),
        )


def _load_labels(folder: Path) -> Vocab:
    """The classes of a checkpoint, with how many training texts each has.

    Raises `DataError` naming the file.
    """
    return Vocab.load(folder / _LABELS, specials=())


def label_weights(labels: Tensor) -> Tensor:
    """Texts without a label for each one with it, so that both weigh alike: (N, K) -> (K,)"""
    sizes = labels.sum(0).float().clamp(min=1)
    return (len(labels) - sizes).clamp(min=1) / sizes


if TYPE_CHECKING:
    _: type[Task] = TextClassification  # or mypy says what is missing
