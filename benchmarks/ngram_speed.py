"""n-gram models beside KenLM and NLTK, in CPU seconds of one core:

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/ngram_speed.py FOLDER [--lmplz PATH] [--grown]

FOLDER takes the text and the models. The text: the English column of tatoeba-deu-eng, unique lines in order, lower
case, punctuation apart. `--grown` repeats it 17 times, each time with a tenth of the words drawn anew by frequency:
20 million tokens. lmplz runs with `-S 64M` (its default sizes a table by the machine's memory, which costs seconds).
KenLM's Python module and NLTK are measured if they can be imported.
"""

import argparse
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

from seqkit import ngram
from seqkit.data.files import read_lines
from seqkit.ngram.text import blocks
from seqkit.recipes import corpora

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--lmplz")
parser.add_argument("--grown", action="store_true")
parser.add_argument("--order", type=int, default=5)
options = parser.parse_args()


def tok(line):
    return " ".join(re.findall(r"\w+|[^\w\s]", line.lower()))


def prepared(name):
    """The text of a split, written once."""
    path = options.folder / f"{name}.txt"
    if not path.exists():
        lines = dict.fromkeys(
            line.split("\t")[0]
            for line in read_lines(corpora().locate("tatoeba-deu-eng", [f"{name}.tsv.gz"])[0])
        )
        path.write_text("".join(f"{tok(line)}\n" for line in lines), encoding="utf-8")
    return path


def grown(path, times=17):
    out = path.with_name("grown.txt")
    if not out.exists():
        rng = random.Random(1)
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        pool = [word for line in lines for word in line]
        with out.open("w", encoding="utf-8") as file:
            for copy in range(times):
                for line in lines:
                    words = [
                        rng.choice(pool) if copy and rng.random() < 0.1 else word for word in line
                    ]
                    file.write(" ".join(words) + "\n")
    return out


def run(what, *command):
    """CPU seconds and peak memory of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [str(part) for part in command],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{what:<44} {seconds:8.2f} CPU s   (peak of all so far {after.ru_maxrss / 1024:.0f} MB)",
        flush=True,
    )


options.folder.mkdir(exist_ok=True)
train, test = prepared("train"), prepared("test")
text = grown(train) if options.grown else train
order, folder = options.order, options.folder
seqkit = [sys.executable, "-m", "seqkit", "lm", "ngram", "--order", order]
for _ in range(1 if options.grown else 3):
    run("seqkit lm ngram, binary", *seqkit, "-o", folder / "lm.bin", text)
    if options.lmplz:
        shell = f"{options.lmplz} -o {order} -S 64M --text {text} --arpa {folder / 'kenlm.arpa'}"
        run("lmplz -S 64M, ARPA", "bash", "-c", shell)
run("seqkit lm ngram, ARPA", *seqkit, "-o", folder / "lm.arpa", text)

for name in ("lm.bin",):
    model = ngram.load(folder / name)
    sources = [block for path in [train] for block in blocks(path)]
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        tokens = model.evaluate_blocks(sources).tokens
        best = min(best, time.process_time() - began)
    print(
        f"perplexity of {tokens:,} tokens, order {order}: {tokens / best / 1e6:.2f} M tokens per CPU second"
    )
    record = model.evaluate_blocks(blocks(test))
    print(f"test perplexity {record.perplexity:.6f} / {record.perplexity_without_oov:.6f}")

try:
    import kenlm
except ImportError:
    print("kenlm is not installed")
else:
    other = kenlm.Model(str(folder / "lm.arpa"))
    lines = test.read_text(encoding="utf-8").splitlines()
    total = sum(other.score(line) for line in lines)
    print(f"kenlm on seqkit's ARPA: test perplexity {10 ** (-total / record.tokens):.6f}")
    lines = train.read_text(encoding="utf-8").splitlines()
    began = time.process_time()
    for line in lines:
        other.score(line)
    print(
        f"kenlm's score(line): {tokens / (time.process_time() - began) / 1e6:.2f} M tokens per CPU second"
    )

try:
    from nltk.lm import KneserNeyInterpolated
    from nltk.lm.preprocessing import padded_everygram_pipeline
except ImportError:
    print("nltk is not installed")
else:
    lines = [line.split() for line in train.read_text(encoding="utf-8").splitlines()[:5000]]
    began = time.process_time()
    grams, words = padded_everygram_pipeline(3, lines)
    slow = KneserNeyInterpolated(3)
    slow.fit(grams, words)
    print(f"NLTK trains order 3 on 5,000 lines in {time.process_time() - began:.2f} CPU s")
    began, count = time.process_time(), 0
    for line in lines[:5]:
        for i, word in enumerate(line):
            slow.logscore(word, line[max(0, i - 2) : i])
            count += 1
    print(f"NLTK scores {count / (time.process_time() - began):.0f} tokens per CPU second")
    began = time.process_time()
    ngram.train([" ".join(line) for line in lines], order=3)
    print(f"seqkit trains the same in {time.process_time() - began:.2f} CPU s")
