"""`seqkit translate -i FILE`, the whole command, beside a script of twenty lines on CTranslate2."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from ..core import Clock, Contestant, Outcome, Row, Settings, same_lines
from ..machine import SEQKIT, said_by

LINES, QUICK = 2_000, 50
SCRIPT = """
import sys
import ctranslate2
import sentencepiece

folder, source, output, compute, beam = sys.argv[1:]
pieces = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/sentencepiece.model")
translator = ctranslate2.Translator(
    folder, compute_type=compute, inter_threads=1, intra_threads=1
)
with open(source, encoding="utf-8") as lines, open(output, "w", encoding="utf-8") as out:
    texts = [line.rstrip("\\n") for line in lines]
    for start in range(0, len(texts), 500):
        tokens = pieces.encode(texts[start : start + 500], out_type=str)
        results = translator.translate_batch(
            tokens, beam_size=int(beam), max_batch_size=1500, batch_type="tokens"
        )
        for result in results:
            out.write(pieces.decode(result.hypotheses[0]) + "\\n")
"""


def prepare(settings: Settings) -> None:
    """The shipped model in CTranslate2's format, and the English of Tatoeba's training text."""
    from ..machine import whole
    from ..texts import TATOEBA, lines_of
    from .decode import export

    folder = Path(settings["folder"])
    export(folder)
    if not (folder / "source.txt").exists():
        lines = dict.fromkeys(islice(lines_of(*TATOEBA, 0), 0, None, 37))
        chosen = islice(lines, QUICK if settings["quick"] else LINES)
        with whole(folder / "source.txt") as part:
            part.write_text("".join(f"{line}\n" for line in chosen), encoding="utf-8")


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    folder = Path(settings["folder"])
    options = ["--beam", str(settings["beam"]), "--compute", settings["compute"]]
    files = ["-i", folder / "source.txt", "-o", folder / "ours.txt"]
    with clock:
        said_by([*SEQKIT, "translate", *options, *files])
    return _outcome(folder / "ours.txt")


def by_script(settings: Settings, clock: Clock) -> Outcome:
    folder = Path(settings["folder"])
    files = [folder / "ctranslate2", folder / "source.txt", folder / "theirs.txt"]
    command = [sys.executable, "-c", SCRIPT, *files, settings["compute"], str(settings["beam"])]
    with clock:
        said_by(command)
    return _outcome(folder / "theirs.txt")


def _outcome(path: Path) -> Outcome:
    lines = path.read_text(encoding="utf-8").splitlines()
    return Outcome(len(lines), lines)


ROW = Row(
    title="a file translated by the whole command, from the start of the process to its end",
    unit="lines",
    cases={
        "beam 5, float32": {"beam": 5, "compute": "float32"},
        "beam 5, int8": {"beam": 5, "compute": "int8"},
        "greedy, float32": {"beam": 1, "compute": "float32"},
    },
    contestants=[
        Contestant("seqkit translate -i", by_seqkit),
        Contestant("a script on CTranslate2", by_script, peer="ctranslate2"),
    ],
    agree=same_lines(0.98),
    prepare=prepare,
)
