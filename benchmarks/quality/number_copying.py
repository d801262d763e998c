"""How often a translator gives numbers back as they were.

    python -m benchmarks.quality.number_copying [RUN]

Random numbers of 1 to 6 digits in sentences that no training text holds; right means that the
output has exactly the numbers of the input.
"""

import random
import sys

import seqkit
from seqkit.data.numbers import numbers
from seqkit.translation.translator import Translator

COUNT = 200  # numbers of each length
SENTENCES = [
    "I have {} books.",
    "My room number is {}.",
    "She was born in {}.",
    "There are {} people in this town.",
    "Call me at {} if you need help.",
    "The ticket costs {} dollars.",
    "We sold {} bicycles last year.",
    "Tom wrote down {} and {}.",
]


def main(run: str | None = None) -> None:
    translator = seqkit.load(run, device="cpu", task="translation")
    for sentence in SENTENCES:
        shares = [_share(translator, sentence, digits) for digits in range(1, 7)]
        print(f"{sentence:36}", "  ".join(f"{share:6.1%}" for share in shares), flush=True)


def _share(translator: Translator, sentence: str, digits: int) -> float:
    rng = random.Random(digits)
    blanks = sentence.count("{}")
    first = 10 ** (digits - 1)

    inputs = []
    for _ in range(COUNT):
        drawn = [rng.randrange(first, 10 * first) for _ in range(blanks)]
        inputs.append(sentence.format(*drawn))
    outputs = translator.translate(inputs)
    right = [numbers(a) == numbers(b) for a, b in zip(inputs, outputs, strict=True)]
    return sum(right) / COUNT


if __name__ == "__main__":
    main(*sys.argv[1:])
