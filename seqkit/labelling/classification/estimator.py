"""A text classifier as scikit-learn's estimators are used: fit, predict, predict_proba, score.

scikit-learn itself is not needed; with it, the classifier works in its pipelines and searches.

Shapes: N texts, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import WrongValue
from ...metrics.several import THRESHOLD
from ...parsing import to_json
from ...text.lines import check_many, each_text
from ..in_memory import Examples, train_on
from ..parameters import Parameters
from .classifier import Classifier
from .data_config import TASK
from .targets import Targets, listed


class TextClassifier(Parameters):
    """`TextClassifier().fit(texts, labels).predict(texts)`

    Trains as `seqkit train` does: `valid_share` of each class is held out, and the weights that are
    best on it are kept. After `fit`, `classes_` are the classes in order, and `classifier_` is what
    `seqkit.load` gives for a run: it evaluates and explains. Where `fit` is given a matrix of 0 and
    1, a column for each label, a text may have several, and `predict` gives such a matrix.
    """

    _estimator_type = "classifier"  # for scikit-learn before 1.6

    def __init__(
        self,
        model: str = "bag",
        *,
        settings: Mapping[str, Any] | None = None,
        tokenizer: str = "word",
        lower: bool = True,
        vocab_size: int = 20_000,
        longest: int = 512,
        epochs: int = 10,
        batch: int = 32,
        lr: float = 5e-3,
        valid_share: float = 0.1,
        class_weights: bool = False,
        overrides: Mapping[str, Any] | None = None,
        random_state: int = 1,
        device: str = "auto",
        out: str | Path | None = None,
    ) -> None:
        """`model` is one of `seqkit models` for texts, `settings` are those of its [model] section.

        `overrides` are any other keys of a recipe, such as {"optim.decay": "plateau"}; `out` keeps
        the run folder, with which the commands of seqkit work.
        """
        self.model = model
        self.settings = settings
        self.tokenizer = tokenizer
        self.lower = lower
        self.vocab_size = vocab_size
        self.longest = longest
        self.epochs = epochs
        self.batch = batch
        self.lr = lr
        self.valid_share = valid_share
        self.class_weights = class_weights
        self.overrides = overrides
        self.random_state = random_state
        self.device = device
        self.out = out

    # Training and use

    def fit(self, X: Iterable[str], y: Iterable[Any]) -> Self:
        """Train on texts and a label for each, or a matrix (N, K) of 0 and 1 for several of each.

        Labels may be of any type that sorts. Raises `WrongType` for what is no text and no label,
        `WrongValue` for texts and labels that do not pair up or for a single class, and as
        `seqkit.train`.
        """
        texts = _list_of(X)
        targets = Targets.of(y)
        if len(texts) != len(targets):
            raise WrongValue(f"{len(texts):,} texts and {len(targets):,} labels: give one for each")
        targets.check()

        several = "," if targets.several else ""
        found: Classifier = train_on(
            Examples(_json_lines(texts, targets), "train.jsonl", "the texts"),
            lambda data: self._recipe(data, several=several),
            task=TASK,
            out=self.out,
            overrides=self.overrides,
            device=self.device,
        )
        self.classifier_ = found.without_folder()
        self.classes_ = targets.classes
        self._names = targets.names
        return self

    def predict(self, X: Iterable[str]) -> NDArray[Any]:
        """The class of each text: (N,); for several labels, a matrix (N, K) of 0 and 1."""
        probabilities = self.predict_proba(X)
        if self.classifier_.several:
            return (probabilities >= THRESHOLD).astype(np.int64)
        classes: NDArray[Any] = self.classes_[probabilities.argmax(1)]
        return classes

    def predict_proba(self, X: Iterable[str]) -> NDArray[np.float64]:
        """How probable each of `classes_` is for each text: (N, K)"""
        texts = _list_of(X)
        if not hasattr(self, "classifier_"):
            raise WrongValue("this TextClassifier is not fitted yet: call fit first")

        found = self.classifier_.probabilities(texts)
        known = self.classifier_.labels
        probabilities = np.zeros((len(found), len(self._names)))
        for column, name in enumerate(self._names):
            if name in known:  # else no text had this label
                probabilities[:, column] = found[:, known[name]]
        return probabilities

    def score(self, X: Iterable[str], y: Iterable[Any]) -> float:
        """The accuracy on texts and their labels; of several labels, all must be right."""
        is_right = self.predict(X) == np.asarray(listed(y))
        return float((is_right.all(1) if self.classifier_.several else is_right).mean())

    def _recipe(self, data: Path, *, several: str) -> dict[str, Any]:
        steps = ["nfc", "spaces", "control", "squeeze", *(["lower"] if self.lower else [])]
        return {
            "task": TASK,
            "data": {
                "train": [str(data)],
                "several": several,
                "valid_share": self.valid_share,
                "longest": self.longest,
                "batch": self.batch,
                "class_weights": self.class_weights,
                "baselines": False,
            },
            "text": {
                "tokenizer": self.tokenizer,
                "normalize": steps,
                "vocab_size": self.vocab_size,
            },
            "model": {"name": self.model, **(self.settings or {})},
            "optim": {"lr": self.lr},
            "train": {
                "epochs": self.epochs,
                "seed": self.random_state,
                "eval_every": 100,
            },
        }

    # What scikit-learn asks of an estimator

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classifier_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(multi_label=True),
            input_tags=InputTags(one_d_array=True, two_d_array=False, string=True),
            no_validation=True,
        )


def _list_of(texts: Iterable[Any]) -> list[str]:
    check_many(texts)
    return [str(text) for text in each_text(texts)]


def _json_lines(texts: list[str], targets: Targets) -> str:
    pairs = zip(texts, targets.labels, strict=True)
    lines = [to_json({"label": label, "text": text}) for text, label in pairs]
    return "".join(f"{line}\n" for line in lines)
