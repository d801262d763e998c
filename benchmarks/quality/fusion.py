"""What a language model in the search brings on Multi30k, German to English.

    OMP_NUM_THREADS=1 taskset -c 0 python -m benchmarks.quality.fusion RUN FOLDER

RUN translates; FOLDER takes the 5-gram models: of the English side of Multi30k's training text, by
words and by the pieces of RUN, and of Tatoeba's English. The weight, and the length penalty of each
search, are chosen on the validation text; the test text is translated with those. Then n-best lists
of the search without a language model are ranked anew by weights tuned on the validation text.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import seqkit
from benchmarks.texts import TATOEBA, lines_of
from seqkit import ngram
from seqkit.metrics.overlap import bleu, chrf
from seqkit.translation.nbest import Entry
from seqkit.translation.rescoring import rescore, tune
from seqkit.translation.translator import Translator

WEIGHTS = (0.05, 0.1, 0.2, 0.3)
LENGTH_PENALTIES = (1.0, 1.5, 2.0)
NBEST = 10
Texts = tuple[list[str], list[str]]  # sources and references


def write_models(translator: Translator, folder: Path) -> dict[str, str]:
    """Paths of the language models by name."""
    own = folder / "tokenizer"
    own.mkdir(parents=True, exist_ok=True)
    translator.target.save(own)

    captions = list(lines_of("multi30k", "train.en.gz"))
    sentences = list(dict.fromkeys(lines_of(*TATOEBA, 0)))
    texts = {
        "captions, words": (captions, "word"),
        "captions, pieces": (captions, str(own)),
        "tatoeba, words": (sentences, "word"),
    }
    paths = {}
    for name, (lines, tokenizer) in texts.items():
        path = folder / f"{name.replace(', ', '-')}.lm"
        ngram.save(ngram.train(lines, order=5, tokenizer=tokenizer), path)
        paths[name] = str(path)
    return paths


def measure(
    translator: Translator, data: Texts, **settings: Any
) -> tuple[float, float, float, float]:
    """BLEU, chrF, length ratio and CPU seconds of a search."""
    sources, references = data
    began = time.process_time()
    outputs = translator.translate(sources, **settings)
    seconds = time.process_time() - began
    score = bleu(outputs, [references])
    return score.score, chrf(outputs, [references]).score, score.length_ratio, seconds


def measure_fusion(
    translator: Translator, models: Mapping[str, str], valid: Texts, test: Texts
) -> None:
    for name, path in {"none": "", **models}.items():
        found = {}
        for weight in WEIGHTS if path else (0.0,):
            for penalty in LENGTH_PENALTIES:
                settings = {"lm": path, "lm_weight": weight, "length_penalty": penalty}
                found[weight, penalty] = measure(translator, valid, **settings)[0]
        for weight in sorted({weight for weight, _ in found}):
            row = "  ".join(f"{found[weight, penalty]:.2f}" for penalty in LENGTH_PENALTIES)
            print(f"{name:<18} weight {weight:<5} valid BLEU {row}", flush=True)

        weight, penalty = max(found, key=found.__getitem__)
        settings = {"lm": path, "lm_weight": weight, "length_penalty": penalty}
        score, char, ratio, seconds = measure(translator, test, **settings)
        print(
            f"{name:<18} test with weight {weight}, penalty {penalty}: BLEU {score:.2f}, chrF "
            f"{char:.2f}, length {ratio:.3f}, {seconds:.1f} CPU s",
            flush=True,
        )


def lists_of(translator: Translator, sources: list[str]) -> list[list[Entry]]:
    """n-best lists with the log probability as their feature."""
    lists = translator.translate_nbest(sources, beam=NBEST, nbest=NBEST)
    return [
        [Entry(output.text, {"log_probability": output.log_probability}) for output in nbest]
        for nbest in lists
    ]


def measure_rescoring(
    translator: Translator, models: Mapping[str, str], valid: Texts, test: Texts
) -> None:
    of_valid, of_test = (lists_of(translator, sources) for sources, _ in (valid, test))
    first = bleu([nbest[0].text for nbest in of_test], [test[1]]).score
    print(f"n-best, first of the list: test BLEU {first:.2f}")

    words = [path for name, path in models.items() if name.endswith("words")]
    for name, lms in (("length", []), ("captions", words[:1]), ("both models", words)):
        began = time.process_time()
        tuning = tune(of_valid, [valid[1]], lms=lms)
        seconds = time.process_time() - began
        outputs = [ranked[0][0].text for ranked in rescore(of_test, tuning.weights)]
        score = bleu(outputs, [test[1]]).score
        print(
            f"n-best, {name:<12} valid BLEU {tuning.before:.2f} -> {tuning.after:.2f} (oracle "
            f"{tuning.best:.2f}), test {score:.2f}; tuned in {seconds:.1f} CPU s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()

    translator = seqkit.load(arguments.run, device="cpu", engine="torch")
    models = write_models(translator, arguments.folder)
    valid, test = (
        (list(lines_of("multi30k", f"{name}.de.gz")), list(lines_of("multi30k", f"{name}.en.gz")))
        for name in ("val", "test_2016_flickr")
    )
    measure_fusion(translator, models, valid, test)
    measure_rescoring(translator, models, valid, test)


if __name__ == "__main__":
    main()
