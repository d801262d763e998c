"""Every model of ours trains and answers on a device that is not the CPU, and the same as there."""

import ctypes
import dataclasses
import math
import shutil

import pytest
import torch
from elsewhere import DEVICE, Mixed, check_elsewhere, elsewhere
from language.tiny import LINES as TEXT
from language.tiny import write_config as write_lm
from language.tiny import write_text
from letters import some_lines, write_config, write_pairs
from small_classifiers import SMALL as CLASSIFIERS
from small_classifiers import some_texts, write_recipe, write_tsv
from small_translators import SMALL as TRANSLATORS
from tagged_sentences import write_columns
from tagged_sentences import write_config as write_tagger
from test_testing import LANGUAGE_MODELS, TAGGERS
from torch import nn

import seqkit
from seqkit import ngram
from seqkit.plugins import components
from seqkit.testing.tasks import check_close

LINES = ["a b c", "d"]
SHORT = {
    "train.precision": "fp32",
    "train.steps": 2,
    "train.eval_every": 1,
    "model.dropout": 0.0,
    "optim.lr": 1e-5,  # AdamW turns rounding errors into steps of this size
}
SMALL = {**TRANSLATORS, **CLASSIFIERS, **LANGUAGE_MODELS, **TAGGERS}


def settings(name, sizes, **more):
    return {**SHORT, "model": {"name": name, **sizes}, **more}


def every(models):
    """Name and sizes of each form of each model."""
    forms = [(name, sizes) for name, all_sizes in models.items() for sizes in all_sizes]
    return pytest.mark.parametrize(("name", "sizes"), forms)


def test_no_model_of_ours_is_left_out():
    ours = {entry.name for entry in components().models if entry.provider == "seqkit"}
    assert ours == SMALL.keys()


@pytest.mark.parametrize(
    "mistake",
    [
        lambda there, here: there + here,
        lambda there, here: here[there.long()],
        lambda there, here: torch.stack([there, here]),
        lambda there, here: torch.stack([there.sum(), here.sum()]),
        lambda there, here: nn.functional.embedding(here.long(), there[:, None]),
        lambda there, here: there.bernoulli_(0.5, generator=torch.Generator()),
        lambda there, here: there.numpy(),
        lambda there, here: ctypes.c_void_p(there.data_ptr()),
    ],
)
def test_the_device_refuses_what_an_accelerator_does(mistake):
    with elsewhere():
        there, here = torch.ones(3, device=DEVICE), torch.ones(3)
        assert (there * here.sum() + 1).tolist() == [4.0, 4.0, 4.0]  # a number may come from here
        with pytest.raises((Mixed, RuntimeError, TypeError)):
            mistake(there, here)


def to_list(tensor):
    return None if tensor is None else tensor.tolist()


@every(TRANSLATORS)
def test_translators(name, sizes, tmp_path):
    def use(translator):
        forced = translator.force("a b c", "c b")
        best = list(translator.predict(LINES, max_length=6, nbest=2, beam=3))
        return {
            "best": [one.record() for one in best],
            "greedy": list(translator.translate(LINES, max_length=6, beam=1)),
            "scores": translator.score(LINES, ["c b a", "d d"]),
            "runners-up": [one.runners_up for one in translator.explain(forced)],
            "attention": [to_list(one.attention) for one in translator.explain(forced)],
        }

    chosen = settings(name, sizes, **{"optim.label_smoothing": 0.1})
    check_elsewhere(config_for(name, tmp_path), tmp_path, chosen, use)


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """The path of an n-gram model of letters."""
    path = tmp_path_factory.mktemp("counted") / "lm.arpa"
    lines = some_lines(50)
    ngram.save(ngram.train(lines, order=2, smoothing="witten-bell", tokenizer="char"), path)
    return str(path)


@pytest.fixture(scope="module")
def run_with_shortlist(beginner, cli, tmp_path_factory):
    run = tmp_path_factory.mktemp("shortlist") / "run"
    shutil.copytree(beginner, run, symlinks=True)
    assert cli("shortlist", "-m", run).code == 0
    return run


