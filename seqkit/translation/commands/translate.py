from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.lines import TEXT, Given, given_options
from ...cli.options import PATH, device_options, opened
from ...cli.progress import counted
from ...errors import ConfigError, DataError, reason
from ...parsing import to_json
from .documents import (
    DocumentOptions,
    are_meant,
    document_options,
    refuse_line_options,
    translate_documents,
)
from .notes import LostNumbers, UnplacedTerms, noting_documents
from .options import engine_options, models_option, open_translator, search_shortcuts

if TYPE_CHECKING:
    from ..explain import Explanation
    from ..glossary import Glossary
    from ..predictions import TranslatedLine
    from ..translator import Translator


@click.command()
@models_option
@given_options(
    "Text, a line at a time; a document or folder; else TEXT or stdin.",
    "Where translations go; else stdout.",
)
@search_shortcuts
@click.option(
    "--attention", "maps", type=PATH, help="Draw a heat map of each line into this folder."
)
@click.option(
    "--alignments",
    "align",
    is_flag=True,
    help="Add ` ||| 0-0 1-2`: which source word made which word, from 0.",
)
@document_options
@click.option("--glossary", type=TEXT, metavar="FILE", hidden=True)
@click.option("--batch-tokens", type=click.IntRange(1, 1_000_000), hidden=True)
@engine_options
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def translate(
    given: Given,
    models: tuple[str, ...],
    settings: dict[str, Any],
    maps: Path | None,
    align: bool,
    documents: DocumentOptions,
    glossary: Path | None,
    batch_tokens: int | None,
    engine: str,
    compute: str,
    device: str,
    as_json: bool,
) -> None:
    """Translate TEXT, a file, or stdin: a line in, a line out, in order.

    Without a model, the one that ships with seqkit translates English to German.

    Documents (-i FILE -o FILE, or folders): .srt, .vtt, .html, .md, .po, .xliff, .json, .yaml,
    .csv, .tsv, .docx, .pptx, .odt and .epub keep all that is not text. What was translated before
    is remembered. --glossary FILE (term TAB translation a line) has terms translated one way.
    """
    source, output = given.source, given.output
    with_documents = are_meant(source, output, documents)
    if with_documents:
        refuse_line_options(settings, attention=bool(maps), alignments=align, json=as_json)
    given.check(takes_folders=True)  # fail before the model is loaded
    if maps:
        _make_folder(maps)

    terms = _read_glossary(glossary)
    translator = open_translator(models, device, engine=engine, compute=compute)
    translator.batch_tokens = batch_tokens or translator.batch_tokens
    if (maps or align) and not translator.attends:
        raise ConfigError("this model has no attention: there is nothing to draw or to align by")
    # Fail before any input is read.
    list(translator.predict([], align=align, glossary=terms, **settings))

    if with_documents and source and output:
        from ..documents.memory_keys import model_key

        key = model_key(models, engine, compute)
        asked: dict[str, Any] = {"glossary": terms, "settings": settings, "model": key}
        translate_documents(translator, source, output, documents, **asked)
        return

    chunks = counted(_chunks(given), "lines translated", show=source is not None)
    found = (translator.predict(c, align=align, glossary=terms, **settings) for c in chunks)
    lines = chain.from_iterable(found)
    with opened(output) as write:
        _write_lines(write, lines, translator, maps, nbest="nbest" in settings, as_json=as_json)


def _write_lines(
    write: Callable[[str], None],
    lines: Iterable[TranslatedLine],
    translator: Translator,
    maps: Path | None,
    *,
    nbest: bool,
    as_json: bool,
) -> None:
    """Write each line when it is there; afterwards, note those that a person should look at."""
    lost, unplaced = LostNumbers(), UnplacedTerms()
    for number, line in enumerate(lines):
        line = replace(line, nbest=line.nbest or nbest)
        write(_json(line) if as_json else _plain(line, number))
        lost.add(str(number + 1), line.lost_numbers)
        unplaced.add(str(number + 1), line.unplaced_terms)
        if maps:
            _draw(translator.explain(line.best), maps, number + 1)

    lost.note()
    unplaced.note()


def _read_glossary(path: Path | None) -> Glossary | None:
    if path is None:
        return None

    from ..glossary import Glossary

    return Glossary.read(path)


def _chunks(given: Given) -> Iterable[Sequence[str]]:
    """The lines to translate, some at a time."""
    chunks = given.chunks()
    return chunks if given.is_text else noting_documents(given.source, iter(chunks))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {folder}: {reason(error)}") from None


def _json(line: TranslatedLine) -> str:
    return to_json(line.record())


def _plain(line: TranslatedLine, number: int) -> str:
    """The translation, or the n-best list in Moses' format; alignments in Pharaoh's."""
    from ..predictions import one_line

    suffixes = [""] * len(line.translations)
    if line.alignments is not None:
        suffixes = [_alignment_suffix(alignment) for alignment in line.alignments]
    if not line.nbest:
        return f"{line}{suffixes[0]}"

    rows: list[str] = []
    for translation, suffix in zip(line.translations, suffixes, strict=True):
        text = one_line(translation.text)
        rows.append(f"{number} ||| {text} ||| {translation.score:.6f}{suffix}")
    return "\n".join(rows)


def _alignment_suffix(alignment: list[tuple[int, int]]) -> str:
    pairs = "".join(f" {source}-{target}" for source, target in alignment)
    return f" |||{pairs}"


def _draw(explanations: list[Explanation], folder: Path, number: int) -> None:
    """A picture of each sentence: 00001.png, or 00001-1.png, 00001-2.png of a line of several."""
    from ..attention_maps import draw

    for i, explanation in enumerate(explanations, 1):
        name = f"{number:05}.png" if len(explanations) == 1 else f"{number:05}-{i}.png"
        draw(explanation, folder / name)
