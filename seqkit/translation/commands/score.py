from __future__ import annotations

import json
import math
from contextlib import nullcontext
from pathlib import Path

import click

from ...cli.options import PATH, device_options, opened, refuse_input, set_threads
from .options import models_option, open_translator


@click.command()
@models_option
@click.option("--source", required=True, type=PATH, help="Text in the source language.")
@click.option("--target", required=True, type=PATH, help="Its translation, line by line.")
@click.option(
    "--tokens",
    is_flag=True,
    help="A line for each token: token, log probability; an empty line between.",
)
@click.option("--output", "-o", type=PATH, help="Write here instead of stdout.")
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def score(
    models: tuple[str, ...],
    source: Path,
    target: Path,
    tokens: bool,
    output: Path | None,
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Log probability (nats, plain sum) that the model gives to each line of a translation, `<eos>` included."""
    from ...cli.progress import counted
    from ...data.parallel import read_references

    sources, (targets,) = read_references([source, target], (1, 2))
    refuse_input(output, (source, target))
    set_threads(threads)
    translator = open_translator(models, device)
    chunks = [slice(i, i + 500) for i in range(0, len(sources), 500)]
    with opened(output) if output else nullcontext(click.echo) as write:
        for part in counted([range(len(sources))[c] for c in chunks], "pairs scored"):
            pairs = [[lines[i] or "" for i in part] for lines in (sources, targets)]
            for text, said, logs in zip(*pairs, translator.token_scores(*pairs), strict=True):
                names = [*translator.target.token_strings(said), "<eos>"]
                total = math.fsum(logs)
                if as_json:
                    record = {
                        "source": text,
                        "target": said,
                        "log_probability": total,
                        "tokens": len(logs),
                    }
                    scored = {"token_scores": list(zip(names, logs, strict=True))} if tokens else {}
                    write(json.dumps({**record, **scored}, ensure_ascii=False))
                elif tokens:
                    write(
                        "\n".join(
                            f"{name}\t{value:.6f}" for name, value in zip(names, logs, strict=True)
                        )
                        + "\n"
                    )
                else:
                    write(f"{total:.6f}")
