"""`seqkit translate -i FILE -o FILE` where the files are documents, and for folders of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import ConfigError, DataError, reason
from .notes import note_segments

if TYPE_CHECKING:
    from ..documents.memory import Memory
    from ..documents.translating import Done
    from ..glossary import Glossary
    from ..translator import Translator


_KEYS = ("fields", "bitext", "memory")
_FORMS = "fields=title,body, bitext=FILE and memory=off"


@dataclass(frozen=True)
class DocumentOptions:
    """What can be chosen for documents only."""

    fields: tuple[str, ...] = ()
    bitext: Path | None = None
    remembers: bool = True
    are_given: bool = False


def document_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--document KEY=VALUE as often as needed, and --bitext FILE, as `documents`."""

    @click.option(
        "--document",
        "pairs",
        multiple=True,
        metavar="KEY=VALUE",
        help="fields=title,body: keys or columns that are text; bitext=FILE: the pairs, as .tmx or "
        ".tsv; memory=off: all anew.",
    )
    @click.option("--bitext", metavar="FILE", hidden=True)  # as --document bitext=FILE
    @functools.wraps(function)
    def with_documents(*, pairs: Sequence[str], bitext: str | None, **others: Any) -> Any:
        given = [*pairs, f"bitext={bitext}"] if bitext else pairs
        return function(documents=_options_of(given), **others)

    return with_documents


def _options_of(pairs: Sequence[str]) -> DocumentOptions:
    """Raises `ConfigError` for a key or value that there is none of, or one given twice."""
    given: dict[str, str] = {}
    for pair in pairs:
        key, _, value = (part.strip() for part in pair.partition("="))
        if key not in _KEYS or not value:
            raise ConfigError(f"--document {pair!r} is none of {_FORMS}")
        if key in given:
            raise ConfigError(f"--document {key} is given twice: {given[key]!r} and {value!r}")
        given[key] = value

    memory = given.get("memory", "on")
    if memory not in ("on", "off"):
        raise ConfigError(f"--document memory={memory}: on or off")
    return DocumentOptions(
        fields=tuple(name.strip() for name in given.get("fields", "").split(",") if name.strip()),
        bitext=Path(given["bitext"]) if "bitext" in given else None,
        remembers=memory == "on",
        are_given=bool(given),
    )


def are_meant(source: Path | None, output: Path | None, options: DocumentOptions) -> bool:
    """Whether a document or a folder of them is to be translated, not lines.

    Raises a usage error for options and outputs that do not fit.
    """
    if source is None and not options.are_given:
        return False  # without importing all kinds of documents

    from ..documents.kinds import kind_of

    is_folder = source is not None and source.is_dir()
    kind = kind_of(source) if source is not None and str(source) != "-" else None
    is_document = kind is not None and output is not None
    is_document &= kind != "txt" or options.are_given
    if is_folder and (output is None or str(output) == "-"):
        raise click.UsageError(f"{source} is a folder: give the folder for its translations as -o")
    if not is_folder and not is_document:
        if options.are_given:
            raise click.UsageError(_no_document(source, kind))
        return False

    if not is_folder and output is not None and kind_of(output) != kind:
        raise click.UsageError(
            f"{source} becomes a file of the same kind: name the output *.{kind}"
        )
    if options.bitext is not None and source is not None and output is not None:
        _refuse_bitext(options.bitext, source, output)
    return True


def _no_document(source: Path | None, kind: str | None) -> str:
    from ..documents.kinds import known_kinds

    if source is None or kind is not None:
        return "--document is for documents: give them as -i FILE -o FILE"
    return f"--document is for documents ({known_kinds()}), and {source} is none of them"


def _refuse_bitext(bitext: Path, source: Path, output: Path) -> None:
    """A usage error if the pairs would be written over a document or its translation."""
    from ...cli.options import refuse_input

    read = list(source.rglob("*")) if source.is_dir() else [source]
    refuse_input(bitext, read)
    written = [output / path.relative_to(source) for path in read]
    if bitext.resolve() in [path.resolve() for path in written]:
        raise click.UsageError(f"{bitext} is an output file: write the pairs to another one")


