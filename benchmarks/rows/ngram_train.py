"""Estimation of n-gram models: whole commands, from text to file.

KenLM's programs are no package: compile them from its sources (`pip download --no-deps --no-binary
:all: kenlm==0.3.0`, with cmake, `-DKENLM_MAX_ORDER=6` and Boost's program_options, system and
thread), and put lmplz, query and build_binary on the PATH or into `kenlm` of the cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close
from ..machine import KENLM, SEQKIT, programs_of_kenlm, said_by

MEMORY = "1G"  # lmplz's default sizes a table by the machine's, which costs seconds
FEW = 5_000  # lines for NLTK


def prepare(settings: Settings) -> None:
    from ..english import grown, prepared
    from ..machine import whole

    folder = Path(settings["folder"])
    path = prepared(folder, "train")
    if _copies(settings) > 1:
        grown(path, _copies(settings))

    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    with whole(folder / "few.txt") as part:
        part.write_text("".join(lines[:FEW]), encoding="utf-8")


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    is_arpa = settings["to"] == "arpa"
    text, out = _text(settings), Path(settings["folder"]) / ("lm.arpa" if is_arpa else "lm.bin")
    options = ["--order", str(settings["order"]), "--memory", MEMORY]
    with clock:
        said_by([*SEQKIT, "lm", "ngram", *options, "-o", out, text])
    return _outcome(text, _size(out) if is_arpa else _size_of_binary(out))


def by_kenlm(settings: Settings, clock: Clock) -> Outcome | None:
    """KenLM's own programs: lmplz, then build_binary."""
    programs = programs_of_kenlm(settings)
    if programs is None:
        return None
    text, folder = _text(settings), settings["folder"]
    out = f"{folder}/kenlm.arpa"
    options = ["-o", str(settings["order"]), "-S", MEMORY, "-T", f"{folder}/"]
    with clock:
        said_by([programs / "lmplz", *options, "--text", text, "--arpa", out])
        if settings["to"] == "binary":
            said_by([programs / "build_binary", out, f"{folder}/kenlm.bin"])
    return _outcome(text, _size(Path(out)))


def by_nltk(settings: Settings, clock: Clock) -> Outcome | None:
    """NLTK in memory; it is too slow for more than a few lines."""
    if not _is_short(settings):
        return None
    from nltk.lm import KneserNeyInterpolated
    from nltk.lm.preprocessing import padded_everygram_pipeline

    text = _text(settings)
    lines = [line.split() for line in text.read_text(encoding="utf-8").splitlines()]
    with clock:
        grams, words = padded_everygram_pipeline(settings["order"], lines)
        model: Any = KneserNeyInterpolated(settings["order"])
        model.fit(grams, words)
    return _outcome(text, {"words": len({word for line in lines for word in line})})


def _text(settings: Settings) -> Path:
    copies = _copies(settings)
    name = "few" if _is_short(settings) else "train" if copies == 1 else f"train-{copies}"
    return Path(settings["folder"]) / f"{name}.txt"


def _is_short(settings: Settings) -> bool:
    return bool(settings["quick"]) or _copies(settings) == 0


def _copies(settings: Settings) -> int:
    """How many times over the text is taken; 0: its first lines alone."""
    return 0 if settings["quick"] else int(settings["copies"])


def _size(arpa: Path) -> dict[str, int]:
    """n-grams of each order, and words without <s>, </s> and <unk>, from an ARPA's head."""
    sizes = {}
    with arpa.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("ngram "):
                order, count = line[6:].split("=")
                sizes[f"{order}-grams"] = int(count)
            elif sizes and not line.strip():
                break
    return {**sizes, "words": sizes["1-grams"] - 3}


def _size_of_binary(path: Path) -> dict[str, int]:
    from seqkit import ngram

    sizes = {f"{n}-grams": len(level.scores) for n, level in enumerate(ngram.load(path).grams, 1)}
    return {**sizes, "words": sizes["1-grams"] - 3}


def _outcome(text: Path, figures: dict[str, int]) -> Outcome:
    return Outcome(len(text.read_text(encoding="utf-8").splitlines()), figures)


ROW = Row(
    title="estimation of n-gram models, from text to file",
    unit="lines",
    cases={
        "order 5, Tatoeba's English": {"order": 5, "copies": 1, "to": "arpa"},
        "order 5, 17 copies, to the binary": {"order": 5, "copies": 17, "to": "binary"},
        "order 3, 5,000 lines": {"order": 3, "copies": 0, "to": "arpa"},
    },
    contestants=[
        Contestant("seqkit lm ngram", by_seqkit),
        Contestant("KenLM's programs", by_kenlm, needs=KENLM),
        Contestant("NLTK", by_nltk, peer="nltk"),
    ],
    agree=close(0.001),
    prepare=prepare,
    targets={
        "order 5, Tatoeba's English": {"KenLM's programs": 0.33},
        "order 5, 17 copies, to the binary": {"KenLM's programs": 1.25},
    },
)
