"""`seqkit lm decode`: text from the outputs of a CTC model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.options import PATH, device_options, json_option, one_model_option
from ...errors import DataError, SeqkitError
from ...parsing import to_json
from .inputs import open_model, shortened

if TYPE_CHECKING:
    from ...search.ctc import Alphabet, Decoder, Transcript

HOTWORD_WEIGHT = 10.0  # of words that have none of their own


@click.command()
@click.option(
    "--labels",
    required=True,
    type=PATH,
    help="Labels of the outputs, in order: a line each, a JSON list, or a vocab.json.",
)
@click.option("--blank", help="The CTC blank, a label or its index; else found by its name.")
@one_model_option("Language model: counted or trained.", type=PATH)
@click.option("--lexicon", type=PATH, help="The only words to be spelled, a line each.")
@click.option("--hotwords", type=PATH, help="Words to be heard, a line each; TAB and a weight.")
@click.option("--alpha", type=float, help="Weight of the language model.  [default: 0.5]")
@click.option("--beta", type=float, help="Bonus for each word, with a model.  [default: 1.5]")
@click.option(
    "--beam",
    default=100,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Hypotheses kept; 0 takes the likeliest label of each frame.",
)
@click.option("--nbest", type=click.IntRange(1, 10_000), help="Texts for each, as Moses lists.")
@click.option(
    "--values",
    type=click.Choice(["log", "probabilities", "logits"]),
    default="log",
    show_default=True,
    help="What the numbers are; log: natural logarithms of probabilities.",
)
@click.option("--frame", type=float, help="Seconds from a frame to the next, for times in --json.")
@device_options
@json_option
@click.argument("logits", nargs=-1, required=True, type=PATH, metavar="LOGITS...")
def decode(
    labels: Path,
    blank: str | None,
    model: Path | None,
    lexicon: Path | None,
    hotwords: Path | None,
    alpha: float | None,
    beta: float | None,
    beam: int,
    nbest: int | None,
    values: Any,
    frame: float | None,
    device: str,
    as_json: bool,
    logits: tuple[Path, ...],
) -> None:
    """Text from the outputs of a CTC model: prefix beam search with a language model.

    LOGITS are .npy files of an array (frames, labels) each, .npz files of many, or folders of them;
    a line for each array.
    """
    from ...search import ctc

    if frame is not None and not as_json:
        raise click.UsageError("--frame is for the times in --json")
    if model is None and (alpha is not None or beta is not None):
        raise click.UsageError("--alpha and --beta are for a language model: give -m")
    if not beam and (model or lexicon or hotwords or nbest):
        raise click.UsageError("--beam 0 is no search: it takes no model, list of words or --nbest")

    alphabet = read_alphabet(labels, blank)
    search = None
    if beam:
        weights = {"alpha": alpha, "beta": beta}
        given = {name: value for name, value in weights.items() if value is not None}
        search = _search(alphabet, model, lexicon, device, beam=beam, **given)
    hot = read_weights(hotwords) if hotwords else {}

    for number, (name, array) in enumerate(arrays(logits)):
        if search is None:
            found = [ctc.greedy(array, alphabet, values=values, name=name)]
        else:
            found = search.decode(array, nbest=nbest or 1, hotwords=hot, values=values, name=name)
        click.echo(_json(found, name, frame, nbest) if as_json else _plain(found, number, nbest))


def _search(
    alphabet: Alphabet, model: Path | None, lexicon: Path | None, device: str, **settings: Any
) -> Decoder:
    from ...search.ctc import Decoder

    words = read_words(lexicon) if lexicon else None
    lm: Any = open_model(model, device) if model else None
    return Decoder(alphabet, lm, lexicon=words, **settings)


def read_alphabet(labels: Path, blank: str | None) -> Alphabet:
    """The alphabet of a file; `blank` is a label, or else an index."""
    from ...search.ctc import Alphabet
    from ...search.ctc.files import read_labels

    found = read_labels(labels)
    is_index = blank is not None and blank not in found and blank.isdecimal()
    try:
        return Alphabet.of(found, blank=int(blank) if blank and is_index else blank)
    except SeqkitError as error:
        raise DataError(f"{labels}: {error}") from None


def read_words(path: Path) -> list[str]:
    """The words of a lexicon: the first of each line, as in lists of pronunciations."""
    from ...data.files import read_lines

    return [line.split()[0] for line in read_lines(path) if line.strip()]


def read_weights(path: Path) -> dict[str, float]:
    """Words or phrases, and their weights if a tab and a number follow."""
    from ...data.files import read_lines

    weights: dict[str, float] = {}
    for number, line in enumerate(read_lines(path), 1):
        phrase, tab, weight = line.partition("\t")
        if not phrase.strip():
            continue
        try:
            weights[phrase.strip()] = float(weight) if tab else HOTWORD_WEIGHT
        except ValueError:
            raise DataError(f"{path}: line {number}: {shortened(weight)} is no weight") from None
    return weights


def arrays(paths: tuple[Path, ...]) -> Iterator[tuple[str, Any]]:
    """The utterances of all files, with their names."""
    from ...search.ctc.files import read_outputs

    for path in paths:
        yield from read_outputs(path)


def _json(found: list[Transcript], name: str, frame: float | None, nbest: int | None) -> str:
    record = {"name": name, **found[0].record(frame)}
    if nbest is not None:
        record["nbest"] = [each.record(frame) for each in found]
    return to_json(record)


def _plain(found: list[Transcript], number: int, nbest: int | None) -> str:
    """The text, or a list in Moses' format."""
    if nbest is None:
        return found[0].text
    rows = []
    for each in found:
        parts = f"acoustic= {each.acoustic:.6f} lm= {each.lm:.6f} words= {len(each.words)}"
        rows.append(f"{number} ||| {each.text} ||| {parts} ||| {each.score:.6f}")
    return "\n".join(rows)
