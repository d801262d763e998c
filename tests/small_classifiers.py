"""A corpus that is learnt in seconds, and every text classifier in small sizes."""

import random

from letters import write_lines

SMALL = {
    "bag": [{"width": 6, "buckets": 97, "ngrams": 3}, {"width": 6, "ngrams": 1}],
    "text-cnn": [
        {"width": 6, "windows": [2, 3], "maps": 4},
        {"width": 6, "windows": [1]},
        {"width": 6, "windows": [2], "maps": 4, "bag": 3},
    ],
    "rnn-classifier": [
        {"width": 6, "hidden": 5, "cell": "gru", "layers": 2, "pooling": "attention"},
        {"width": 6, "hidden": 5, "cell": "lstm", "pooling": "last"},
        {"width": 6, "hidden": 5, "cell": "rnn", "pooling": "max", "bidirectional": False},
        {"width": 6, "hidden": 5, "cell": "lstm", "pooling": "mean"},
        {"width": 6, "hidden": 5, "cell": "lstm", "pooling": "concat"},
        {"width": 6, "hidden": 5, "cell": "gru", "pooling": "attention", "bag": 3},
    ],
    "transformer-classifier": [
        {"width": 8, "hidden": 12, "heads": 2, "pooling": pooling}
        for pooling in ("mean", "max", "attention")
    ]
    + [{"width": 8, "hidden": 12, "heads": 2, "pooling": "concat", "causal": True}],
}
WORDS = {
    "food": ["soup", "bread", "salt", "spoon", "bake"],
    "weather": ["rain", "cloud", "storm", "wind", "sunny"],
    "music": ["song", "drum", "violin", "choir", "tune"],
}
COMMON = ["the", "a", "is", "very", "and", "not"]


def some_texts(count, *, classes=("food", "weather"), seed=1):
    """(label, text) pairs, the classes in turn: four words of the class among common ones."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        label = classes[number % len(classes)]
        words = draw.choices(WORDS[label], k=4) + draw.choices(COMMON, k=4)
        draw.shuffle(words)
        found.append((label, " ".join(words)))
    return found


def write_tsv(path, pairs):
    return write_lines(path, [f"{label}\t{text}" for label, text in pairs])


def write_recipe(path, data, *, model="name = 'bag'\nwidth = 8\nbuckets = 1000", steps=60):
    """A recipe for the text file `data`, relative paths and all."""
    path.write_text(
        f"""
        task = "text-classification"
        [data]
        train = ["{data}"]
        test_share = 0.2
        batch = 8
        [text]
        tokenizer = "word"
        normalize = ["lower"]
        vocab_size = 300
        [model]
        {model}
        [optim]
        lr = 3e-2
        [train]
        steps = {steps}
        eval_every = 30
        """,
        encoding="utf-8",
    )
    return path
