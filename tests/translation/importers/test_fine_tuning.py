"""`--init` with translators of other programs: trained on in the normal trainer."""

import json
import math
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from letters import write_lines
from safetensors.torch import load_file

import seqkit
from seqkit.errors import CheckpointError, ConfigError, DataError, StopTraining
from seqkit.runs.open import config_of
from seqkit.training import checkpoint
from seqkit.training.events import Evaluated, Updated

MARIAN = Path(__file__).parent / "marian"
EXPECTED = json.loads((MARIAN / "expected.json").read_text())
QUICK = {"train.steps": 4, "train.eval_every": 2, "data.valid_size": 4}


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """A current folder with source.txt and target.txt: 40 lines of letters that the model knows."""
    monkeypatch.chdir(tmp_path)
    lines = [f"{a} {b} {a}" for a in "abcdefgh" for b in "stuow"]
    write_lines(tmp_path / "source.txt", lines)
    write_lines(tmp_path / "target.txt", [line[::-1] for line in lines])
    return tmp_path


def tune(init, out="tuned", *, resume=False, listener=lambda event: None, **settings):
    """Fine-tune for four updates; `settings` with "__" for the dot."""
    overrides = {"data.train": ["source.txt", "target.txt"], **QUICK}
    overrides |= {key.replace("__", "."): value for key, value in settings.items()}
    how = {"init": init, "resume": resume, "device": "cpu", "listener": listener}
    return seqkit.train("finetune/translator", out=out, overrides=overrides, **how)


def weights(run):
    return load_file(checkpoint.resolve(Path(run), prefer="last") / checkpoint.MODEL)


def meta_of(run):
    return checkpoint.read_meta(checkpoint.resolve(Path(run), prefer="last"))


@pytest.fixture
def models(texts, exported, cli):
    """The same translator as four things that can be opened."""
    cli("import", MARIAN, "--out", "imported")
    folder = exported()
    return {
        "hugging face": MARIAN,
        "ctranslate2": folder,
        "run": Path("imported"),
        "argos": argos_package(folder, texts / "small.argosmodel"),
    }


def argos_package(folder, path):
    """An Argos package as those of OPUS-MT are: with the source's SentencePiece model alone."""
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("small/metadata.json", '{"from_code": "en", "to_code": "de"}')
        package.write(folder / "source.spm", "small/sentencepiece.model")
        for file in folder.iterdir():
            if file.suffix != ".spm":
                package.write(file, f"small/model/{file.name}")
    return path


@pytest.mark.parametrize("kind", ["hugging face", "ctranslate2", "run", "argos"])
def test_every_kind_of_model_is_trained_on_with_its_own_vocabulary(models, kind):
    init = models[kind]
    tune(init)
    before, tuned = seqkit.load(init, device="cpu"), seqkit.load("tuned", device="cpu")
    assert tuned.source.vocab == before.source.vocab
    assert config_of("tuned")[0].model == config_of(init)[0].model
    changed = weights("tuned")
    assert any(not torch.equal(changed[k], v) for k, v in before.model.state_dict().items())


def test_a_package_is_evaluated_as_the_translator_that_it_is(models, cli):
    given = ["--source", "source.txt", "--reference", "target.txt", "--search", "max_length=3"]
    figures = [cli("evaluate", "-m", models[k], *given).lines for k in ("argos", "run")]
    assert figures[0] == figures[1]
    assert figures[0][0].startswith("BLEU ")


def test_a_package_is_compared_as_a_model_and_not_as_a_file_of_translations(models, cli):
    given = ["--source", "source.txt", "--reference", "target.txt", "--search", "max_length=3"]
    lines = cli("compare", models["argos"], models["run"], *given, "--show", "0").lines
    assert lines[0].startswith(str(models["argos"]))
    assert "BLEU 1.0000, chrF2 1.0000" in " ".join(lines), "both translate alike"


def test_the_first_evaluation_is_that_of_the_model_it_starts_from(texts):
    write_lines(texts / "valid.source", EXPECTED["sources"])
    write_lines(texts / "valid.target", EXPECTED["targets"])
    seen = []
    tune(MARIAN, listener=seen.append, data__valid=["valid.source", "valid.target"])

    steps = [event.step for event in seen if isinstance(event, Evaluated)]
    assert steps == [0, 2, 4]
    first = next(event for event in seen if isinstance(event, Evaluated))
    theirs = [value for line in EXPECTED["log_probabilities"] for value in line]  # transformers'
    expected = math.exp(-sum(theirs) / len(theirs))
    assert first.metrics["perplexity"] == pytest.approx(expected, rel=1e-4)


def test_a_model_that_only_gets_worse_stays_the_best(texts):
    run = tune(MARIAN, optim__lr=10.0, optim__warmup=0)
    assert checkpoint.read_meta(checkpoint.resolve(run.folder))["state"]["step"] == 0


