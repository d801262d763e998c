"""A tagger as scikit-learn's estimators are used: fit, predict, score.

scikit-learn itself is not needed; with it, the tagger works in its searches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, WrongType, WrongValue
from ...metrics.classification import accuracy
from ...text.lines import check_many, each_text
from ..in_memory import Examples, train_on
from ..parameters import Parameters
from .data_config import Feature
from .predictions import Tagged
from .tagger import SequenceTagger

TASK = "tagging"
_OTHER_COLUMNS = "\t_" * 6  # of CoNLL-U, behind the tag


class Tagger(Parameters):
    """`Tagger().fit(sentences, tags).predict(sentences)`

    Sentences are lists of words, tags are lists of a tag for each. Trains as `seqkit train` does:
    the last `valid_share` of the sentences is held out, and the weights that are best on it are
    kept. After `fit`, `classes_` are the tags, and `tagger_` is what `seqkit.load` gives for a run.
    """

    def __init__(
        self,
        model: str = "rnn-tagger",
        *,
        settings: Mapping[str, Any] | None = None,
        scheme: str = "auto",
        features: Sequence[Feature] = ("affixes", "shape"),
        epochs: int = 10,
        batch: int = 500,
        lr: float = 3e-3,
        valid_share: float = 0.1,
        overrides: Mapping[str, Any] | None = None,
        random_state: int = 1,
        device: str = "auto",
        out: str | Path | None = None,
    ) -> None:
        """`model` is one of `seqkit models` for words, `settings` are those of its [model] section.

        `scheme` is the one that is learned, "bioes" for example; predictions keep that of the tags.
        `overrides` are any other keys of a recipe; `out` keeps the run folder.
        """
        self.model = model
        self.settings = settings
        self.scheme = scheme
        self.features = features
        self.epochs = epochs
        self.batch = batch
        self.lr = lr
        self.valid_share = valid_share
        self.overrides = overrides
        self.random_state = random_state
        self.device = device
        self.out = out

    def fit(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> Self:
        """Train on sentences and their tags; sentences without words are left out.

        Raises `WrongType` for what is no list of words, `WrongValue` or `DataError` for sentences
        and tags that do not pair up, and as `seqkit.train`.
        """
        sentences = _lists(X, "sentences", "words")
        tags = _lists(y, "lists of tags", "tags")
        _check_pairs(sentences, tags)

        found: SequenceTagger = train_on(
            Examples(_conllu(sentences, tags), "train.conllu", "the sentences"),
            self._recipe,
            task=TASK,
            out=self.out,
            overrides=self.overrides,
            device=self.device,
        )
        self.tagger_ = found.without_folder()
        self.classes_ = sorted({tag for row in tags for tag in row})
        return self

    def predict(self, X: Iterable[Sequence[str]]) -> list[list[str]]:
        """The tags of each sentence."""
        sentences = _lists(X, "sentences", "words")
        found = self._fitted().predict(sentences)
        return [one.tags for one in found if isinstance(one, Tagged)]

    def predict_proba(self, X: Iterable[Sequence[str]]) -> list[NDArray[np.float32]]:
        """How probable each tag is for each word, over all sequences: (T, K) of each sentence.

        The columns are the tags of `tagger_.tags.names`, in the scheme that was learned.
        """
        sentences = _lists(X, "sentences", "words")
        return self._fitted().probabilities(sentences)

    def _fitted(self) -> SequenceTagger:
        if not hasattr(self, "tagger_"):
            raise WrongValue("this Tagger is not fitted yet: call fit first")
        return self.tagger_

    def score(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> float:
        """The share of words whose tag is right."""
        sentences = _lists(X, "sentences", "words")
        tags = _lists(y, "lists of tags", "tags")
        _check_pairs(sentences, tags)

        rows = zip(self.predict(sentences), tags, strict=True)
        right = sum(ours == true for row in rows for ours, true in zip(*row, strict=True))
        return accuracy(right, sum(map(len, tags)))

    def _recipe(self, data: Path) -> dict[str, Any]:
        return {
            "task": TASK,
            "data": {
                "train": [str(data)],
                "valid_share": self.valid_share,
                "scheme": self.scheme,
                "features": list(self.features),
                "batch": self.batch,
            },
            "model": {"name": self.model, **(self.settings or {})},
            "optim": {"lr": self.lr},
            "train": {"epochs": self.epochs, "seed": self.random_state, "eval_every": 100},
        }

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "tagger_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=True),
            input_tags=InputTags(one_d_array=True, two_d_array=False, string=True),
            no_validation=True,
        )


def _lists(given: Iterable[Sequence[str]], what: str, of: str) -> list[list[str]]:
    check_many(given, what)
    rows: list[list[str]] = []
    for number, row in enumerate(given, 1):
        if isinstance(row, str):
            raise WrongType(f"number {number} of the {what} is one string: give a list of {of}")
        rows.append(list(each_text(row, of)))
    return rows


def _check_pairs(sentences: list[list[str]], tags: list[list[str]]) -> None:
    if len(sentences) != len(tags):
        raise WrongValue(f"{len(sentences):,} sentences and {len(tags):,} lists of tags")
    for number, (words, own) in enumerate(zip(sentences, tags, strict=True), 1):
        if len(words) != len(own):
            raise WrongValue(f"sentence {number} has {len(words)} words and {len(own)} tags")


def _conllu(sentences: list[list[str]], tags: list[list[str]]) -> str:
    """The text of a CoNLL-U file, which can hold any word without a tab or a line break."""
    lines: list[str] = []
    for words, own in zip(sentences, tags, strict=True):
        for place, (word, tag) in enumerate(zip(words, own, strict=True), 1):
            _check_cell(word, "word")
            _check_cell(tag, "tag")
            lines.append(f"{place}\t{word}\t_\t{tag}{_OTHER_COLUMNS}")
        lines.append("")
    return "\n".join(lines) + "\n"


def _check_cell(text: str, what: str) -> None:
    if text != text.strip() or not text or "\t" in text or "\n" in text:
        raise DataError(f"{what} {text!r} is empty or has white space around it, or a tab inside")
