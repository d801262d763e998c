"""What a document costs beside the plain sentences in it: whole commands.

Another part of a document: `--set scale=0.5`; another model: `--set model=FILE`. There is no memory
of translations, which would remember the turn before. All translations are compared, with markup or
without, word by word; but documents leave out the full stop that a model adds to a heading, and so
does the comparison.
"""

from __future__ import annotations

import random
from pathlib import Path

from ..core import SEED, Clock, Contestant, Outcome, Row, Settings, same_lines
from ..machine import SEQKIT, said_by

QUICK = 0.02  # of a document


def prepare(settings: Settings) -> None:
    """The document, and its segments as a text of one line each."""
    from seqkit.translation.documents.kinds import open_document

    from ..documents import MAKERS
    from ..machine import whole

    document = _document(settings)
    if not document.exists():
        with whole(document) as part:
            part.write_bytes(MAKERS[settings["kind"]](random.Random(SEED), _scale(settings)))

    lines = [f"{segment.text}\n" for segment in open_document(document).segments]
    _plain(settings).write_text("".join(lines), encoding="utf-8")


def as_document(settings: Settings, clock: Clock) -> Outcome:
    from seqkit.translation.documents.kinds import open_document

    document = _document(settings)
    target = document.with_stem("translated")
    with clock:
        _translate(settings, document, target, "--document", "memory=off")
    return _outcome(document, [segment.text for segment in open_document(target).segments])


def as_plain_lines(settings: Settings, clock: Clock) -> Outcome:
    target = _plain(settings).with_stem("translated-plain")
    with clock:
        _translate(settings, _plain(settings), target)
    return _outcome(_document(settings), target.read_text(encoding="utf-8").splitlines())


def _translate(settings: Settings, source: Path, target: Path, *options: str) -> None:
    command = [*SEQKIT, "translate", "-m", settings["model"], "--threads", "1"]
    said_by([*command, "-i", source, "-o", target, *options])


def _outcome(document: Path, translations: list[str]) -> Outcome:
    """The words of each translation."""
    from seqkit.translation.documents.kinds import open_document

    segments = open_document(document).segments
    words = [
        _without_added_stop(segment.text, translation).split()
        for segment, translation in zip(segments, translations, strict=True)
    ]
    marked = sum(segment.has_markup for segment in segments)
    size = document.stat().st_size / 1e6
    said = (
        f"{size:.2f} MB, {len(segments):,} segments, {marked / len(segments):.0%} with markup, "
        "compared without added full stops"
    )
    return Outcome(len(segments), words, said)


def _without_added_stop(source: str, translation: str) -> str:
    return translation if source.endswith(".") else translation.removesuffix(".")


def _scale(settings: Settings) -> float:
    return QUICK if settings["quick"] else float(settings["scale"])


def _document(settings: Settings) -> Path:
    kind = settings["kind"]
    folder = Path(settings["folder"]) / f"{kind}-{_scale(settings):g}"
    folder.mkdir(exist_ok=True)
    return folder / f"document.{kind}"


def _plain(settings: Settings) -> Path:
    return _document(settings).with_name("plain.txt")


CASES = {
    name: {"kind": kind, "model": "en-de", "scale": scale}
    for name, kind, scale in (
        ("SRT of 2,000 cues", "srt", 1),
        ("HTML of 1 MB", "html", 1),
        ("HTML of 100 kB", "html", 0.1),
        ("DOCX of 300 pages", "docx", 1),
        ("DOCX of 30 pages", "docx", 0.1),
    )
}
ROW = Row(
    title="a document beside the plain sentences in it, each by the whole command",
    unit="segments",
    cases=CASES,
    contestants=[
        Contestant("the document", as_document),
        Contestant("its segments as lines", as_plain_lines),
    ],
    agree=same_lines(0.98),
    prepare=prepare,
    long=["HTML of 1 MB", "DOCX of 300 pages"],
    targets={name: {"its segments as lines": 1 / 1.3} for name in CASES},
)
