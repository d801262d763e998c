"""`seqkit evaluate -m RUN …`: figures of a model on test data, whatever its task."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .by_task import CommandByTask, check_settings
from .options import PATH, device_options, json_option, key_values, set_option, set_threads


@click.command("evaluate")
@click.option("-m", "--model", required=True, help="A run folder.")
@click.argument("files", nargs=-1, type=PATH, metavar="[FILE]...")
@set_option
@device_options
@json_option
def generic(
    model: str,
    files: tuple[Path, ...],
    overrides: tuple[str, ...],
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure a model on the test data in FILE..., or on the test data of its own run."""
    from ..runs.load import load

    settings = key_values(overrides, "--set")
    set_threads(threads)
    predictor = load(model, device=device)
    check_settings(predictor.evaluate, settings, "--set")

    data = predictor.read_test_data(files)
    report = predictor.evaluate(data, **settings)

    if as_json:
        click.echo(json.dumps(report.record(), ensure_ascii=False))
    else:
        click.echo(report)


evaluate = CommandByTask("evaluate", generic)
