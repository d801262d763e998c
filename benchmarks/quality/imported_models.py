"""A CTranslate2 model opened by seqkit, beside CTranslate2 itself, both in float32.

    python -m benchmarks.quality.imported_models MODEL SOURCE REFERENCE [--beam 4] [--lines 300]

MODEL is an Argos package or a CTranslate2 folder. Each line is translated whole, by the same pieces
and settings, on one thread; printed are the share of identical translations, BLEU and CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import ctranslate2
import sacrebleu
import torch

import seqkit
from seqkit.data.files import read_lines
from seqkit.translation.translator import Translator

_BATCH = 32  # lines
_LONGER = 256  # so that only CTranslate2's own limit remains
_LIMIT = 256  # tokens of an output


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("--beam", type=int, default=4)
    parser.add_argument("--lines", type=int)
    given = parser.parse_args()

    sources = list(islice(read_lines(given.source), given.lines))
    references = list(islice(read_lines(given.reference), given.lines))
    torch.set_num_threads(1)
    translator = seqkit.load(given.model, device="cpu", task="translation")

    ours, our_seconds = timed(translate, translator, sources, given.beam)
    theirs, their_seconds = timed(by_ctranslate2, given.model, translator, sources, given.beam)

    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    print(
        f"{len(sources):,} lines, beam {given.beam}: {same / len(sources):.2%} identical ({same})"
    )
    for name, outputs, seconds in (
        ("seqkit", ours, our_seconds),
        ("CTranslate2", theirs, their_seconds),
    ):
        bleu = sacrebleu.corpus_bleu(outputs, [references]).score
        print(f"{name:12} BLEU {bleu:.2f}  {seconds:.0f} CPU s", flush=True)

    for source, mine, other in zip(sources, ours, theirs, strict=True):
        if mine != other:
            print(json.dumps([source, mine, other], ensure_ascii=False))


def timed(function: Callable[..., list[str]], *arguments: Any) -> tuple[list[str], float]:
    started = time.process_time()
    outputs = function(*arguments)
    return outputs, time.process_time() - started


def translate(translator: Translator, sources: list[str], beam: int) -> list[str]:
    return translator.translate(
        sources, beam=beam, split=False, max_length=_LIMIT, max_extra=_LONGER
    )


def by_ctranslate2(model: Path, opened: Translator, sources: list[str], beam: int) -> list[str]:
    """The same by CTranslate2, with the tokenizers of the opened model."""
    with tempfile.TemporaryDirectory() as folder:
        engine = ctranslate2.Translator(
            str(ctranslate2_folder(model, Path(folder))),
            compute_type="float32",
            inter_threads=1,
            intra_threads=1,
        )
    pieces = [opened.source.token_strings(source.strip()) for source in sources]
    results = engine.translate_batch(
        pieces, max_batch_size=_BATCH, beam_size=beam, max_decoding_length=_LIMIT
    )
    return [opened.target.join(result.hypotheses[0]).strip() for result in results]


def ctranslate2_folder(model: Path, scratch: Path) -> Path:
    """`model`, or the folder in an Argos package, unpacked into `scratch`."""
    if model.is_file():
        with zipfile.ZipFile(model) as package:
            package.extractall(scratch)
    (path,) = (model if model.is_dir() else scratch).rglob("model.bin")
    return path.parent


if __name__ == "__main__":
    main()
