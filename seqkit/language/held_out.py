"""The text that a run held out: never trained on, measured beside an n-gram baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..config import RunConfig, build
from ..errors import ConfigError
from ..text.tokenizer import TextConfig
from ..tokenizers import load_tokenizer
from .baseline import Baseline
from .data_config import LanguageData
from .prepared import PreparedText


@dataclass(frozen=True)
class HeldOutText:
    """The lines of a test text, and what counting reaches on them."""

    lines: list[str]
    baseline: Baseline | None = None

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        beside = f", beside a {self.baseline.name} model" if self.baseline else ""
        return f"<HeldOutText: {len(self):,} lines{beside}>"


def read_held_out(config: RunConfig, folder: Path) -> HeldOutText:
    """The test text of a run, and its baseline if data.baseline_order is set.

    `folder` is a step folder of the run. Raises `ConfigError` if the run held nothing out.
    """
    data = build(LanguageData, config.sections["data"], "[data]")
    text = build(TextConfig, config.sections["text"], "[text]")

    texts = PreparedText(data, text.normalize)
    if not len(texts.test):
        raise ConfigError(
            "this run has no test text: it was trained without data.test and data.test_share"
        )
    if not data.baseline_order:
        return HeldOutText([*texts.test])

    baseline = texts.baseline(load_tokenizer(folder), "test", data.baseline_order)
    return HeldOutText([*texts.test], baseline)
