"""Language modelling: one long text in, a model of what comes next out.

Shapes: B sequences, T steps, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import ValidationInfo, field_validator
from torch import Tensor, nn

from ..config import RunConfig, build, section, setting
from ..data.corpora import locate
from ..data.files import read_lines
from ..data.windows import Ids, WindowBatch, random_windows, sequential
from ..errors import ConfigError, DataError
from ..metrics.perplexity import perplexity
from ..ngram import train as train_ngrams
from ..nn.loss import linear_cross_entropy, sample_words
from ..plugins import components
from ..text.normalize import Normalizer
from ..text.tokenizer import TextConfig, Tokenizer
from ..text.vocab import EOS, UNK
from ..training.task import Goal, Step, Task, Totals
from .language_model import LanguageModel, encode, windows
from .models.contract import NextTokenModel


@section
class LanguageData:
    corpus: str = setting(
        "corpus whose folder holds the files below; '' = they are ordinary paths", default=""
    )
    train: list[str] = setting("training text: files, one after the other; .gz is fine", default=[])
    valid: list[str] = setting(
        "validation text, likewise; [] = cut valid_share off the training text", default=[]
    )
    test: list[str] = setting("test text, likewise, for `seqkit lm perplexity --test`", default=[])
    test_share: float = setting(
        "share of the training text, at its end, that is cut off as test text and never trained on",
        default=0, ge=0, lt=1,
    )  # fmt: skip
    valid_share: float = setting(
        "share of the rest, at its end, where there is no validation text", default=0.05, gt=0, lt=1
    )
    column: int = setting(
        "column of a TSV file to read, counted from 1; 0 = whole lines", default=0, ge=0
    )
    unique: bool = setting("keep only the first of equal lines", default=False)
    lines: Literal["keep", "join"] = setting(
        "keep: a line ends in <eos>; join: the normalised text is one line, and shares are cut off it by character",
        default="keep",
    )
    order: Literal["sequential", "random"] = setting(
        "sequential: the state goes on from batch to batch; random: windows in random order, without a state",
        default="sequential",
    )
    batch: int = setting("sequences side by side", default=32, ge=1)
    steps: int = setting(
        "tokens of each in a batch; gradients go back no further", default=35, ge=1
    )
    stride: int = setting(
        "models without a state: tokens scored in each window of `steps` when measuring; 0 = half",
        default=0,
        ge=0,
    )
    sampled_softmax: int = setting(
        "the training loss sums over the words of the batch and so many others, drawn anew for each batch, instead of "
        "the whole vocabulary: faster where that is large (arXiv:1412.2007); 0 = all of it",
        default=0,
        was="sampled_words",
        ge=0,
    )
    baseline_order: int = setting(
        "order of the n-gram model that is trained for comparison; 0 = none",
        was="floor",
        default=5,
        ge=0,
    )

    def __post_init__(self) -> None:
        if self.stride > self.steps:
            raise ValueError(
                f"stride = {self.stride} is more than steps = {self.steps}: it would leave tokens out"
            )
        if self.test and self.test_share:
            raise ValueError("choose one of test and test_share")

    @property
    def scored_steps(self) -> int:
        """`stride`, or what it is by default."""
        return self.stride or max(1, self.steps // 2)

    @field_validator("train", "valid", "test")
    @classmethod
    def _absolute(cls, paths: list[str], info: ValidationInfo) -> list[str]:
        """So that a run's config.toml repeats the run from anywhere."""
        return paths if info.data.get("corpus") else [str(Path(path).absolute()) for path in paths]


@dataclass(frozen=True)
class Baseline:
    """What counting reaches on the same tokens: a modified Kneser-Ney model."""

    order: int
    perplexity: float

    @classmethod
    def of(cls, train: Ids, measured: Ids, order: int) -> Baseline:
        """An n-gram model of one stream, measured on another; of lower order if no line is long enough."""
        lines = _as_lines(train)
        order = min(order, max(len(line.split()) for line in lines))
        return cls(order, train_ngrams(lines, order=order).perplexity(_as_lines(measured)))

    @property
    def name(self) -> str:
        return f"{self.order}-gram"


