"""Do other programs translate an exported model as seqkit does? Identical lines, and BLEU.

SEQKIT_CORPORA=… python -m benchmarks.quality.exported_models [RUN] [--lines 500] [--to argos]

For each target of `seqkit export`: the share of lines that are identical to those of our own
search, and BLEU of both against the references of the corpus.
"""

import argparse
import tempfile
from pathlib import Path

from click.testing import CliRunner

import seqkit
from seqkit.cli.main import cli
from seqkit.metrics.overlap import bleu
from seqkit.recipes import corpora
from seqkit.translation.evaluation import read_test_set
from seqkit.translation.exporters import check

TARGETS = [
    ("ctranslate2", "float32", "folder"),
    ("ctranslate2", "bfloat16", "folder"),
    ("ctranslate2", "int16", "folder"),
    ("ctranslate2", "int8", "folder"),
    ("argos", "int8", "en-de.argosmodel"),
    ("huggingface", "float32", "folder"),
    ("run", "float16", "run.zip"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", nargs="?", default="en-de")
    parser.add_argument("--corpus", default="tatoeba-deu-eng")
    parser.add_argument("--languages", nargs=2, default=["en", "de"])
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--to", nargs="+", default=["ctranslate2", "argos", "huggingface", "run"])
    options = parser.parse_args()

    (path,) = corpora().locate(options.corpus, ["test.tsv.gz"])
    test = read_test_set([path])
    sources = test.sources[: options.lines]
    references = [column[: options.lines] for column in test.references]

    translator = seqkit.load(options.run, device="cpu", engine="torch")
    ours = translator.translate(sources, split=False)
    own = bleu(ours, references).score
    print(f"{len(sources)} lines of {path.name}; seqkit: BLEU {own:.2f}")
    print("| to | numbers | identical | BLEU | by |\n|---|---|---|---|---|")
    for to, compute, name in TARGETS:
        if to not in options.to:
            continue
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / name
            arguments = ["-m", options.run, "--to", to, "--compute", compute, "-o", str(out)]
            CliRunner().invoke(
                cli,
                ["export", *arguments, "--languages", *options.languages],
                catch_exceptions=False,
            )
            program, theirs = check.translated_by(to, translator, out, sources)
        same = sum(a == b for a, b in zip(ours, theirs, strict=True))
        score = bleu(theirs, references).score
        print(
            f"| {to} | {compute} | {same / len(ours):.1%} | {score:.2f} | {program} |", flush=True
        )


if __name__ == "__main__":
    main()
