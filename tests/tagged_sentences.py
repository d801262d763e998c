"""Small tagged corpora that can be learned in no time."""

import random

WORDS = {
    "DET": ["the", "a"],
    "ADJ": ["old", "new", "red"],
    "NOUN": ["dog", "cat", "house", "tree"],
    "VERB": ["sees", "likes", "finds"],
    "PUNCT": [".", "!"],
}
PHRASES = [["DET", "NOUN"], ["DET", "ADJ", "NOUN"], ["NOUN"]]


def sentences(count, seed=1):
    """Sentences as (word, part of speech, chunk in BIO)."""
    rng = random.Random(seed)
    for _ in range(count):
        rows = [*_phrase(rng), (rng.choice(WORDS["VERB"]), "VERB", "B-VP"), *_phrase(rng)]
        yield [*rows, (rng.choice(WORDS["PUNCT"]), "PUNCT", "O")]


def _phrase(rng):
    kinds = rng.choice(PHRASES)
    return [
        (rng.choice(WORDS[kind]), kind, "I-NP" if place else "B-NP")
        for place, kind in enumerate(kinds)
    ]


def write_columns(path, count=60, seed=1):
    """One word a line: word, part of speech, chunk."""
    text = ["\n".join(" ".join(row) for row in rows) for rows in sentences(count, seed)]
    path.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    return path


CHINESE = ["我们", "喜欢", "北京", "的", "天气", "他", "在", "图书馆", "看", "书"]


def write_segmented(path, count=60, seed=1):
    """Words of one to three characters with blanks between them."""
    rng = random.Random(seed)
    lines = [" ".join(rng.choices(CHINESE, k=rng.randint(3, 8))) for _ in range(count)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


CONFIG = """
task = "tagging"

[data]
train = ["{train}"]
valid = ["{valid}"]
{data}
batch = 100

[model]
name = "{model}"
preset = "small"
dropout = 0.1
{settings}

[optim]
lr = 1e-2

[train]
steps = {steps}
eval_every = {steps}
precision = "fp32"
"""


def write_config(path, *, train, valid, data="", model="rnn-tagger", settings="", steps=60):
    text = CONFIG.format(
        train=train, valid=valid, data=data, model=model, settings=settings, steps=steps
    )
    path.write_text(text, encoding="utf-8")
    return path
