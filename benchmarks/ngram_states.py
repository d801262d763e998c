"""A decoder's inner loop beside KenLM's Python module, in CPU seconds of one core:

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/ngram_states.py FOLDER [--order 5]

FOLDER takes the text and the models of `ngram_speed.py`. Both score the test text, of which no
sentence is in the training text, A B A B: word by word, line by line; seqkit also a beam of 1,000
states at once, whole files and the next words of a prefix. KenLM is measured if `kenlm` can be
imported.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from ngram_speed import prepared

from seqkit import ngram
from seqkit.data.files import read_lines
from seqkit.ngram.text import blocks

ROUNDS = 3
BEAM = 1000
BATCHES = 200


def model_of(folder, order):
    """The model of the training text, trained once, and the name of its ARPA file."""
    arpa = folder / f"states.{order}.arpa"
    if not arpa.exists():
        trained = ngram.train(list(read_lines(prepared(folder, "train"))), order=order)
        ngram.save(trained, arpa)
        ngram.save(trained, arpa.with_suffix(".lm"))
    return ngram.load(arpa.with_suffix(".lm")), arpa


def seconds(function, *arguments):
    began = time.process_time()
    function(*arguments)
    return time.process_time() - began


def by_steps(model, lines):
    step = model.step
    for words in lines:
        state = model.begin()
        for word in words:
            _, state = step(state, word)


def by_kenlm_steps(model, lines):
    from kenlm import State

    for words in lines:
        state, after = State(), State()
        model.BeginSentenceWrite(state)
        for word in words:
            model.BaseScore(state, word, after)
            state, after = after, state


def by_lines(model, lines):
    for line in lines:
        model.score(line)


def beam_of(model, lines):
    """States in the middle of sentences, and words drawn from the text for each."""
    states = []
    for words in lines[:BEAM]:
        state = model.begin()
        for word in words[:4]:
            _, state = model.step(state, word)
        states.append(state)

    ids = model.ids([word for words in lines for word in words])
    rng = np.random.default_rng(1)
    drawn = [rng.choice(ids, len(states)) for _ in range(BATCHES)]
    return model.batch(states), drawn


def by_beams(model, states, drawn):
    for ids in drawn:
        model.step_batch(states, ids)


def scored(model, text):
    for block in text:
        model.score_block(block)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--order", type=int, default=5)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)

    model, arpa = model_of(options.folder, options.order)
    text = [line for line in read_lines(prepared(options.folder, "test")) if line]
    eight = [line for line in text if len(line.split()) == 8]
    lines = [line.split() for line in text]
    words = sum(map(len, lines))
    print(f"built in {seconds(model.begin):.2f} CPU s; {model.tables.sizes} n-grams")

    try:
        import kenlm

        other = kenlm.Model(str(arpa))
    except ImportError:
        other = None
        print("kenlm is not installed")

    states, drawn = beam_of(model, lines)
    whole = list(blocks(prepared(options.folder, "train")))
    tokens = sum(len(model.score_block(block).scores) for block in whole)
    for _ in range(ROUNDS):
        print(f"step {seconds(by_steps, model, lines) / words * 1e6:.2f} µs")
        if other:
            print(f"  kenlm {seconds(by_kenlm_steps, other, lines) / words * 1e6:.2f} µs")
        per_line = seconds(by_lines, model, eight) / len(eight) * 1e6
        print(f"score of a line of 8 words {per_line:.1f} µs")
        if other:
            print(f"  kenlm {seconds(by_lines, other, eight) / len(eight) * 1e6:.1f} µs")
        rate = len(states) * BATCHES / seconds(by_beams, model, states, drawn) / 1e6
        print(f"a beam of {len(states):,}: {rate:.2f} M steps/s")
        print(f"training text: {tokens / seconds(scored, model, whole) / 1e6:.2f} M tokens/s")
        print(f"next words: {seconds(model.next, 'i would like') * 1e3:.1f} ms", flush=True)


if __name__ == "__main__":
    main()
