"""What selecting training text brings: perplexity of models of selected and of random lines.

    OMP_NUM_THREADS=1 taskset -c 0 python -m benchmarks.quality.ngram_selection FOLDER [--lines N]

In-domain: the English of Multi30k's training text, or its first N lines; `--draw FILE` draws the
curves. General: Tatoeba's English, news (newstest2014 and 2017) and the sentences of IMDB's
training reviews, each line once. All
models have the order 4 and the words that occur twice in-domain, other words are `<unk>`: so their
perplexities compare. Sizes are shares of the general text; random lines of as many *lines*, and of
as many *words*, since selected lines differ in length.
"""

import argparse
import math
import random
import re
import time
from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.english import captions, prepared, words_of
from benchmarks.texts import lines_of, news
from seqkit.data.files import read_lines
from seqkit.drawing.canvas import figure, save
from seqkit.language.domains import counted_model, frequent_words
from seqkit.language.mixtures import mix
from seqkit.language.selection import select
from seqkit.ngram import Model
from seqkit.ngram.text import from_lines

ORDER = 4
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)


def general_lines(folder: Path) -> list[str]:
    lines = list(read_lines(prepared(folder, "train")))
    lines += [words_of(line) for line in news()]
    for line in lines_of("imdb", "train.tsv.gz", 2):
        review = line.replace("<br />", " ")
        lines += [words_of(part) for part in re.split(r"(?<=[.!?])\s+", review)]
    return [line for line in dict.fromkeys(lines) if line]


class Models:
    """Models of one vocabulary, and what they say of the validation and the test text."""

    def __init__(self, in_domain: Sequence[str]) -> None:
        self.known = frequent_words(from_lines(in_domain))
        self.valid = list(from_lines(captions("val.en.gz")))
        self.test = list(from_lines(captions("test_2016_flickr.en.gz")))
        self.own = self.model(in_domain)
        self.fitted = self.nats(self.own, self.valid), self.nats(self.own, self.test)

    def model(self, lines: Sequence[str]) -> Model:
        return counted_model(list(from_lines(lines)), self.known, ORDER)

    def nats(self, model: Model, text: Sequence[bytes]) -> Any:
        return model.score_block(b"".join(text)).nats

    def show(self, what: str, lines: Sequence[str]) -> float:
        """Perplexities of a model of these lines, alone and mixed with that of the domain."""
        model = self.model(lines)
        valid = model.evaluate_blocks(self.valid).perplexity
        test = model.evaluate_blocks(self.test)

        mixture = mix([self.fitted[0], self.nats(model, self.valid)])
        total = mixture.log_probability([self.fitted[1], self.nats(model, self.test)])
        mixed = math.exp(-total / test.tokens)
        words = sum(line.count(" ") + 1 for line in lines)
        print(
            f"{what:<28} {len(lines):>9,} lines {words:>11,} words  valid {valid:8.2f}  "
            f"test {test.perplexity:8.2f}  mixed with in-domain {mixed:7.2f}",
            flush=True,
        )
        return valid


def as_many_words(lines: Sequence[str], words: int) -> list[str]:
    found = []
    for line in lines:
        if words <= 0:
            break
        found.append(line)
        words -= line.count(" ") + 1
    return found


def scored(general: Sequence[str], in_domain: Sequence[str]) -> Any:
    """The score of each line, by `select`, which gives every line where all are asked for."""
    began = time.process_time()
    chosen = select(general, in_domain, top=1.0, order=ORDER, tokenizer="whitespace")
    scores = np.array([each.score for each in chosen])
    words = sum(line.count(" ") + 1 for line in general)
    print(f"{words:,} words scored in {time.process_time() - began:.1f} CPU s", flush=True)
    return scores


def draw(path: Path, points: Mapping[str, list[float]], everything: float) -> None:
    picture, axes = figure()
    for what, figures in points.items():
        axes.plot([100 * share for share in SHARES], figures, marker="o", label=what)
    axes.axhline(everything, linestyle="--", color="grey", label="all lines")
    axes.set(
        xscale="log",
        xlabel="lines of the general text, %",
        ylabel="perplexity of Multi30k's validation text",
    )
    axes.set_xticks([100 * share for share in SHARES], [f"{100 * share:g}" for share in SHARES])
    axes.legend()
    save(picture, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int)
    parser.add_argument("--draw", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)

    in_domain = captions("train.en.gz")[: options.lines]
    general = general_lines(options.folder)
    shuffled = random.Random(1).sample(general, len(general))
    models = Models(in_domain)
    alone = models.own.evaluate_blocks(models.test).perplexity
    print(f"in-domain, {len(in_domain):,} lines: test {alone:.2f}")

    kinds = ("selected", "random, as many words", "random, as many lines")
    points: dict[str, list[float]] = {kind: [] for kind in kinds}
    scores = scored(general, in_domain)
    for share in SHARES:
        best = scores <= np.quantile(scores, share)
        lines = list(compress(general, best.tolist()))
        words = sum(line.count(" ") + 1 for line in lines)
        chosen = (lines, as_many_words(shuffled, words), shuffled[: len(lines)])
        for what, some in zip(kinds, chosen, strict=True):
            points[what].append(models.show(f"{what}, {share:.0%}", some))
    everything = models.show("all", general)
    if options.draw:
        draw(options.draw, points, everything)


if __name__ == "__main__":
    main()
