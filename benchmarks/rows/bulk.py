"""Much text through several processes: whole commands, by the clock."""

from __future__ import annotations

import shutil
from itertools import cycle, islice
from pathlib import Path

from ..core import Clock, Contestant, Outcome, Row, Settings, same_lines
from ..machine import SEQKIT, said_by

QUICK = 400
OPTIONS = ["--engine", "ctranslate2"]


def prepare(settings: Settings) -> None:
    """The English of Tatoeba's training text, its lines as they come, without repeats."""
    from seqkit.data.files import read_lines
    from seqkit.recipes import corpora

    from ..machine import whole

    if _text(settings).exists():
        return
    (path,) = corpora().locate("tatoeba-deu-eng", ["train.tsv.gz"])
    lines = list(dict.fromkeys(line.split("\t")[0] for line in read_lines(path)))
    with whole(_text(settings)) as part:
        chosen = islice(cycle(lines), _lines(settings))
        part.write_text("".join(f"{line}\n" for line in chosen), encoding="utf-8")


def by_bulk(settings: Settings, clock: Clock) -> Outcome:
    """`seqkit bulk translate`: Ray, which it starts and ends, and workers that load the model."""
    out = Path(settings["folder"]) / "bulk"
    shutil.rmtree(out, ignore_errors=True)
    command = [*SEQKIT, "bulk", "translate", *OPTIONS, "--workers", str(settings["workers"])]
    with clock:
        said_by([*command, _text(settings), out])
    return _outcome(sorted(each for each in out.rglob("*.txt")))


def by_translate(settings: Settings, clock: Clock) -> Outcome:
    """`seqkit translate -i` with one thread."""
    out = Path(settings["folder"]) / "translate.txt"
    command = [*SEQKIT, "translate", *OPTIONS, "--threads", "1"]
    with clock:
        said_by([*command, "-i", _text(settings), "-o", out])
    return _outcome([out])


def _outcome(paths: list[Path]) -> Outcome:
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return Outcome(len(lines), lines)


def _lines(settings: Settings) -> int:
    return QUICK if settings["quick"] else int(settings["lines"])


def _text(settings: Settings) -> Path:
    return Path(settings["folder"]) / f"{_lines(settings)}.txt"


ROW = Row(
    title="a file translated by workers on Ray beside one process",
    unit="lines",
    cases={"200,000 lines, 2 workers": {"lines": 200_000, "workers": 2}},
    contestants=[
        Contestant("seqkit bulk translate", by_bulk),
        Contestant("seqkit translate -i", by_translate),
    ],
    agree=same_lines(),
    prepare=prepare,
    by="wall",
    cores=2,
)
