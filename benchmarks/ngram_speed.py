"""n-gram models beside KenLM and NLTK, in CPU seconds of one core:

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/ngram_speed.py FOLDER \\
        [--kenlm BIN] [--copies N]

FOLDER takes the text and the models. The text: the English column of tatoeba-deu-eng, unique lines
in order, lower case, punctuation apart. `--copies` repeats it, each time with a tenth of the words
drawn anew by frequency: 17 copies are 20 million tokens, 92 are 100 million words. BIN is the
folder of KenLM's lmplz, build_binary and query. lmplz gets as much memory as `seqkit lm ngram`
(its default sizes a table by the machine's, which costs seconds). KenLM's Python module and NLTK
are measured if they can be imported.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

from seqkit import ngram
from seqkit.data.files import read_lines
from seqkit.ngram.text import blocks
from seqkit.recipes import corpora

MEMORY = "1G"  # for estimation


def words_of(line):
    return " ".join(re.findall(r"\w+|[^\w\s]", line.lower()))


def prepared(folder, name):
    """The text of a split, written once."""
    path = folder / f"{name}.txt"
    if not path.exists():
        (source,) = corpora().locate("tatoeba-deu-eng", [f"{name}.tsv.gz"])
        lines = dict.fromkeys(line.split("\t")[0] for line in read_lines(source))
        text = "".join(f"{words_of(line)}\n" for line in lines)
        path.write_text(text, encoding="utf-8")
    return path


def grown(path, copies):
    """The text many times over, each time with other words here and there."""
    out = path.with_name(f"train-{copies}.txt")
    if out.exists():
        return out

    rng = random.Random(1)
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    pool = [word for line in lines for word in line]
    with out.open("w", encoding="utf-8") as file:
        for copy in range(copies):
            share = 0.1 if copy else 0.0
            for line in lines:
                words = [rng.choice(pool) if rng.random() < share else word for word in line]
                file.write(" ".join(words) + "\n")
    return out


def run(what, *command, stdin=None):
    """Print CPU seconds and peak memory of a command."""
    arguments = [str(part) for part in command]
    quiet = subprocess.DEVNULL
    with (stdin or Path(os.devnull)).open() as given:
        process = subprocess.Popen(arguments, stdin=given, stdout=quiet, stderr=quiet)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, arguments

    seconds = used.ru_utime + used.ru_stime
    peak = used.ru_maxrss / 1024
    print(f"{what:<44} {seconds:8.2f} CPU s   peak {peak:5.0f} MB", flush=True)


def train(options, text):
    folder = options.folder
    seqkit = [sys.executable, "-m", "seqkit", "lm", "ngram", "--order", options.order]
    memory = ["--memory", MEMORY]
    for _ in range(1 if options.copies > 1 else 3):
        run("seqkit lm ngram, binary", *seqkit, *memory, "-o", folder / "lm.bin", text)
        if options.kenlm:
            arpa = folder / "kenlm.arpa"
            settings = ["-o", options.order, "-S", MEMORY, "-T", f"{folder}/", "--text", text]
            run("lmplz, ARPA", options.kenlm / "lmplz", *settings, "--arpa", arpa)
            run("build_binary", options.kenlm / "build_binary", arpa, folder / "kenlm.bin")


def measure(options, text):
    """Perplexity by the commands, from their start to their end."""
    seqkit = [sys.executable, "-m", "seqkit", "lm", "perplexity"]
    query = [options.kenlm / "query", "-v", "summary"] if options.kenlm else []
    for _ in range(3):
        run("seqkit lm perplexity", *seqkit, "-m", options.folder / "lm.bin", text)
        if query:
            run("query", *query, options.folder / "kenlm.bin", stdin=text)


def score(options, train_text, test_text):
    """Print our speed and figures; return how many tokens the train and the test text have."""
    model = ngram.load(options.folder / "lm.bin")
    sources = list(blocks(train_text))

    times = []
    for _ in range(3):
        began = time.process_time()
        tokens = model.evaluate_blocks(sources).tokens
        times.append(time.process_time() - began)
    speed = tokens / min(times) / 1e6
    print(f"perplexity of {tokens:,} tokens, order {options.order}: {speed:.2f} M tokens/CPU s")

    record = model.evaluate_blocks(blocks(test_text))
    print(f"test perplexity {record.perplexity:.6f} / {record.perplexity_without_oov:.6f}")
    return tokens, record.tokens


def score_by_kenlm(options, train_text, test_text, train_tokens, test_tokens):
    try:
        import kenlm
    except ImportError:
        print("kenlm is not installed")
        return
    model = kenlm.Model(str(options.folder / "lm.arpa"))

    lines = test_text.read_text(encoding="utf-8").splitlines()
    total = sum(model.score(line) for line in lines)
    print(f"kenlm on seqkit's ARPA: test perplexity {10 ** (-total / test_tokens):.6f}")

    lines = train_text.read_text(encoding="utf-8").splitlines()
    began = time.process_time()
    for line in lines:
        model.score(line)
    speed = train_tokens / (time.process_time() - began) / 1e6
    print(f"kenlm's score(line): {speed:.2f} M tokens per CPU second")


def train_by_nltk(train_text):
    try:
        from nltk.lm import KneserNeyInterpolated
        from nltk.lm.preprocessing import padded_everygram_pipeline
    except ImportError:
        print("nltk is not installed")
        return
    lines = [line.split() for line in train_text.read_text(encoding="utf-8").splitlines()[:5000]]

    began = time.process_time()
    grams, words = padded_everygram_pipeline(3, lines)
    model = KneserNeyInterpolated(3)
    model.fit(grams, words)
    print(f"NLTK trains order 3 on 5,000 lines in {time.process_time() - began:.2f} CPU s")

    began = time.process_time()
    count = 0
    for line in lines[:5]:
        for i, word in enumerate(line):
            model.logscore(word, line[max(0, i - 2) : i])
            count += 1
    print(f"NLTK scores {count / (time.process_time() - began):.0f} tokens per CPU second")

    began = time.process_time()
    ngram.train([" ".join(line) for line in lines], order=3)
    print(f"seqkit trains the same in {time.process_time() - began:.2f} CPU s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kenlm", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--order", type=int, default=5)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)

    train_text = prepared(options.folder, "train")
    test_text = prepared(options.folder, "test")
    text = grown(train_text, options.copies) if options.copies > 1 else train_text
    train(options, text)
    measure(options, text)
    if options.copies > 1:
        return

    seqkit = [sys.executable, "-m", "seqkit", "lm", "ngram", "--order", options.order]
    run("seqkit lm ngram, ARPA", *seqkit, "-o", options.folder / "lm.arpa", text)
    tokens = score(options, train_text, test_text)
    score_by_kenlm(options, train_text, test_text, *tokens)
    train_by_nltk(train_text)


if __name__ == "__main__":
    main()
