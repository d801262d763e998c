from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.options import DATA
from ...errors import ConfigError, SeqkitError
from .options import model_option

if TYPE_CHECKING:
    from ...config import RunConfig
    from ..data_config import TranslationData
    from ..tokenizers import Tokenizers


@click.command()
@model_option
@click.option(
    "--data",
    "texts",
    type=DATA,
    multiple=True,
    help="Learn from this: one TSV, or the source and then the target. [default: what the run was "
    "trained on]",
)
@click.option("--overwrite", is_flag=True, help="Replace the list that the run has.")
def shortlist(model: str | None, texts: tuple[Path, ...], overwrite: bool) -> None:
    """Learn from parallel text which target tokens each source token becomes.

    It goes into the run folder, for `seqkit translate --search shortlist=50`: outputs then have
    only the 50 likeliest target tokens of each source token, and frequent ones. With a large
    vocabulary that is faster, and nearly as good.
    """
    from ...runs.finding import DEFAULT
    from ...runs.open import config_of
    from ..prepared import PreparedText
    from ..shortlist import learn, path_beside
    from ..tokenizers import load_tokenizers

    name = model or DEFAULT
    config, step = config_of(name)
    if config.task != "translation":
        raise ConfigError(f"{name} is a model for {config.task!r}: a shortlist is for translators")
    _check_stays(name, step)
    tokenizers = load_tokenizers(step)
    path = path_beside(step)
    if not overwrite:
        _check_none_yet(path, tokenizers)

    data = _data(name, config, texts)
    prepared = PreparedText(data, config.train.seed)
    pairs = prepared.ids(tokenizers, config.sections["search"].get("to", "")).train

    source, target = (len(tokenizer.vocab) for tokenizer in tokenizers)
    lexicon = learn(pairs, source, target)
    lexicon.save(path, tokenizers)
    click.echo(
        f"{path}: what {lexicon.known.sum():,} of {source:,} source tokens become; translate with "
        "--search shortlist=50"
    )


def _check_stays(model: str, step: Path) -> None:
    """Raise `ConfigError` for a model that is opened from a temporary folder."""
    from ...runs.finding import find

    path = find(model).path.resolve()
    if path not in (step.resolve(), step.resolve().parent):
        raise ConfigError(
            f"{model} is not a run folder, where the shortlist would stay: unpack it, or make one "
            "with seqkit import"
        )


def _check_none_yet(path: Path, tokenizers: Tokenizers) -> None:
    """Raise `ConfigError` for a list that is there and fits: it may be of better text."""
    from ..shortlist import Lexicon

    if not path.exists():
        return
    try:
        known = Lexicon.load(path, tokenizers).known
    except SeqkitError:  # which asks for another one
        return
    raise ConfigError(
        f"{path} exists already, and knows {known.sum():,} of {len(known):,} source tokens: "
        "--overwrite replaces it"
    )


def _data(model: str, config: RunConfig, texts: tuple[Path, ...]) -> TranslationData:
    """The text of the run, or the user's own; nothing of it is held out."""
    from ...config import build
    from ..data_config import TranslationData
    from ..task import TranslationTask

    section: dict[str, Any] = dict(config.sections["data"])
    if texts:
        own = TranslationTask.own_data(texts, texts)
        section |= {key.removeprefix("data."): value for key, value in own.items()}
    data = build(TranslationData, section, "[data]")
    if not data.train and not data.sources:
        raise ConfigError(
            f"{model} does not say what it was trained on: give its text, or some like it, with "
            "--data SOURCE --data TARGET"
        )
    return data
