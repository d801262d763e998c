"""A task that is learnt in seconds: a line of letters, translated to the same line backwards."""

import random

LETTERS = "abcdefghij"
LINES = ["a b c", "j", "e f g h i"]
SHORT = (
    "--search",
    "max_length=6",
    "--device",
    "cpu",
)  # for commands: a model that has learnt little finds no end


def some_lines(count, *, seed=1, letters=LETTERS, shortest=2, longest=5):
    """Distinct lines of single letters, such as "b a d", drawn by `seed`."""
    draw = random.Random(seed)
    lines = {}
    while len(lines) < count:
        lines[" ".join(draw.choices(letters, k=draw.randint(shortest, longest)))] = None
    return list(lines)


def write_lines(path, lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    return path


def write_pairs(folder, *, train=40, valid=10, **how):
    """Write train.source, train.target, valid.source and valid.target; no line is in both parts."""
    lines = some_lines(train + valid, **how)
    for name, part in (("valid", lines[:valid]), ("train", lines[valid:])):
        write_lines(folder / f"{name}.source", part)
        write_lines(folder / f"{name}.target", [line[::-1] for line in part])


def write_config(
    path,
    *,
    tokenizer="char",
    width=8,
    hidden=16,
    heads=2,
    dropout=0.1,
    optim="lr = 1e-3",
    train="steps = 4",
    every=2,
):
    """Write a config that trains on `write_pairs` beside it: four updates, by default."""
    path.write_text(
        f"""task = "translation"

[data]
train = ['{path.parent / "train.source"}', '{path.parent / "train.target"}']
valid = ['{path.parent / "valid.source"}', '{path.parent / "valid.target"}']
batch_tokens = 800
max_length = 30
goal = "perplexity"

[text]
tokenizer = "{tokenizer}"
normalize = ["nfc", "spaces", "control", "squeeze"]

[model]
name = "transformer"
width = {width}
hidden = {hidden}
heads = {heads}
encoder_layers = 1
decoder_layers = 1
dropout = {dropout}

[optim]
{optim}

[train]
{train}
eval_every = {every}
""",
        encoding="utf-8",
    )
    return path
