"""Perplexity of a text by an n-gram model: whole commands, from file to figure."""

from __future__ import annotations

from pathlib import Path

from ..core import Clock, Contestant, Outcome, Row, Settings, close
from ..machine import KENLM, SEQKIT, programs_of_kenlm, said_by

ORDER = 5


def prepare(settings: Settings) -> None:
    """The text, and the model of it in each program's binary format."""
    from seqkit import ngram

    from ..english import grown, prepared
    from ..machine import whole

    folder, copies = Path(settings["folder"]), _copies(settings)
    prepared(folder, "test")
    text = prepared(folder, "train")
    if copies > 1:
        text = grown(text, copies)

    ours, theirs = _ours(settings), _theirs(settings)
    if not ours.exists():
        said_by([*SEQKIT, "lm", "ngram", "--order", str(ORDER), "-o", ours, text])
    programs = programs_of_kenlm(settings)
    if programs is not None and not theirs.exists():
        arpa = folder / f"{copies}.arpa"
        ngram.save(ngram.load(ours), arpa)
        with whole(theirs) as part:
            said_by([programs / "build_binary", arpa, part])
        arpa.unlink()


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    from seqkit.parsing import json_of

    command = [*SEQKIT, "lm", "perplexity", "--json", "-m", _ours(settings), _text(settings)]
    with clock:
        said = said_by(command)
    found = json_of(said)
    figures = {
        "perplexity": found["perplexity"],
        "without OOV": found["perplexity_without_oov"],
        "OOV": found["oov"],
    }
    return Outcome(found["tokens"], figures)


def by_kenlm(settings: Settings, clock: Clock) -> Outcome | None:
    """KenLM's `query`."""
    programs = programs_of_kenlm(settings)
    if programs is None:
        return None
    query = [programs / "query", "-v", "summary", _theirs(settings)]
    with clock:
        said = said_by(query, _text(settings))
    found = dict(line.split(":\t") for line in said.splitlines())
    figures = {
        "perplexity": float(found["Perplexity including OOVs"]),
        "without OOV": float(found["Perplexity excluding OOVs"]),
        "OOV": int(found["OOVs"]),
    }
    return Outcome(int(found["Tokens"]), figures)


def _copies(settings: Settings) -> int:
    """How many times over the text of the model is taken."""
    return 1 if settings["quick"] else int(settings["copies"])


def _ours(settings: Settings) -> Path:
    return Path(settings["folder"]) / f"{_copies(settings)}.lm"


def _theirs(settings: Settings) -> Path:
    return Path(settings["folder"]) / f"{_copies(settings)}.kenlm"


def _text(settings: Settings) -> Path:
    copies = _copies(settings)
    name = "test" if settings["quick"] else "train" if copies == 1 else f"train-{copies}"
    return Path(settings["folder"]) / f"{name}.txt"


ROW = Row(
    title="perplexity by an n-gram model of order 5, the whole command",
    unit="tokens",
    cases={
        "Tatoeba's English": {"copies": 1},
        "17 copies": {"copies": 17},
    },
    contestants=[
        Contestant("seqkit lm perplexity", by_seqkit),
        Contestant("KenLM's query", by_kenlm, needs=KENLM),
    ],
    agree=close(1e-5),
    prepare=prepare,
    targets={
        "Tatoeba's English": {"KenLM's query": 0.7},
        "17 copies": {"KenLM's query": 0.7},
    },
)
