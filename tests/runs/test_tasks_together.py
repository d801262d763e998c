"""Each kind of task in two processes: they hold the same weights, and those of one process."""

import hashlib
import json
import sys

import pytest
import small_classifiers
from processes import end, start
from tagged_sentences import write_columns, write_config
from updates import furthest, refused_together, trained_together

pytestmark = pytest.mark.slow

TEXT = [
    f"the {who} {does} the {what} ."
    for who in ("cat", "dog")
    for does in ("sees", "has")
    for what in ("ball", "tree", "bird")
] * 12


def language_config(path):
    text = path.parent / "text"
    text.write_text("".join(f"{line}\n" for line in TEXT), encoding="utf-8")
    path.write_text(
        f"""
        task = "language-modelling"
        [data]
        train = ["{text}"]
        batch = 4
        steps = 6
        sampled_softmax = 5
        [text]
        tokenizer = "word"
        byte_fallback = false
        [model]
        name = "lstm"
        embedding = 8
        hidden = 12
        layers = 2
        [optim]
        lr = 1e-2
        [train]
        steps = 6
        eval_every = 3
        """,
        encoding="utf-8",
    )
    return path


def weights_of_each(configs):
    """Train each config here, and say a digest and a sum of the weights."""
    import torch

    from seqkit import recipes
    from seqkit.runs.build import make_trainer

    torch.set_num_threads(1)
    for path, settings in configs:
        trainer = make_trainer(recipes.load(path, settings), device="cpu")
        frozen = [p.clone() for p in trainer.model.parameters() if not p.requires_grad]
        for _ in trainer.run():
            pass

        after = [p for p in trainer.model.parameters() if not p.requires_grad]
        digest, total = hashlib.sha256(), 0.0
        for parameter in trainer.model.parameters():
            digest.update(parameter.detach().numpy().tobytes())
            total += float(parameter.detach().double().abs().sum())
        same = all(map(torch.equal, frozen, after))
        print(json.dumps([digest.hexdigest(), total, len(frozen), same]), file=sys.stderr)


def told(configs, folder, world):
    codes, said = end(start(weights_of_each, folder, configs, world=world), folder)
    assert codes == [0] * world, said
    return [[json.loads(line) for line in text.splitlines() if line[:2] == '["'] for text in said]


def test_classifiers_and_language_models_hold_the_same_weights_in_two_processes(tmp_path):
    """With sampled words, and with embeddings of which most rows go unused."""
    texts = small_classifiers.some_texts(60)
    small_classifiers.write_tsv(tmp_path / "texts.tsv", texts)
    bag = small_classifiers.write_recipe(tmp_path / "bag.toml", tmp_path / "texts.tsv", steps=6)
    language = language_config(tmp_path / "lm.toml")
    plain = {"model.dropout": 0.0}

    def configs(each):
        batches = {"train.accumulate": each}
        return [(str(bag), {**plain, **batches}), (str(language), batches)]

    first, second = told(configs(1), tmp_path / "two", 2)
    assert first == second
    assert len(first) == 2

    (one,) = told(configs(2)[:1], tmp_path / "one", 1)
    assert first[0][1] == pytest.approx(one[0][1], rel=1e-5)


def test_taggers_train_as_one_in_two_processes(tmp_path):
    train, valid = (
        write_columns(tmp_path / f"{name}.conll", count, seed)
        for name, count, seed in (("train", 60, 1), ("valid", 20, 2))
    )
    recipe = write_config(tmp_path / "tagger.toml", train=train, valid=valid)
    settings = {"data.batch": 40, "model.dropout": 0.0, "train.steps": 12, "train.eval_every": 4}
    one, two = (
        trained_together(str(recipe), settings, tmp_path / str(world), world) for world in (1, 2)
    )
    assert furthest(one, two) <= 1e-10


def test_sentences_that_are_refused_are_one_line_in_each_process(tmp_path):
    train = write_columns(tmp_path / "train.conll")
    train.write_text(train.read_text().replace(" DET ", " ", 1))
    recipe = write_config(tmp_path / "tagger.toml", train=train, valid=train)
    said = refused_together(str(recipe), {"train.steps": 4}, tmp_path / "two")
    assert len(said) == 2
    for line in said:
        assert line.startswith("error: ")
        assert "train.conll:" in line