class LanguageModelling:
    """The task "language-modelling"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = NextTokenModel
    sections: ClassVar[Mapping[str, type]] = {"data": LanguageData, "text": TextConfig}
    goal = Goal("perplexity", "lower")

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        self.data = build(LanguageData, config.sections["data"], "[data]")
        self.text = build(TextConfig, config.sections["text"], "[text]")
        self.seed, self.smoothing = config.train.seed, config.optim.label_smoothing
        self._carries: bool = components().models.load(config.model["name"]).carries_state
        if self.smoothing and self.data.sampled_softmax:
            raise ConfigError(
                "choose one of optim.label_smoothing, which is over all words, and data.sampled_softmax"
            )
        if self.text.subword_regularization:
            raise ConfigError(
                "text.subword_regularization is for translation: a language model's text is cut once"
            )
        train, valid, _ = read_texts(self.data, self.text.normalize)
        self.tokenizer = (
            Tokenizer.load(folder / "tokenizer", tokenizers=components().tokenizers.load)
            if folder
            else Tokenizer.train(train, self.text, tokenizers=components().tokenizers.load)
        )
        self._train, self._valid = encode(self.tokenizer, train), encode(self.tokenizer, valid)
        if len(self._train) <= self.data.batch * self.data.steps:
            raise DataError(
                f"the training text has {len(self._train):,} tokens, too few for one batch of {self.data.batch} "
                f"sequences of {self.data.steps}: set data.batch or data.steps lower"
            )
        self.baseline = (
            Baseline.of(self._train, self._valid, self.data.baseline_order)
            if self.data.baseline_order
            else None
        )

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        return {
            "data.corpus": "",
            "data.train": [str(path) for path in train],
            "data.valid": [str(path) for path in valid],
            "data.test": [],
            "data.test_share": 0.0,
            "data.column": 0,
            "data.unique": False,
        }

    def describe(self) -> list[str]:
        unknown = [float((ids == UNK).mean()) for ids in (self._train, self._valid)]
        return [
            f"{len(self._train) - 1:,} training tokens, {len(self._valid) - 1:,} for validation",
            f"vocabulary {len(self.tokenizer.vocab):,} tokens; unknown in the training text: "
            f"{unknown[0]:.2%}, in the validation text: {unknown[1]:.2%}",
        ]

    def dims(self) -> dict[str, int]:
        return {"vocab": len(self.tokenizer.vocab)}

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[WindowBatch]:
        cut = sequential if self.data.order == "sequential" else random_windows
        batches = cut(
            self._train,
            self.data.batch * world,
            self.data.steps,
            seed=self.seed,
            epoch=epoch,
            start=start // world,
        )
        rows = slice(rank * self.data.batch, (rank + 1) * self.data.batch)
        for batch in batches:
            yield WindowBatch(batch.inputs[rows], batch.targets[rows], batch.fresh)

    def valid_batches(self) -> Iterable[WindowBatch]:
        return windows(self._valid, self._carries, self.data.steps, self.data.scored_steps)

    def step(self, model: nn.Module, batch: WindowBatch, carry: Any) -> Step:
        hidden, state = model(batch.inputs, None if batch.fresh or not self._carries else carry)
        hidden, targets = batch.pick_scored(hidden)
        smoothing = self.smoothing if model.training else 0.0
        output, bias = cast(Tensor, model.output), cast(Tensor, model.bias)
        if model.training and self.data.sampled_softmax:
            output, bias, targets = sample_words(output, bias, targets, self.data.sampled_softmax)
        loss, nll = linear_cross_entropy(hidden, output, bias, targets, smoothing=smoothing)
        return Step(
            loss, None if state is None else tuple(part.detach() for part in state), {"nll": nll}
        )

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        found = {"perplexity": perplexity(totals.sums["nll"], totals.count)}
        return {**found, self.baseline.name: self.baseline.perplexity} if self.baseline else found

    def save(self, folder: Path) -> None:
        (folder / "tokenizer").mkdir()
        self.tokenizer.save(folder / "tokenizer")

    @classmethod
    def open(cls, model: nn.Module, folder: Path, config: RunConfig) -> LanguageModel:
        data = build(LanguageData, config.sections["data"], "[data]")
        tokenizer = Tokenizer.load(folder / "tokenizer", tokenizers=components().tokenizers.load)
        size = cast(Tensor, model.output).size(0)
        if len(tokenizer.vocab) != size:
            raise DataError(
                f"{folder}: vocab.tsv has {len(tokenizer.vocab):,} tokens, the model {size:,}"
            )
        return LanguageModel(
            model,
            tokenizer,
            name=config.model["name"],
            steps=data.steps,
            stride=data.scored_steps,
            joined=data.lines == "join",
        )


def read_texts(
    data: LanguageData, normalize: Sequence[str] = ()
) -> tuple[list[str], list[str], list[str]]:
    """Lines for training, validation and testing; the last may be none. Raises `DataError`, `ConfigError`."""
    if not data.train:
        raise ConfigError("[data]: no training text: set data.train to a list of files")
    normalizer = Normalizer(normalize)
    text, test = cut_off(_read(data, data.train, normalizer), data.test_share)
    if data.test:
        test = _read(data, data.test, normalizer)
    if data.valid:
        train, valid = text, _read(data, data.valid, normalizer)
    else:
        train, valid = cut_off(text, data.valid_share)
    for name, lines in (("training", train), ("validation", valid)):
        if not any(lines):
            files = ", ".join(data.valid if name == "validation" and data.valid else data.train)
            raise DataError(f"{files}: the {name} text is empty")
    return train, valid, test


def held_out(config: RunConfig, folder: Path) -> tuple[list[str], Baseline | None]:
    """The test text of a run, and what counting reaches on it; raises `ConfigError` if the run has none."""
    data, text = (
        build(LanguageData, config.sections["data"], "[data]"),
        build(TextConfig, config.sections["text"], "[text]"),
    )
    train, _, test = read_texts(data, text.normalize)
    if not test:
        raise ConfigError(
            "this run held no test text out: it was trained without data.test and data.test_share"
        )
    if not data.baseline_order:
        return test, None
    tokenizer = Tokenizer.load(folder / "tokenizer", tokenizers=components().tokenizers.load)
    return test, Baseline.of(encode(tokenizer, train), encode(tokenizer, test), data.baseline_order)


def _read(data: LanguageData, names: list[str], normalizer: Normalizer) -> list[str]:
    lines: list[str] = []
    for path in locate(data.corpus, names):
        for number, line in enumerate(read_lines(path), 1):
            if data.column:
                columns = line.split("\t")
                if len(columns) < data.column:
                    raise DataError(
                        f"{path}:{number}: {len(columns)} columns, so no column {data.column}"
                    )
                line = columns[data.column - 1]
            lines.append(line)
    if data.unique:
        lines = list(dict.fromkeys(lines))
    return [normalizer(" ".join(lines))] if data.lines == "join" else lines


def cut_off(lines: list[str], share: float) -> tuple[list[str], list[str]]:
    """The text without the last `share` of its characters, and that: whole lines, but for a text that is one line."""
    if not share or not lines:
        return lines, []
    if len(lines) == 1:
        at = round(len(lines[0]) * (1 - share))
        return [lines[0][:at]], [lines[0][at:]]
    ends = np.cumsum([len(line) + 1 for line in lines])
    at = min(len(lines) - 1, int(np.searchsorted(ends, ends[-1] * (1 - share), side="right")))
    return lines[:at], lines[at:]


def _as_lines(ids: Ids) -> list[str]:
    """The sentences of a stream as lines of numbers, for the n-gram model."""
    return [
        " ".join(map(str, part[:-1].tolist()))
        for part in np.split(ids[1:], np.flatnonzero(ids[1:] == EOS) + 1)[:-1]
    ]


if TYPE_CHECKING:
    _: type[Task] = LanguageModelling  # or mypy says what is missing
