"""`seqkit tag`: a tag for each word of a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...cli.lines import Given, given_options
from ...cli.options import device_options, json_option, one_model_option
from ...errors import CheckpointError
from ...parsing import to_json
from .answers import answer_lines, open_tagger

if TYPE_CHECKING:
    from ..tagging.predictions import Tagged
    from ..tagging.tagger import SequenceTagger


@click.command()
@one_model_option("A run folder.", required=True)
@given_options("A sentence a line, or CoNLL; - is stdin.", "Where the answers go; else stdout.")
@click.option(
    "--split",
    type=click.Choice(["words", "spaces"]),
    default="words",
    show_default=True,
    help="words: take punctuation and clitics apart; spaces: the text is tokenised.",
)
@click.option("--probabilities", is_flag=True, help="Show how probable each tag is.")
@device_options
@json_option
def tag(
    given: Given,
    model: str,
    split: str,
    probabilities: bool,
    device: str,
    as_json: bool,
) -> None:
    """A tag for each word of TEXT, of a file, or of stdin: a sentence a line.

    The answer is a word and its tag a line, in columns, with an empty line after each sentence:
    files of columns (CoNLL) that seqkit reads. Of such a file (*.conll, *.conllu, …), the words are
    tagged as they are.
    """
    tagger = open_tagger(model, device, given)
    if tagger.segments:
        raise CheckpointError(f"{model} finds words, and tags none: use `seqkit segment`")

    def predict(sentences: list[str] | list[list[str]]) -> list[str]:
        found = tagger.predict(sentences, split=split, probabilities=probabilities)
        return [_shown(prediction, as_json=as_json) for prediction in found]

    from ..tagging.reading import has_columns

    source = given.source
    chunks = _words(tagger, source) if source and has_columns(source) else None
    answer_lines(predict, given, chunks)


def _words(tagger: SequenceTagger, source: Path) -> Iterator[list[list[str]]]:
    """The words of the sentences in a file of columns."""
    from ..tagging.reading import read_sentences

    sentences = read_sentences([source], "auto", tagger.data.columns)
    yield [words for words, _ in sentences]


def _shown(prediction: Tagged, *, as_json: bool) -> str:
    if as_json:
        return to_json(prediction.record())
    return "\n".join([*prediction.columns(), ""])
