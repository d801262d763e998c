"""What CTranslate2 makes of a test set in each type of numbers, beside our own search.

    taskset -c 1 python -m benchmarks.quality.engine_equality test.tsv.gz --lines 500

The shipped model translates the first lines of a file of pairs (target language first, as Tatoeba's
are, with --columns 2,1) by its own settings. Identical lines, BLEU by the references, CPU seconds.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import seqkit
from seqkit.metrics import bleu
from seqkit.translation.evaluation import read_test_set


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--columns", default="1,2")
    given = parser.parse_args()

    first, second = (int(column) for column in given.columns.split(","))
    data = read_test_set([given.pairs], (first, second))
    sources = data.sources[: given.lines]
    references = [column[: given.lines] for column in data.references]

    wanted = _translate("torch", "float32", sources, references, None)
    for compute in ("float32", "int8"):
        _translate("ctranslate2", compute, sources, references, wanted)


def _translate(
    engine: str,
    compute: str,
    sources: list[str],
    references: list[list[str | None]],
    wanted: list[str] | None,
) -> list[str]:
    translator = seqkit.load(device="cpu", engine=engine, compute=compute)
    translator.translate(sources[:5])
    start = time.process_time()
    outputs = translator.translate(sources)
    seconds = time.process_time() - start

    same = sum(a == b for a, b in zip(outputs, wanted or outputs, strict=True))
    print(
        f"{engine:12} {compute:8} {same:,} of {len(outputs):,} identical, "
        f"BLEU {bleu(outputs, references).score:.2f}, {seconds:.2f} CPU s",
        flush=True,
    )
    return outputs


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
