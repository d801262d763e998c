"""`seqkit translate -i FILE` beside a script of twenty lines on CTranslate2.

    taskset -c 1 python benchmarks/engine_speed.py sentences.en --rounds 2

Both translate the file by the shipped model with a beam of 5 in float32, from the start of the
process to its end, by the same SentencePiece model, in turns. Figures are CPU seconds of the whole
process; translations are compared, too.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--compute", default="float32")
    parser.add_argument("--beam", default="5")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "model"
        _run([*_SEQKIT, "export", "--to", "ctranslate2", "--out", model])

        ours, theirs = folder / "ours.txt", folder / "theirs.txt"
        options = ["--beam", given.beam, "--compute", given.compute]
        seqkit = [*_SEQKIT, "translate", *options, "-i", given.source, "-o", ours]
        script = [sys.executable, "-c", SCRIPT, model, given.source, theirs]
        script += [given.compute, given.beam]
        commands = {"seqkit translate": seqkit, "the script": script}
        for _ in range(given.rounds):
            for what, command in commands.items():
                print(f"{what:16}  {_run(command):6.2f} CPU s", flush=True)

        pairs = zip(_lines(ours), _lines(theirs), strict=True)
        same = sum(a == b for a, b in pairs)
        print(f"{same:,} of {len(_lines(ours)):,} lines are the same")


_SEQKIT = [sys.executable, "-m", "seqkit"]


def _run(command: list[object]) -> float:
    """CPU seconds of a command and its threads."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(part) for part in command], check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
