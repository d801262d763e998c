"""Multilingual models: the target language is a token before the source, as OPUS-MT has it."""

import json
import math
from pathlib import Path

import pytest

import seqkit
from seqkit.errors import ConfigError
from seqkit.training.events import Evaluated

SOURCE = "Where is the station?"
TARGET = "Wo ist der Bahnhof?"


@pytest.fixture
def folder(marian):
    """The small model with two tokens that name languages, in place of rare ones."""
    path = marian / "vocab.json"
    ids = json.loads(path.read_text())
    *_, first, second, _ = sorted(ids, key=ids.get)  # the last one is padding
    ids[">>deu<<"] = ids.pop(first)
    ids[">>fra<<"] = ids.pop(second)
    path.write_text(json.dumps(ids))
    values = {"source_lang": "eng", "target_lang": "ROMANCE"}
    (marian / "tokenizer_config.json").write_text(json.dumps(values))
    return marian


@pytest.fixture
def multilingual(folder):
    return seqkit.load(folder, device="cpu", engine="torch")


def test_the_languages_are_those_of_the_vocabulary(multilingual):
    assert multilingual.languages == ["deu", "fra"]


def test_the_token_of_the_language_comes_first_and_the_rest_is_cut_without_it(multilingual):
    source = multilingual.source
    tagged = source.encode(f">>deu<< {SOURCE}")
    assert source.vocab.tokens[tagged[0]] == ">>deu<<"
    assert tagged[1:] == source.encode(SOURCE)


def test_scores_are_those_of_the_source_with_its_token(multilingual):
    source, target = multilingual.source, multilingual.target
    ids = [source.vocab[">>fra<<"], *source.encode(SOURCE, eos=True)]
    (expected,) = multilingual.score_ids([ids], [target.encode(TARGET)])
    (found,) = multilingual.token_scores([SOURCE], [TARGET], to="fra")
    assert found == expected
    assert multilingual.token_scores([f">>fra<< {SOURCE}"], [TARGET], to="deu") == [found]
    assert multilingual.token_scores([SOURCE], [TARGET], to="deu") != [found]


def test_each_sentence_of_a_line_gets_the_token(multilingual):
    ((best,),) = multilingual.translate_nbest([f"{SOURCE} {SOURCE}"], to="deu", beam=1)
    assert [part.source for part in best.parts] == [f">>deu<< {SOURCE}"] * 2


def test_a_line_may_bring_its_own_token(multilingual):
    own, given = (
        multilingual.translate_nbest([text], to=to, beam=1)[0][0]
        for text, to in ((f">>fra<< {SOURCE}", "deu"), (SOURCE, "fra"))
    )
    assert own.text == given.text
    assert own.log_probability == given.log_probability


def test_the_token_is_no_word_of_an_alignment(multilingual):
    translation = multilingual.force(SOURCE, TARGET, to="deu")
    (explanation,) = multilingual.explain(translation)
    assert explanation.source[0] == ">>deu<<"
    assert explanation.source_words[:2] == [-1, 0]
    assert {i for i, _ in explanation.alignment()} <= set(range(len(SOURCE.split())))


def test_without_a_language_it_says_which_there_are(multilingual):
    with pytest.raises(ConfigError, match=r"translates into 2 languages: .* Known: deu, fra\."):
        multilingual.translate([SOURCE])
    with pytest.raises(ConfigError, match="2 languages"):
        multilingual.score([SOURCE], [TARGET])
    assert multilingual.translate([""]) == [""]


def test_an_unknown_language(multilingual):
    with pytest.raises(ConfigError, match=r"'de': .* Did you mean 'deu'\? Known: deu, fra\."):
        multilingual.translate([SOURCE], to="de")


def test_a_model_of_one_language_needs_no_choice(translator):
    assert translator.languages == []
    with pytest.raises(ConfigError, match="one language only"):
        translator.translate(["a b"], to="deu")


def test_the_commands_take_to(cli, folder, tmp_path):
    (tmp_path / "source").write_text(f"{SOURCE}\n{SOURCE}\n")
    (tmp_path / "target").write_text(f"{TARGET}\n{TARGET}\n")
    pair = ("--source", tmp_path / "source", "--reference", tmp_path / "target")
    own = (folder, "--to", "deu", "--threads", 1)

    assert cli("translate", SOURCE, "-m", *own, "--beam", 1, "--engine", "torch").lines
    assert "chrF" in cli("evaluate", "-m", *own, *pair, "--beam", 1, "--engine", "torch").out
    assert "to:deu" in cli("evaluate", "-m", *own, *pair, "--beam", 1, "--engine", "torch").out
    scores = cli("score", "-m", *own, "--source", pair[1], "--target", pair[3]).lines
    assert len(scores) == 2
    assert ">>deu<<" in cli("explain", SOURCE, "-m", *own, "--as", TARGET).out
    compared = cli("compare", tmp_path / "target", *own, *pair, "--search", "beam=1")
    assert "p-value" in compared.out
    assert "2 languages" in cli("translate", SOURCE, "-m", folder).complaint()


def test_an_import_can_fix_the_language(cli, folder, tmp_path):
    run = tmp_path / "run"
    assert "Known: deu, fra" in cli("import", folder, "-o", run, "--to", "nld").complaint()
    assert not run.exists()

    cli("import", folder, "-o", run, "--to", "fra")
    opened = seqkit.load(run, device="cpu", engine="torch")
    given = seqkit.load(folder, device="cpu", engine="torch")
    assert opened.score([SOURCE], [TARGET]) == given.score([SOURCE], [TARGET], to="fra")
    card = Path(run / "README.md").read_text()
    assert "--to deu, fra, fra unless another is chosen" in card
    assert "eng to mul" in card


# Training


def tune(folder, tmp_path, **overrides):
    """Train for one update; returns the perplexity of the first evaluation, and the run."""
    (tmp_path / "source").write_text(f"{SOURCE}\n" * 20)
    (tmp_path / "target").write_text(f"{TARGET}\n" * 20)
    texts = [str(tmp_path / "source"), str(tmp_path / "target")]
    settings = {"data.train": texts, "data.valid": texts, "train.steps": 1, **overrides}
    figures = []

    def listen(event):
        if isinstance(event, Evaluated):
            figures.append(event.metrics["perplexity"])

    how = {"overrides": settings, "init": folder, "listener": listen, "device": "cpu"}
    run = seqkit.train("finetune/translator", out=tmp_path / "run", **how)
    return figures[0], run.folder


@pytest.mark.parametrize("language", ["deu", "fra"])
def test_sources_are_trained_on_after_the_token_of_their_language(
    folder, multilingual, tmp_path, language
):
    found, run = tune(folder, tmp_path, **{"search.to": language})
    (scores,) = multilingual.token_scores([SOURCE], [TARGET], to=language)
    assert found == pytest.approx(math.exp(-sum(scores) / len(scores)), rel=1e-4)
    assert seqkit.load(run, device="cpu").search.to == language


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("", r"2 languages: name the one of your text by --set search\.to=deu.*Known: deu, fra"),
        ("deo", r"to = 'deo': .* no such target language\. Did you mean 'deu'\?"),
    ],
)
def test_a_language_to_train_for_is_asked_for(folder, tmp_path, language, said):
    with pytest.raises(ConfigError, match=said):
        tune(folder, tmp_path, **{"search.to": language})
