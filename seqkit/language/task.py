"""Language modelling: one long text in, a model of what comes next out.

Shapes: B sequences, T steps, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from torch import Tensor, nn

from ..config import RunConfig, build
from ..data.mixture import Mixture, StreamMixture
from ..data.seen import SeenTexts
from ..data.sources import own_files
from ..data.windows import WindowBatch, random_windows, sequential
from ..errors import ConfigError, DataError
from ..metrics.perplexity import perplexity
from ..nn.loss import linear_cross_entropy, sample_words
from ..plugins import components
from ..text.tokenizer import TextConfig
from ..tokenizers import load_tokenizer, save_tokenizer
from ..training.task import Goal, Step, Task, Totals
from .baseline import Baseline
from .data_config import LanguageData
from .held_out import read_held_out
from .language_model import LanguageModel
from .models.contract import NextTokenModel
from .prepared import PreparedText
from .stream import scoring_windows

_PIECE = 1024  # tokens of a source that stay together in a mixture


class LanguageModelling:
    """The task "language-modelling"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = NextTokenModel
    sections: ClassVar[Mapping[str, type]] = {"data": LanguageData, "text": TextConfig}
    goal = Goal("perplexity", "lower")

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        self.data = build(LanguageData, config.sections["data"], "[data]")
        self.text = build(TextConfig, config.sections["text"], "[text]")
        self.seed = config.train.seed
        self.smoothing = config.optim.label_smoothing
        self.carries_state: bool = components().models.load(config.model["name"]).carries_state
        self._check_settings()

        self._text = PreparedText(self.data, self.text.normalize, seed=self.seed)
        self.tokenizer = load_tokenizer(folder) if folder else self._text.tokenizer(self.text)
        streams = self._text.ids(self.tokenizer)
        self.train_ids, self.valid_ids, self._unknown, ends = streams  # (1 + T,)
        self._check_size()
        self._mixture = self._mixture_of(ends) if len(ends) > 1 else None

    def _check_settings(self) -> None:
        if self.smoothing and self.data.sampled_softmax:
            raise ConfigError(
                "choose one of optim.label_smoothing, which is over all words, "
                "and data.sampled_softmax"
            )
        if self.text.subword_regularization:
            raise ConfigError(
                "text.subword_regularization is for translation: a language model's text is "
                "split into tokens once. Set it to 0"
            )

    def _check_size(self) -> None:
        data = self.data
        if len(self.train_ids) <= data.batch * data.steps:
            raise DataError(
                f"the training text has {len(self.train_ids):,} tokens, too few for one batch of "
                f"{data.batch} sequences of {data.steps}: set data.batch or data.steps lower"
            )

    def _mixture_of(self, ends: Sequence[int]) -> StreamMixture:
        """What an epoch takes of each source; raises `DataError` for one that is too small."""
        sizes = np.diff(ends, prepend=0).tolist()
        least = self.data.steps + 1
        for name, size in zip(self._text.weighted.names, sizes, strict=True):
            if size < least:
                raise DataError(
                    f"{name}: the training text has {size:,} tokens, too few for a sequence of "
                    f"{self.data.steps} (data.steps)"
                )

        def mix(pieces: Sequence[int]) -> Mixture:
            return self._text.weighted.mixture(pieces, self.data.temperature, self.seed)

        return StreamMixture(self.train_ids, ends, min(_PIECE, *sizes), mix)

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        return {
            **own_files(train, valid),
            "data.test": [],
            "data.test_share": 0.0,
            "data.column": 0,
            "data.unique": False,
        }

    @cached_property
    def baseline(self) -> Baseline | None:
        """The n-gram model of the same tokens, counted when it is first asked for."""
        order = self.data.baseline_order
        return self._text.baseline(self.tokenizer, "valid", order) if order else None

    def describe(self) -> list[str]:
        of_train, of_valid = self._unknown
        lines = [
            f"{len(self.train_ids) - 1:,} training tokens, {len(self.valid_ids) - 1:,} for "
            "validation",
            f"vocabulary {len(self.tokenizer.vocab):,} tokens; unknown in the training text: "
            f"{of_train:.2%}, in the validation text: {of_valid:.2%}",
        ]
        if self._mixture:
            size, mixture = self._mixture.size, self._mixture.mixture
            lines += self._text.weighted.describe(mixture, "tokens", size)
        if self._text.cache.note:
            lines.append(self._text.cache.note)
        return lines

    def digests(self) -> dict[str, str]:
        mixture = self._mixture.mixture if self._mixture else None
        return {**self._text.digests, **self._text.weighted.digests(mixture)}

    def dims(self) -> dict[str, int]:
        return {"vocab": len(self.tokenizer.vocab)}

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[WindowBatch]:
        """Batches for all processes are cut at once; each process takes its own rows of them."""
        windows = sequential if self.data.order == "sequential" else random_windows
        mixed = self._mixture.epoch(epoch, self.seed) if self._mixture else None
        batches = windows(
            self.train_ids if mixed is None else mixed,
            self.data.batch * world,
            self.data.steps,
            seed=self.seed,
            epoch=epoch,
            start=start // world,
        )

        rows = slice(rank * self.data.batch, (rank + 1) * self.data.batch)
        for batch in batches:
            yield WindowBatch(batch.inputs[rows], batch.targets[rows], batch.fresh)

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterable[WindowBatch]:
        """A text that is read with a carried state is all for the first process."""
        if self.carries_state and rank:
            return ()
        windows = scoring_windows(
            self.valid_ids,
            carries_state=self.carries_state,
            steps=self.data.steps,
            stride=self.data.scored_steps,
        )
        return windows if self.carries_state else islice(windows, rank, None, world)

    def step(self, model: Any, batch: WindowBatch, carry: Any) -> Step:
        """The loss of one batch; `model` follows `contract`, `carry` is its state before it."""
        begins_anew = batch.fresh or not self.carries_state
        hidden, state = model(batch.inputs, None if begins_anew else carry)
        hidden, targets = batch.pick_scored(hidden)  # (count, D), (count,)

        loss, nll = self._loss(model, hidden, targets)
        return Step(loss, _detach(state), {"nll": nll})

    def _loss(
        self, model: NextTokenModel, hidden: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(count, D), (count,) -> the loss to minimise and the negative log likelihood, sums."""
        output, bias = model.output, model.bias
        if model.training and self.data.sampled_softmax:
            output, bias, targets = sample_words(output, bias, targets, self.data.sampled_softmax)

        smoothing = self.smoothing if model.training else 0.0
        return linear_cross_entropy(hidden, output, bias, targets, smoothing=smoothing)

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        found = {"perplexity": perplexity(totals.sums["nll"], totals.count)}
        if self.baseline:
            found[self.baseline.name] = self.baseline.perplexity
        return found

    def save(self, folder: Path) -> None:
        save_tokenizer(folder, self.tokenizer)
        self._text.save_seen(folder)

    @classmethod
    def open(cls, model: Any, folder: Path, config: RunConfig) -> LanguageModel:
        network: NextTokenModel = model
        data = build(LanguageData, config.sections["data"], "[data]")
        tokenizer = load_tokenizer(folder)

        size = network.output.size(0)
        if len(tokenizer.vocab) != size:
            raise DataError(
                f"{folder}: vocab.tsv has {len(tokenizer.vocab):,} tokens, the model {size:,}"
            )

        return LanguageModel(
            network,
            tokenizer,
            name=config.model["name"],
            steps=data.steps,
            stride=data.scored_steps,
            joined=data.lines == "join",
            held_out=partial(read_held_out, config, folder),
            settings=config.model,
            seen=partial(SeenTexts.load, folder),
        )


def _detach(state: Sequence[Tensor] | None) -> tuple[Tensor, ...] | None:
    """The state without its history: gradients go no further back than a batch."""
    if state is None:
        return None
    return tuple(part.detach() for part in state)


if TYPE_CHECKING:
    _: type[Task] = LanguageModelling  # or mypy says what is missing
