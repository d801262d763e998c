"""What a trained model is to its user, whatever its task.

`Task.open` returns a `Predictor`; `seqkit.load` hands it on; `seqkit predict` and `seqkit evaluate`
need nothing else. A domain adds verbs of its own, such as `translate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol


class Prediction(Protocol):
    """The answer to one input."""

    def record(self) -> Mapping[str, Any]:
        """Plain data: what `--json` prints, one object a line."""

    def __str__(self) -> str:
        """One line for people."""


class Report(Protocol):
    """The figures of an evaluation."""

    @property
    def signature(self) -> str:
        """Everything the figures depend on besides the model.

        Figures may be compared if their signatures agree.
        """

    def record(self) -> Mapping[str, Any]:
        """Plain data: what `--json` prints."""

    def __str__(self) -> str:
        """A table for people, signature included."""


class Predictor(Protocol):
    """A trained model in use."""

    reads: ClassVar[Literal["lines", "files"]]
    """What `predict` takes: lines of text, or paths of files such as images."""

    def predict(self, inputs: Iterable[Any], **settings: Any) -> Iterator[Prediction]:
        """One prediction for each input, lazily and in order.

        Raises `ConfigError` for unknown or impossible settings before the first input is read.
        """

    def read_test_data(self, paths: Sequence[Path]) -> Any:
        """The test data in these files, as `evaluate` takes it.

        Without paths, the test data of the run itself.
        Raises `DataError` or `ConfigError` naming the file and what is expected of it.
        """

    def evaluate(self, data: Any, **settings: Any) -> Report:
        """Compare predictions with the right answers in `data`."""