def translate_documents(
    translator: Translator,
    source: Path,
    output: Path,
    options: DocumentOptions,
    *,
    glossary: Glossary | None,
    settings: Mapping[str, Any],
    model: str,
) -> None:
    """Translate a document or all those in a folder; `model` tells models and engines apart.

    In a folder, a document that cannot be translated is noted, and the others are translated;
    afterwards, a `DataError` says how many there were.
    """
    from ..documents.bitext import write_bitext
    from ..documents.writing import check_writable

    files = _files(source, output)
    if options.bitext is not None:
        check_writable(options.bitext)

    memory = _memory(model) if options.remembers else None
    asked = {**settings, "glossary": glossary, "memory": memory}
    done: list[Done] = []
    for path, target in files:
        fields = _fields_of(path, source, options)
        try:
            done.append(_translated(translator, path, target, fields, asked))
        except (ConfigError, DataError) as error:
            if not source.is_dir():
                raise
            click.echo(f"note: {error}: left out", err=True)
            continue
        if source.is_dir():
            click.echo(f"{path} → {target}", err=True)

    if memory is not None:
        memory.close()
    pairs = [pair for each in done for pair in each.pairs]
    if options.bitext is not None:
        to = str(settings.get("to") or translator.target_language)
        write_bitext(options.bitext, pairs, (translator.language, to))
    remembered = sum(each.remembered for each in done)
    known = f", {remembered:,} remembered" if remembered else ""
    translated = sum(each.translated for each in done)
    many = "1 segment" if len(pairs) == 1 else f"{len(pairs):,} segments"
    click.echo(f"{many}: {translated:,} translated{known}", err=True)
    note_segments(done)
    if len(done) < len(files):
        failed = len(files) - len(done)
        raise DataError(f"{failed} of {len(files)} documents were left out: see the notes above")


def _translated(
    translator: Translator,
    path: Path,
    target: Path,
    fields: Sequence[str],
    asked: Mapping[str, Any],
) -> Done:
    from ...cli.progress import FileProgress

    with FileProgress("segments") as progress:
        return translator.translate_document(
            path,
            target,
            fields=fields,
            progress=functools.partial(progress, str(path)),
            **asked,
        )


def _fields_of(path: Path, source: Path, options: DocumentOptions) -> Sequence[str]:
    """The chosen fields; in a folder, files without fields have no use for them."""
    from ..documents.kinds import has_fields

    if source.is_dir() and not has_fields(path):
        return []
    return options.fields


def _files(source: Path, output: Path) -> list[tuple[Path, Path]]:
    """The files to translate, each with the file it becomes; its folder is made."""
    from ..documents.kinds import kind_of

    if not source.is_dir():
        return [(source, output)]

    if output.resolve().is_relative_to(source.resolve()):
        raise click.UsageError("-o is within the folder that is read: name another one")
    found = [path for path in sorted(source.rglob("*")) if path.is_file()]
    wanted = [path for path in found if kind_of(path)]
    if not wanted:
        raise DataError(f"{source} has no document that can be translated")
    for path in found:
        if not kind_of(path):
            click.echo(f"note: {path} is not a document that can be translated: left out", err=True)

    pairs = [(path, output / path.relative_to(source)) for path in wanted]
    try:
        for _, target in pairs:
            target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {output}: {reason(error)}") from None
    return pairs


def _memory(model: str) -> Memory | None:
    """The user's translation memory of these models; None, which is noted, without a cache."""
    from ...data.cache import Cache
    from ..documents.memory import Memory

    cache = Cache.of_user()
    if cache.note:
        click.echo(f"note: {cache.note}", err=True)
        return None
    return Memory(cache.root / "translations.sqlite", model)


def refuse_line_options(settings: Mapping[str, Any], **given: bool) -> None:
    """Raise `ConfigError` for options whose results have no place in a document."""
    given["nbest"] = settings.get("nbest", 1) > 1
    for name, is_given in given.items():
        if is_given:
            raise ConfigError(f"--{name} is for lines, not for documents: leave it out")
