"""`seqkit evaluate -m RUN …`: figures of a model on test data, whatever its task."""

from __future__ import annotations

from pathlib import Path

import click

from ..progress import working
from .by_task import CommandByTask, check_settings
from .lines import TEXT
from .options import (
    device_options,
    json_option,
    key_values,
    one_model_option,
    set_option,
    show_report,
)


@click.command("evaluate")
@one_model_option("A run folder.", required=True)
@click.argument("files", nargs=-1, type=TEXT, metavar="[FILE]...")
@set_option
@device_options
@json_option
def generic(
    model: str,
    files: tuple[Path, ...],
    overrides: tuple[str, ...],
    device: str,
    as_json: bool,
) -> None:
    """Measure a model on the test data in FILE..., or on the test data of its own run."""
    from ..runs.load import load

    settings = key_values(overrides, "--set")
    predictor = load(model, device=device)
    check_settings(predictor.evaluate, settings, "--set")

    with working("evaluating"):
        data = predictor.read_test_data(files)
        report = predictor.evaluate(data, **settings)

    show_report(report, as_json=as_json)


evaluate = CommandByTask("evaluate", generic)