@pytest.mark.parametrize(
    "search",
    [
        {"must": ["b a"], "nbest": 2},
        {"prefix": "c d", "no_repeat_ngram": 2},
        {"beam": 4, "groups": 2, "coverage_penalty": 0.3, "suppress": ["a"]},
        {"sample": True, "nbest": 2, "top_k": 5},
        {"mbr": 4, "top_p": 0.9},
        {"lm": "counted", "min_length": 3},
        {"shortlist": 10, "unknown": "copy"},
    ],
    ids=lambda search: next(iter(search)),
)
def test_every_kind_of_search(run_with_shortlist, counted, search):
    if "lm" in search:
        search = {**search, "lm": counted}

    def found(device):
        model = seqkit.load(run_with_shortlist, device=device)
        chosen = {"max_length": 6, **search}
        return [one.record() for one in model.predict(LINES, **chosen)]

    expected = found("cpu")
    with elsewhere():
        check_close(expected, found(DEVICE), str(search))


@pytest.mark.parametrize(
    ("name", "shape"),
    [(name, {}) for name in LANGUAGE_MODELS]
    + [("lstm", {"data.order": "random"}), ("lstm", {"data.sampled_softmax": 5})],
)
def test_language_models(name, shape, tmp_path):
    def use(model):
        return {
            "scores": [one.record() for one in model.predict(LINES)],
            "next": model.next("the dog", top=3),
            "generated": list(model.generate(prompt="the", length=8, seed=1)),
            "perplexity": model.perplexity(TEXT),
        }

    chosen = settings(name, LANGUAGE_MODELS[name], **shape)
    check_elsewhere(config_for(name, tmp_path), tmp_path, chosen, use)


@pytest.mark.parametrize("name", TAGGERS)
@pytest.mark.parametrize("crf", [True, False])
def test_taggers(name, crf, tmp_path):
    def use(tagger):
        return [one.record() for one in tagger.predict(["the old dog sees a cat", "."])]

    chosen = settings(name, {**TAGGERS[name], "crf": crf})
    check_elsewhere(config_for(name, tmp_path), tmp_path, chosen, use)


@every(CLASSIFIERS)
def test_classifiers(name, sizes, tmp_path):
    def use(classifier):
        texts = ["soup and salt", "rain", "the storm is very sunny and the wind"]
        return [one.record() for one in classifier.predict(texts)]

    check_elsewhere(config_for(name, tmp_path), tmp_path, settings(name, sizes), use)


def config_for(name, folder):
    """A config for the task of a model."""
    if name in TRANSLATORS:
        write_pairs(folder)
        return write_config(folder / "tiny.toml")
    if name in LANGUAGE_MODELS:
        write_text(folder)
        return write_lm(folder)
    if name in TAGGERS:
        train = write_columns(folder / "train.conll", 12)
        return write_tagger(folder / "tagger.toml", train=train, valid=train)
    return write_recipe(folder / "t.toml", write_tsv(folder / "t.tsv", some_texts(20)))


@pytest.mark.parametrize("name", SMALL)
def test_what_is_drawn_while_training_is_drawn_there(name, tmp_path):
    """Dropout of every kind and guessed words; by Muon, with a mean of the weights."""
    sizes = SMALL[name][0] if isinstance(SMALL[name], list) else SMALL[name]
    fields = dataclasses.fields(components().models.load(name).Config)
    drawn = {f"model.{field.name}": 0.3 for field in fields if "dropout" in field.name}
    if name in TRANSLATORS:
        drawn["data.scheduled_sampling"] = 0.5

    how = {"optim.name": "muon", "train.average": 0.9}
    chosen = settings(name, sizes, **drawn, **how)
    with elsewhere():
        config = config_for(name, tmp_path)
        run = seqkit.train(config, out=tmp_path / "run", overrides=chosen, device=DEVICE)
    assert all(map(math.isfinite, run.metrics.values()))
