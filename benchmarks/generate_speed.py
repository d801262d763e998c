"""Our engines beside transformers' `generate`, on the same weights.

    taskset -c 1 python benchmarks/generate_speed.py sentences.en --python VENV/bin/python

The shipped model is exported as a Hugging Face folder, which the other Python (with transformers,
torch and sentencepiece) runs by `generate`: lines sorted by length, in batches of 64, with a beam
of 5, and at most as many tokens as our limit allows the longest line of a batch. Figures are CPU
seconds from text to text, start-up not counted. How many lines are the same tells whether both did
the same work: a model that transformers misreads may never end its sentences.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import seqkit

SCRIPT = """
import sys, time
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

folder, source, output = sys.argv[1:]
torch.set_num_threads(1)
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
texts = open(source, encoding="utf-8").read().splitlines()
order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
found = [""] * len(texts)
start = time.process_time()
for first in range(0, len(order), 64):
    batch = order[first : first + 64]
    inputs = tokenizer([texts[i] for i in batch], return_tensors="pt", padding=True)
    longest = 2 * inputs["input_ids"].shape[1] + 10
    with torch.inference_mode():
        ids = model.generate(**inputs, num_beams=5, max_new_tokens=longest)
    for i, text in zip(batch, tokenizer.batch_decode(ids, skip_special_tokens=True)):
        found[i] = text
print(time.process_time() - start)
open(output, "w", encoding="utf-8").write("".join(text + "\\n" for text in found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--python", required=True, help="one with transformers")
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    texts = given.source.read_text(encoding="utf-8").splitlines()

    with tempfile.TemporaryDirectory() as name:
        model, theirs = Path(name) / "model", Path(name) / "theirs.txt"
        export = ["seqkit", "export", "--to", "huggingface", "--out", str(model)]
        subprocess.run([sys.executable, "-m", *export], check=True, stdout=subprocess.DEVNULL)

        script = [given.python, "-c", SCRIPT, str(model), str(given.source), str(theirs)]
        for _ in range(given.rounds):
            told = subprocess.run(
                script, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            print(f"generate              {float(told.stdout.split()[-1]):6.2f} CPU s", flush=True)
            for engine, compute in (
                ("torch", "float32"),
                ("ctranslate2", "float32"),
                ("ctranslate2", "int8"),
            ):
                outputs, seconds = _translate(texts, engine, compute)
                same = sum(a == b for a, b in zip(outputs, _lines(theirs), strict=True))
                print(
                    f"{engine:11} {compute:8}  {seconds:6.2f} CPU s, "
                    f"{same:,} of {len(texts):,} lines are generate's",
                    flush=True,
                )


def _translate(texts: list[str], engine: str, compute: str) -> tuple[list[str], float]:
    translator = seqkit.load(device="cpu", engine=engine, compute=compute)
    start = time.process_time()
    outputs = translator.translate(texts, split=False)
    return outputs, time.process_time() - start


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
