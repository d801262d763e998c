"""CTC decoding with a 5-gram beside pyctcdecode, in CPU seconds of one core, A B A B:

    OMP_NUM_THREADS=1 taskset -c 1 python benchmarks/ctc_speed.py FOLDER --peer PYTHON

FOLDER takes the outputs and the model. PYTHON is the interpreter of an environment with pyctcdecode
and kenlm, which reads the same files. The outputs are made, not recorded: sentences of Multi30k's
test text as peaked log probabilities with blanks, repeats, confusions and noise, of characters (32
labels) and of 700 subwords. The model is of Multi30k's training text.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SENTENCES = 10
ROUNDS = 2
MARKS = ["<pad>", "<s>", "</s>", "<unk>"]
LETTERS = [*MARKS, "|", *"abcdefghijklmnopqrstuvwxyz'"]
PIECES = 700
CONFUSED = {"clear": 0.03, "noisy": 0.12, "very noisy": 0.25}  # frames in which another is likely


def words_of(line):
    return " ".join(re.sub(r"[^a-z' ]+", " ", line.lower()).split())


def outputs(ids, labels, confused, pause, rng):
    """Log probabilities of labels, (T, V), with about `pause` blank frames between them."""
    frames = []
    for i in ids:
        frames += [0] * int(rng.integers(pause - 2, pause + 3))
        frames += [i] * int(rng.integers(1, 3))
    frames += [0] * pause

    said = np.array(frames)
    every = np.arange(len(said))
    logits = rng.normal(0, 1, (len(said), labels))
    logits[every, said] += 10
    logits[:, 0] += rng.normal(6, 1.5, len(said))  # the blank is never far

    rows = every[rng.random(len(said)) < confused]
    others = rng.integers(len(MARKS), labels, len(rows))
    logits[rows, others] += rng.normal(10, 1.5, len(rows))
    logits -= np.log(np.exp(logits).sum(1, keepdims=True))
    return logits.astype(np.float32)


def prepare(folder):
    """The outputs, their labels and the model, written once."""
    from seqkit import ngram
    from seqkit.data.files import read_lines
    from seqkit.recipes import corpora

    if (folder / "ctc.arpa").exists():
        return
    paths = corpora().locate("multi30k", ["train.en.gz", "test_2016_flickr.en.gz"])
    train, test = [[words_of(line) for line in read_lines(path)] for path in paths]
    ngram.save(ngram.train(train, order=5), folder / "ctc.arpa")

    by_letter = {letter: i for i, letter in enumerate(LETTERS)}
    spelled = [[by_letter[c] for c in line.replace(" ", "|")] for line in test]
    write(folder, "letters", LETTERS, spelled, test, pause=4)
    pieces, split = subwords(folder, train, test)
    write(folder, "pieces", pieces, split, test, pause=10)


def subwords(folder, train, test):
    """The labels of a SentencePiece model, and the ids of each line."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(train),
        model_prefix=str(folder / "pieces"),
        vocab_size=PIECES - 1,
        model_type="bpe",
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    labels = [model.id_to_piece(i) for i in range(model.get_piece_size())]
    return ["<pad>", *labels], [[i + 1 for i in ids] for ids in model.encode(test)]


def write(folder, kind, labels, ids, test, *, pause):
    (folder / f"{kind}.json").write_text(json.dumps(labels), encoding="utf-8")
    (folder / "spoken.json").write_text(json.dumps(test[:SENTENCES]), encoding="utf-8")
    for name, confused in CONFUSED.items():
        rng = np.random.default_rng(1)
        found = [outputs(each, len(labels), confused, pause, rng) for each in ids[:SENTENCES]]
        np.savez(folder / f"{kind}-{name}.npz", *found)


def cases(folder):
    """Each kind of labels and noise: its name, the labels, the outputs."""
    for kind in ("letters", "pieces"):
        labels = json.loads((folder / f"{kind}.json").read_text(encoding="utf-8"))
        for name in CONFUSED:
            with np.load(folder / f"{kind}-{name}.npz") as arrays:
                yield f"{kind}, {name}", labels, [arrays[key] for key in arrays.files]


def by_seqkit(folder, labels):
    from seqkit import ngram
    from seqkit.search import ctc

    decoder = ctc.Decoder(labels, ngram.load(folder / "ctc.arpa"))
    return lambda array: decoder.decode(array)[0].text


def by_pyctcdecode(folder, labels):
    from pyctcdecode import build_ctcdecoder

    named = ["[PAD]" if label == "<pad>" else label for label in labels]
    decoder = build_ctcdecoder(named, str(folder / "ctc.arpa"))
    return lambda array: decoder.decode(array, beam_width=100)


ENGINES = {"seqkit": by_seqkit, "pyctcdecode": by_pyctcdecode}


def run(engine, folder):
    """Decode everything once to warm up, once to be measured; print what was found."""
    found = {}
    for name, labels, arrays in cases(folder):
        decode = ENGINES[engine](folder, labels)
        texts = [decode(array) for array in arrays]
        began = time.process_time()
        for array in arrays:
            decode(array)
        seconds = time.process_time() - began
        found[name] = {"speed": sum(map(len, arrays)) / seconds, "texts": texts}
    print(json.dumps(found))


def measured(python, engine, folder):
    command = [python, __file__, str(folder), "--run", engine]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def compare(folder, peer):
    spoken = json.loads((folder / "spoken.json").read_text(encoding="utf-8"))
    rounds = []
    for _ in range(ROUNDS):
        pythons = {"seqkit": sys.executable, **({"pyctcdecode": peer} if peer else {})}
        rounds.append({engine: measured(py, engine, folder) for engine, py in pythons.items()})

    for name, _, arrays in cases(folder):
        sizes = [len(array) for array in arrays]
        print(f"{name}: {len(sizes)} utterances of {min(sizes)} to {max(sizes)} frames")
        for engine in rounds[0]:
            speeds = sorted(each[engine][name]["speed"] for each in rounds)
            texts = rounds[0][engine][name]["texts"]
            rate = word_error_rate(texts, spoken)
            shown = ", ".join(f"{speed:,.0f}" for speed in speeds)
            print(f"  {engine:<12} frames per CPU s {shown}; word errors {rate:.2%}")
        if peer:
            both = zip(*(rounds[0][engine][name]["texts"] for engine in ENGINES), strict=True)
            different = [pair for pair in both if pair[0] != pair[1]]
            print(f"  different texts: {len(different)}")
            for pair in different[:3]:
                print("   ", "\n     ".join(pair))


def word_error_rate(texts, spoken):
    errors = sum(distance(a.split(), b.split()) for a, b in zip(texts, spoken, strict=True))
    return errors / sum(len(line.split()) for line in spoken)


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            same = before + (word != other)
            before, row[j] = row[j], min(same, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer", help="the Python of an environment with pyctcdecode and kenlm")
    parser.add_argument("--run", choices=ENGINES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run(given.run, given.folder)
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    prepare(given.folder)
    compare(given.folder, given.peer)


if __name__ == "__main__":
    main()
