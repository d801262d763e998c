"""Equal signatures mean equal figures of one text, and one model has one signature."""

import random

import pytest
import torch
from language.tiny import LINES, SMALL, train, untrained, write_config, write_text

import seqkit
from seqkit import ngram
from seqkit.language.mixtures import Mixture, MixtureReport
from seqkit.ngram.text import PreTokenizer
from seqkit.text import TextConfig, Tokenizer

TEXT = ["the cat sees the ball .", "the zebra", "", "<unk> has the tree ."]
NAMES = ["lm.arpa", "lm.arpa.gz", "lm.bin"]


def signature(model):
    return model.evaluate(TEXT).signature


def shuffled(path):
    """The same ARPA file with the n-grams of each section in another order."""
    head, *sections = path.read_text().split("-grams:\n")
    draw = random.Random(1)
    mixed = []
    for section in sections:
        body, rest = section.split("\n\n", 1)
        rows = body.split("\n")
        draw.shuffle(rows)
        mixed.append("\n".join(rows) + "\n\n" + rest)
    return "-grams:\n".join([head, *mixed])


@pytest.mark.parametrize("unk", ["refuse", "keep"])
@pytest.mark.parametrize(
    "smoothing",
    ["modified-kneser-ney", "kneser-ney", "witten-bell", "katz", "absolute-discounting"],
)
def test_one_model_has_one_signature_whatever_file_it_is_in(tmp_path, smoothing, unk):
    lines = [*LINES, "the <unk> sees <unk> ."] if unk == "keep" else LINES
    model = ngram.train(lines, order=3, smoothing=smoothing, unk=unk)
    expected = model.evaluate(TEXT)
    for name in NAMES:
        ngram.save(model, tmp_path / name)
        again = ngram.load(tmp_path / name)
        assert again.evaluate(TEXT) == expected
        assert signature(again) == expected.signature

        for other in NAMES:  # converted once more
            ngram.save(again, tmp_path / f"2{other}")
            assert signature(ngram.load(tmp_path / f"2{other}")) == expected.signature

    (tmp_path / "shuffled.arpa").write_text(shuffled(tmp_path / "lm.arpa"))
    other_order = ngram.load(tmp_path / "shuffled.arpa")
    assert other_order.words != model.words
    assert signature(other_order) == expected.signature
    assert other_order.evaluate(TEXT).perplexity == pytest.approx(expected.perplexity)


def with_score(model, k, change):
    grams = list(model.grams)
    scores = grams[k - 1].scores.copy()
    scores[-1] += change
    grams[k - 1] = grams[k - 1]._replace(scores=scores)
    return ngram.Model(model.vocabulary.words, grams, metadata=model.metadata)


def trained_tokenizer(lines, **settings):
    return PreTokenizer.trained(Tokenizer.train(lines, TextConfig(**settings)))


def split_by(pre_tokenizer):
    """One model whose text is split in another way."""
    plain = ngram.train(LINES, order=2)
    return ngram.Model(plain.vocabulary.words, plain.grams, pre_tokenizer=pre_tokenizer)


def counted_models():
    """Models of every choice that changes a figure."""
    plain = ngram.train(LINES, order=3)
    lower = trained_tokenizer(LINES, tokenizer="word", normalize=["lower"])
    return {
        "plain": plain,
        "order": ngram.train(LINES, order=2),
        "pruned": ngram.train(LINES, order=3, prune=(0, 0, 20)),
        "limited": ngram.train(LINES, order=3, vocabulary=["the", "cat", "sees"]),
        "another text": ngram.train(LINES[:20], order=3),
        "another word": ngram.train([line.replace("cat", "cow") for line in LINES], order=3),
        "kept <unk>": ngram.train(LINES, order=3, unk="keep"),
        "no share of <unk>": ngram.train(LINES, order=3, interpolate_unigrams=False),
        "witten-bell": ngram.train(LINES, order=3, smoothing="witten-bell"),
        "add-k": ngram.train(LINES, order=3, smoothing="add-k"),
        "add-k 0.5": ngram.train(LINES, order=3, smoothing="add-k", k=0.5),
        "stupid": ngram.train(LINES, order=3, smoothing="stupid-backoff"),
        "letters": ngram.train(LINES, order=3, tokenizer="char"),
        "a unigram's score": with_score(plain, 1, -1e-3),
        "a trigram's score": with_score(plain, 3, -1e-3),
        "split by words": split_by(trained_tokenizer(LINES, tokenizer="word")),
        "split by lower words": split_by(lower),
        "split by words of another text": split_by(trained_tokenizer(["a cat"], tokenizer="word")),
    }


def test_models_that_may_differ_in_a_figure_differ_in_the_signature():
    signatures = {name: signature(model) for name, model in counted_models().items()}
    assert len(set(signatures.values())) == len(signatures), signatures


def test_signatures_are_the_same_in_every_process_and_every_time():
    first, second = counted_models(), counted_models()
    assert [signature(model) for model in first.values()] == [
        signature(model) for model in second.values()
    ]
    plain = ngram.train(["a b", "b a a"], order=2)
    assert "|model:2-gram-beb48e36d629|" in signature(plain)


NETWORKS = {
    "plain": ("lstm", {}),
    "joined": ("lstm", {"joined": True}),
    "gru": ("gru", {}),
    "window": ("transformer-lm", {"steps": 8, "stride": 4}),
    "stride": ("transformer-lm", {"steps": 8, "stride": 2}),
    "steps": ("transformer-lm", {"steps": 6, "stride": 2}),
}


def test_networks_that_may_differ_in_a_figure_differ_in_the_signature():
    models = {name: untrained(kind, **how) for name, (kind, how) in NETWORKS.items()}
    models["a weight"] = untrained("lstm")
    with torch.no_grad():
        models["a weight"].model.bias[0] += 1e-3
    models["another setting"] = untrained("lstm")
    models["another setting"].settings["heads"] = 4
    signatures = {name: signature(model) for name, model in models.items()}
    assert len(set(signatures.values())) == len(signatures), signatures

    again = {name: signature(untrained(kind, **how)) for name, (kind, how) in NETWORKS.items()}
    assert again == {name: signatures[name] for name in NETWORKS}


@pytest.mark.parametrize("name", SMALL)
def test_a_run_and_its_copy_have_one_signature_and_another_seed_has_another(tmp_path, name):
    write_text(tmp_path)
    config = write_config(tmp_path, name, train="steps = 2\neval_every = 2")
    runs = [train(config, tmp_path / out, train_seed=seed) for out, seed in (("a", 1), ("b", 2))]
    (tmp_path / "a").rename(tmp_path / "moved")

    moved = signature(seqkit.load(tmp_path / "moved", device="cpu"))
    assert moved == signature(seqkit.load(tmp_path / "moved", device="cpu"))
    assert moved != signature(seqkit.load(runs[1].folder, device="cpu"))


def test_mixtures_with_other_weights_have_another_signature():
    def report(weights):
        return MixtureReport(["a", "b"], Mixture(weights), -3.0, 2, "this text", ["A", "B"])

    assert report([0.25, 0.75]).signature == "0.25 × A + 0.75 × B"
    assert report([0.25, 0.75]).signature != report([0.5, 0.5]).signature
