"""Estimation of n-gram models: whole commands, from text to file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from ..core import Clock, Contestant, Outcome, Row, Settings, close

MEMORY = "1G"  # lmplz's default sizes a table by the machine's, which costs seconds
FEW = 5_000  # lines for NLTK


def prepare(settings: Settings) -> None:
    from ..english import prepared

    folder = Path(settings["folder"])
    path = prepared(folder, "train")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "few.txt").write_text("".join(lines[:FEW]), encoding="utf-8")


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    text, out = _text(settings), Path(settings["folder"]) / "lm.arpa"
    command = [sys.executable, "-m", "seqkit", "lm", "ngram", "--order", str(settings["order"])]
    with clock:
        _run([*command, "--memory", MEMORY, "-o", str(out), str(text)])
    return _outcome(text, _size(out))


def by_lmplz(settings: Settings, clock: Clock) -> Outcome | None:
    """KenLM's own program: `--set kenlm=BIN` names its folder."""
    if "kenlm" not in settings:
        return None
    text, out = _text(settings), Path(settings["folder"]) / "kenlm.arpa"
    options = ["-o", str(settings["order"]), "-S", MEMORY, "-T", f"{settings['folder']}/"]
    with clock:
        _run([f"{settings['kenlm']}/lmplz", *options, "--text", str(text), "--arpa", str(out)])
    return _outcome(text, _size(out))


def by_nltk(settings: Settings, clock: Clock) -> Outcome | None:
    """NLTK in memory; it is too slow for more than a few lines."""
    if settings["lines"] > FEW:
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
    name = "few" if settings["quick"] or settings["lines"] <= FEW else "train"
    return Path(settings["folder"]) / f"{name}.txt"


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


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


def _outcome(text: Path, figures: dict[str, int]) -> Outcome:
    return Outcome(len(text.read_text(encoding="utf-8").splitlines()), figures)


ROW = Row(
    title="estimation of n-gram models, from text to ARPA",
    unit="lines",
    cases={
        "order 5, Tatoeba's English": {"order": 5, "lines": 1_000_000},
        "order 3, 5,000 lines": {"order": 3, "lines": FEW},
    },
    contestants=[
        Contestant("seqkit lm ngram", by_seqkit),
        Contestant("KenLM lmplz", by_lmplz),
        Contestant("NLTK", by_nltk, peer="nltk"),
    ],
    agree=close(0.001),
    prepare=prepare,
)
