"""`seqkit lm mix`: one language model in place of several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.lines import TEXT
from ...cli.options import PATH, refuse_input
from ...errors import ConfigError
from ...progress import working
from .inputs import check_writable, note, open_model, read_text

if TYPE_CHECKING:
    from ...ngram import Model
    from ...ngram.mixing import Unknown

_NO_WEIGHT = 1e-4  # what is shown as 0.0000, or nearly so


@click.command()
@click.option(
    "-m",
    "--model",
    "models",
    required=True,
    multiple=True,
    type=PATH,
    help="ARPA file, seqkit's binary, or (for a *.toml) a run folder; give two or more.",
)
@click.option("--fit", type=TEXT, help="Fit the weights on this held-out text, by EM.")
@click.option("--weights", metavar="0.3,0.7", help="The weights of the models, in their order.")
@click.option(
    "--unknown",
    type=click.Choice(["share", "keep"]),
    default="share",
    show_default=True,
    help="Divide a model's <unk> among the words that it lacks, or give them nothing.",
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=PATH,
    help="*.arpa, *.arpa.gz or a binary for one model; *.toml to mix as it runs.",
)
def mix(
    models: tuple[Path, ...],
    fit: Path | None,
    weights: str | None,
    unknown: Unknown,
    out: Path,
) -> None:
    """Mix language models linearly and keep the mixture.

    Without --fit or --weights, all models weigh the same. An ARPA file or a binary is one back-off
    model with every n-gram of all, as fast as any. A .toml file names the models, n-gram models or
    networks of the same tokens, which are mixed token by token.
    """
    from ... import ngram
    from ...ngram.mixing import interpolate
    from ...ngram.mixture_files import mixture_of, save_mixture

    if len(models) < 2:
        raise click.UsageError("give two models or more, each with -m")
    if fit and weights:
        raise click.UsageError("choose one of --fit and --weights")
    check_writable(out)
    refuse_input(out, (*models, fit) if fit else models)
    for path in models:
        if path.suffix == ".toml":
            raise ConfigError(f"{path} is itself a mixture: name its models")

    with working("reading"):
        opened = [open_model(path, "cpu") for path in models]
    counted = [] if out.suffix == ".toml" else _counted(models, opened)
    chosen = _weights(opened, fit, weights, unknown)
    with working("mixing"):
        if out.suffix == ".toml":
            mixture_of(opened, chosen, unknown=unknown)  # or the file could not be read again
            save_mixture(models, chosen, out, unknown=unknown)
        else:
            mixed = interpolate(counted, chosen, unknown=unknown)
            ngram.save(mixed, out)
            click.echo(f"order {mixed.order}; n-grams {mixed.tables.sizes}", err=True)

    for path, weight in zip(models, chosen, strict=True):
        click.echo(f"{weight:.4f}  {path}", err=True)
    if fit and min(chosen) < _NO_WEIGHT:
        note(
            f"a model has no weight: leave it out, unless {fit} is text that another one was "
            "trained on, which says nothing of others"
        )
    click.echo(f"written to {out}", err=True)


def _counted(paths: Sequence[Path], models: Sequence[Any]) -> list[Model]:
    """The models, all of which have n-grams; raises `ConfigError` for a network."""
    from ...ngram import Model

    for path, model in zip(paths, models, strict=True):
        if not isinstance(model, Model):
            raise ConfigError(
                f"{path} is a trained network, which has no n-grams: name a file *.toml to mix it "
                "as it runs"
            )
    return list(models)


def _weights(
    models: Sequence[Any], fit: Path | None, given: str | None, unknown: Unknown
) -> list[float]:
    """The weights as given, fitted, or all alike."""
    from ...ngram.mixing import check_weights
    from ...ngram.mixture_files import log_probabilities, mixture_of
    from ..mixtures import mix as fitted

    alike = [1 / len(models)] * len(models)
    if given is not None:
        return check_weights(_numbers(given), len(models))

    if fit is None:
        return alike
    mixed = mixture_of(models, alike, unknown=unknown)
    with working("fitting"):
        found = fitted(log_probabilities(mixed, read_text((fit,))))
    return found.weights


def _numbers(text: str) -> list[float]:
    """The numbers of --weights: 0.3,0.7 as [0.3, 0.7]."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"--weights {text!r} is not a list of numbers such as 0.3,0.7") from None