def test_a_run_that_is_stopped_and_resumed_is_the_same_though_its_start_is_gone(texts):
    init = Path(shutil.copytree(MARIAN, texts / "start"))
    tune(init, out="whole")

    def stop(event):
        if isinstance(event, Updated) and event.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(init, out="stopped", listener=stop)
    shutil.rmtree(init)
    tune(init, out="stopped", resume=True)

    whole, stopped = weights("whole"), weights("stopped")
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)
    assert meta_of("stopped")["initial"] == meta_of("whole")["initial"]


def test_what_is_stopped_before_the_first_evaluation_is_evaluated_when_it_goes_on(texts):
    def stop(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(MARIAN, listener=stop)
    seen = []
    tune(MARIAN, resume=True, listener=seen.append)
    assert [event.step for event in seen if isinstance(event, Evaluated)] == [0, 2, 4]


@pytest.mark.parametrize(
    ("frozen", "kept"),
    [
        (["encoder", "target_embedding"], ("encoder.", "output", "target_embedding")),
        (["output"], ("output", "target_embedding")),  # the same matrix
    ],
)
def test_frozen_layers_are_not_touched(texts, frozen, kept):
    tune(MARIAN, optim__freeze=frozen)
    before = seqkit.load(MARIAN, device="cpu").model.state_dict()
    for name, tensor in weights("tuned").items():
        is_frozen = name.startswith(kept) and name != "output_bias"
        assert torch.equal(tensor, before[name]) == is_frozen, name


def test_the_start_is_recorded_with_its_digest_and_its_licence(texts):
    init = Path(shutil.copytree(MARIAN, texts / "start"))
    (init / "README.md").write_text("Licence: CC-BY 4.0, Jane Doe.\n")
    tune(init)
    tune("tuned", out="again")

    record = meta_of("tuned")["initial"]
    assert record["model"] == str(init)
    assert record["imported"]["format"] == "Hugging Face"
    assert len(record["sha256"]) == 64
    assert meta_of("again")["initial"]["initial"] == record
    for run in ("tuned", "again"):
        assert "Licence: CC-BY 4.0, Jane Doe." in (texts / run / "README.md").read_text()


def test_the_languages_are_those_of_the_model_unless_others_are_given(texts, cli):
    tune(MARIAN)
    assert config_of("tuned")[0].sections["data"]["languages"] == ["eng", "deu"]
    said = []
    tune(MARIAN, "other", data__languages=["en", "de"], listener=said.append)
    assert "data.languages was ['eng', 'deu'] in" in " ".join(said[0].notes)


def test_dropout_is_the_runs_own(texts):
    tune(MARIAN, model__dropout=0.3)
    assert config_of("tuned")[0].model["dropout"] == 0.3


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"model__width": 32}, r"model\.width = 32 cannot be had: --init keeps the model of .*16"),
        ({"model__activation": "relu"}, r"model\.activation = 'relu' cannot be had"),
        ({"model__name": "rnn-seq2seq"}, r"model\.name = 'rnn-seq2seq' cannot be had"),
        ({"model__widht": 32}, r"unknown key 'widht'"),
        ({"text__vocab_size": 99}, r"text\.vocab_size = 99 cannot be had: --init keeps the tok"),
        ({"optim__freeze": ["encodr"]}, r"no parameter begins with 'encodr'.*'encoder'"),
    ],
)
def test_settings_that_the_model_does_not_have_are_refused(texts, setting, said):
    with pytest.raises(ConfigError, match=said):
        tune(MARIAN, **setting)
    assert not Path("tuned/config.toml").exists()


def test_the_sizes_of_a_recipe_with_a_model_of_its_own_are_noted(texts, cli):
    given = ["--data", "source.txt", "--data", "target.txt", "--set", "train.steps=1"]
    done = cli("train", "demo/en-de", "--init", MARIAN, "--out", "tuned", *given)
    assert "model.width" in done.err
    assert "(16 is kept)" in done.err


def test_without_init_the_recipe_says_what_it_needs(texts):
    with pytest.raises(ConfigError, match=r"no \[model\].* give --init MODEL"):
        tune(None)


def test_files_of_different_lengths_are_refused_before_anything_is_written(texts):
    write_lines(texts / "target.txt", ["a"] * 39)
    with pytest.raises(DataError, match=r"target\.txt has 39 lines, .*source\.txt has 40"):
        tune(MARIAN)


def test_a_start_that_is_not_there_is_refused(texts):
    with pytest.raises(CheckpointError, match="nowhere"):
        tune("nowhere/at-all")


def test_text_in_another_script_is_doubted(texts):
    write_lines(texts / "source.txt", [f"ここ {k} です" for k in range(40)])
    said = []
    tune(MARIAN, listener=said.append, train__steps=2)
    assert any("of the source tokens are unknown" in line for line in said[0].description)
    assert not any("of the target tokens" in line for line in said[0].description)


def test_a_listener_may_end_it_early(texts):
    def enough(event):
        if isinstance(event, Updated):
            raise StopTraining

    assert tune(MARIAN, listener=enough).step == 1
