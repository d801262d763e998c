"""Mixing and pruning n-gram models of real text: what they cost and what they bring.

    OMP_NUM_THREADS=1 taskset -c 0 python -m benchmarks.quality.ngram_mixing FOLDER

FOLDER takes the models. In-domain: the first 2,000 English lines of Multi30k's training text;
background: Tatoeba's English as in `benchmarks.english`. Weights are fitted on Multi30k's
validation text, figures are of its test text. KenLM's `query` or Python
module reads the ARPA files written.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.english import captions, prepared
from seqkit import ngram
from seqkit.data.files import read_lines
from seqkit.language.mixtures import mix
from seqkit.ngram.dynamic import log_probabilities, mixture
from seqkit.ngram.mixing import interpolate
from seqkit.ngram.pruning import prune, prune_to_size
from seqkit.ngram.text import from_lines

IN_DOMAIN = 2000  # lines
THRESHOLDS = (1e-9, 1e-8, 1e-7, 1e-6)


def timed(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    began = time.process_time()
    found = function(*arguments)
    print(f"{what:<40} {time.process_time() - began:8.2f} CPU s", flush=True)
    return found


def measure_mixtures(
    own: ngram.Model, background: ngram.Model, valid: Sequence[bytes], test: Sequence[bytes]
) -> ngram.Model:
    running = mixture([own, background], [0.5, 0.5])
    parts = timed("both models on the validation text", log_probabilities, running, valid)
    weights = timed("EM", mix, parts).weights
    print("weights", [round(weight, 4) for weight in weights])

    static: ngram.Model = timed("one model of both", interpolate, [own, background], weights)
    running = mixture([own, background], weights)
    for name, model in (  # each over the words of both, or their figures would not compare
        ("in-domain", mixture([own, background], [1, 0])),
        ("background", mixture([own, background], [0, 1])),
        ("mixed as it runs", running),
        ("one model", static),
    ):
        record = timed(name, model.evaluate_blocks, test)
        print(f"{name}: perplexity {record.perplexity:.4f}, {model.tables.sizes} n-grams")
    return static


def measure_halves(lines: Sequence[str], test: Sequence[bytes], order: int) -> None:
    """Two models of one kind of text, mixed either way."""
    halves = [ngram.train(lines[start::2], order=order) for start in (0, 1)]
    for what, mixed in (("as they run", mixture), ("one model", interpolate)):
        figure = mixed(halves, [0.5, 0.5]).evaluate_blocks(test).perplexity
        print(f"two halves of the background, mixed {what}: perplexity {figure:.4f}")


def measure_pruning(model: ngram.Model, test: Sequence[bytes], folder: Path) -> None:
    whole = sum(len(level.keys) for level in model.grams)
    print(f"whole: {whole:,} n-grams, perplexity {model.evaluate_blocks(test).perplexity:.4f}")
    for threshold in THRESHOLDS:
        pruned = timed(f"pruned at {threshold:g}", prune, model, threshold)
        count = sum(len(level.keys) for level in pruned.grams)
        figure = pruned.evaluate_blocks(test).perplexity
        print(f"{threshold:g}: {count:,} n-grams ({count / whole:.1%}), perplexity {figure:.4f}")

    half = timed("pruned to 8 MiB", prune_to_size, model, 8 << 20)
    ngram.save(half, folder / "half.lm")
    size = (folder / "half.lm").stat().st_size
    print(f"to 8 MiB: {size:,} bytes, perplexity {half.evaluate_blocks(test).perplexity:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--order", type=int, default=4)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)

    own = ngram.train(captions("train.en.gz")[:IN_DOMAIN], order=options.order)
    lines = list(read_lines(prepared(options.folder, "train")))
    background = ngram.train(lines, order=options.order)
    valid = list(from_lines(captions("val.en.gz")))
    test = list(from_lines(captions("test_2016_flickr.en.gz")))
    static = measure_mixtures(own, background, valid, test)
    ngram.save(static, options.folder / "mixed.arpa")

    of_background = list(from_lines(read_lines(prepared(options.folder, "test"))))
    measure_halves(lines, of_background, options.order)
    measure_pruning(background, of_background, options.folder)


if __name__ == "__main__":
    main()
