from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import click

from ..errors import ConfigError
from .options import (
    PATH,
    device_options,
    key_values,
    model_option,
    one_line,
    opened,
    search_option,
    set_threads,
)


@click.command()
@model_option
@click.option("--source", type=PATH, help="Text to translate.")
@click.option(
    "--reference", "references", type=PATH, multiple=True, help="Its right translation; give several if there are."
)
@click.option("--data", type=PATH, help="TSV instead: source TAB reference; equal sources are grouped.")
@click.option("--columns", default="1,2", show_default=True, help="Source and reference column of --data.")
@click.option("--output", "-o", type=PATH, help="Keep the translations here.")
@search_option
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def evaluate(
    model: str | None,
    source: Path | None,
    references: tuple[Path, ...],
    data: Path | None,
    columns: str,
    output: Path | None,
    search: tuple[str, ...],
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Translate a test set and score it with sacrebleu: BLEU and chrF, with their signatures."""
    if (data is None) == (source is None) or (source is None) == bool(references):
        raise click.UsageError("give --source F --reference F, or --data TSV")
    settings = key_values(search, "--search")

    from .. import runs
    from ..data.parallel import read_references
    from ..metrics import bleu, chrf
    from .progress import counted

    paths = [path for path in (data, source, *references) if path]
    sources, columns_of_references = read_references(paths, _columns(columns))
    if output and output.exists() and any(output.samefile(path) for path in paths):
        raise click.UsageError(f"{output} is read from: the translations need another file")
    set_threads(threads)
    translator = runs.load(model, device=device, task="translation")
    outputs: list[str] = []
    chunks = [sources[i : i + 500] for i in range(0, len(sources), 500)]
    with opened(output) if output else nullcontext(lambda line: None) as write:
        for chunk in counted(chunks, "sentences translated"):
            found = translator.translate(chunk, **settings)
            outputs += found
            for line in found:
                write(one_line(line))
    scores = {"bleu": bleu(outputs, columns_of_references), "chrf": chrf(outputs, columns_of_references)}
    if as_json:
        record = {
            key: value
            for name, s in scores.items()
            for key, value in ((name, s.score), (f"{name}_signature", s.signature))
        }
        click.echo(json.dumps({**record, "sentences": len(sources)}))
        return
    for name, label in (("bleu", "BLEU"), ("chrf", "chrF")):
        click.echo(f"{label} {scores[name].score:.2f}  {scores[name].signature}")
    click.echo(f"{len(sources):,} sentences")


def _columns(text: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() and int(part) for part in parts):
        raise ConfigError(f"--columns {text!r} is not two numbers from 1, such as 1,2")
    return int(parts[0]), int(parts[1])
