from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.lines import TEXT
from ...cli.options import PATH, device_options, opened, refuse_input
from ...parsing import to_json
from .options import chunks, models_option, open_translator, to_option

if TYPE_CHECKING:
    from ..translator import Translator


@click.command()
@models_option
@click.option("--source", required=True, type=TEXT, help="Text in the source language.")
@click.option("--target", required=True, type=TEXT, help="Its translation, line by line.")
@click.option(
    "--tokens",
    is_flag=True,
    help="A line for each token: token, log probability; an empty line between.",
)
@click.option("--output", "-o", type=PATH, help="Write here instead of stdout.")
@to_option
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def score(
    models: tuple[str, ...],
    source: Path,
    target: Path,
    tokens: bool,
    output: Path | None,
    to: str,
    device: str,
    as_json: bool,
) -> None:
    """Log probability (nats, plain sum) of each line of a translation, `<eos>` included."""
    from ...data.parallel import read_references

    sources, (column,) = read_references([source, target], (1, 2))
    targets = [line or "" for line in column]
    refuse_input(output, (source, target))
    translator = open_translator(models, device)

    with opened(output) if output else nullcontext(click.echo) as write:
        for scored in _scored(translator, sources, targets, to):
            if as_json:
                write(to_json(scored.record(tokens=tokens)))
            elif tokens:
                write(scored.table())
            else:
                write(f"{scored.log_probability:.6f}")


@dataclass(frozen=True)
class _Scored:
    """A pair of lines and the log probability (nats) of each token of the target."""

    source: str
    target: str
    tokens: list[str]  # `<eos>` last
    logs: list[float]

    @property
    def log_probability(self) -> float:
        return math.fsum(self.logs)

    def record(self, *, tokens: bool) -> dict[str, Any]:
        record: dict[str, Any] = {
            "source": self.source,
            "target": self.target,
            "log_probability": self.log_probability,
            "tokens": len(self.logs),
        }
        if tokens:
            record["token_scores"] = list(zip(self.tokens, self.logs, strict=True))
        return record

    def table(self) -> str:
        """A line for each token, and an empty one."""
        pairs = zip(self.tokens, self.logs, strict=True)
        lines = [f"{token}\t{value:.6f}" for token, value in pairs]
        return "\n".join(lines) + "\n"


def _scored(
    translator: Translator, sources: Sequence[str], targets: Sequence[str], to: str
) -> Iterator[_Scored]:
    from ...cli.progress import counted

    pairs = list(zip(sources, targets, strict=True))
    for chunk in counted(chunks(pairs), "pairs scored"):
        rows = translator.token_scores([s for s, _ in chunk], [t for _, t in chunk], to=to)
        for (source, target), logs in zip(chunk, rows, strict=True):
            tokens = [*translator.target.token_strings(target), "<eos>"]
            yield _Scored(source, target, tokens, logs)
