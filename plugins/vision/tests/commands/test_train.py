"""`seqkit vision train`."""

import json

import pytest
import torch
from bars import CLASSES, write_bars
from quick_trainings import QUICK, differing, weights
from seqkit_vision.corpora import CLASSES as CORPORA
from seqkit_vision.sizes import multiply_adds

import seqkit
from seqkit import recipes
from seqkit.runs.build import make_model
from seqkit.runs.open import config_of

OURS = [name for name in recipes.names() if name.partition("/")[0] in CORPORA]


def test_a_model_and_a_folder_of_images_are_all_that_is_needed(cli, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("vision", "train", "--model", "softmax-regression", "--data", photos, *QUICK)
    folder = tmp_path / f"runs/vision-{photos.name}-softmax-regression"
    assert folder.is_dir()
    assert done.lines == [
        f"{folder.relative_to(tmp_path)}: 2 steps, best {done.out.partition('best ')[2].strip()}"
    ]
    assert "81 training images, 9 for validation; 12x12, grey" in done.err
    assert seqkit.load(folder).classes == CLASSES
    events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    best = next(event for event in events if event["event"] == "evaluated")["metrics"]
    assert f"accuracy {best['accuracy']:.4f}" in done.out


def test_settings_override_options_and_options_override_the_recipe(train_bars, tmp_path):
    over = ["--set", "model.hidden=[7]", "--set", "optim.output_rate=5"]
    assert train_bars("--model", "mlp", "--head-rate", "3", *over).code == 0
    config = config_of(tmp_path / "run")[0]
    assert config.model == {"name": "mlp", "hidden": [7], "dropout": 0.0, "init": "default"}
    assert config.optim.output_rate == 5
    assert config.optim.weight_decay == 0.05  # the recipe's


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_every_recipe_trains(cli, tiny_corpora, tmp_path, monkeypatch, name):
    """On noise, with fewer channels where a net is wide."""
    monkeypatch.setenv("SEQKIT_CORPORA", str(tiny_corpora))
    narrow = ["--set", "model.width=8"] if name == "cifar10/resnet18" else []
    done = cli(
        "vision",
        "train",
        name,
        "--out",
        tmp_path / "run",
        *QUICK,
        "--set",
        "data.limit=40",
        *narrow,
    )
    assert done.lines[0].startswith(f"{tmp_path / 'run'}: 2 steps, best accuracy ")
    assert len(seqkit.load(tmp_path / "run").classes) == 10


def test_the_general_command_trains_recipes_of_the_plugin_too(
    cli, tiny_corpora, tmp_path, monkeypatch
):
    monkeypatch.setenv("SEQKIT_CORPORA", str(tiny_corpora))
    assert set(cli("config").lines) >= {*OURS, "vision/default", "demo/en-de"}
    done = cli("train", "fashion-mnist/lenet", "--out", tmp_path / "run", *QUICK)
    assert done.lines[0].startswith(f"{tmp_path / 'run'}: 2 steps, best accuracy ")


@pytest.mark.parametrize("name", OURS)
def test_every_recipe_fits_its_corpus_as_it_is(name):
    config = recipes.load(name)
    assert config.task == "vision"
    assert config.sections["data"]["source"] == name.partition("/")[0]
    channels, size = (3, 32) if name.startswith("cifar10/") else (1, 28)
    with torch.device("meta"):
        model = make_model(
            config.model, {"channels": channels, "size": size, "classes": 10}, "vision"
        )
        assert multiply_adds(model.eval(), torch.empty(1, channels, size, size)) > 0
    assert (
        config.train.steps % config.train.eval_every == 0
    )  # or the last updates are not looked at


def test_a_config_file_can_take_the_place_of_a_recipe(train_bars, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'task = "vision"\n[model]\nname = "lenet"\npreset = "modern"\n[train]\nsteps = 50\n'
    )
    assert train_bars(path).code == 0
    assert config_of(tmp_path / "run")[0].model["pooling"] == "max"


def test_frozen_layers_do_not_change(train_bars, tmp_path):
    start = ["--set", "train.eval_every=1", "--set", "train.steps=1", "--model", "lenet"]
    train_bars(*start, "--freeze", "all")
    first = weights(tmp_path / "run")
    train_bars(*start, "--freeze", "all", "--resume", "--set", "train.steps=3")
    assert differing(first, weights(tmp_path / "run")) == {"output.weight", "output.bias"}
    args = [
        "--freeze",
        "features",
        "--freeze",
        "hidden.layer1",
        "--overwrite",
        "--set",
        "train.eval_every=1",
    ]
    train_bars("--model", "lenet", *args, "--set", "train.steps=1")
    first = weights(tmp_path / "run")
    train_bars("--model", "lenet", *args[:4], "--resume", "--set", "train.steps=3")
    changed = differing(first, weights(tmp_path / "run"))
    assert {name.rpartition(".")[0] for name in changed} == {"hidden.layer2.linear", "output"}


def test_the_last_layer_may_learn_faster(train_bars, tmp_path):
    """One update of sgd without momentum: the last layer goes ten times as far."""
    moved = []
    fixed = [
        "--model",
        "lenet",
        "--overwrite",
        "--set",
        "optim.name=sgd",
        "--set",
        "optim.weight_decay=0",
    ]
    fixed += ["--set", "optim.warmup=0", "--set", "optim.decay=none", "--set", "train.steps=1"]
    for rate, head in ((1e-30, 1), (0.01, 1), (0.01, 10)):
        assert train_bars(*fixed, "--set", f"optim.lr={rate}", "--head-rate", head).code == 0
        moved.append(weights(tmp_path / "run"))
    start, plain, faster = moved
    for name in start:
        wanted = (plain[name] - start[name]) * (10 if name.startswith("output.") else 1)
        torch.testing.assert_close(faster[name] - start[name], wanted, rtol=1e-2, atol=1e-6)
    assert differing(start, plain) == set(start)


def test_a_run_is_resumed_or_replaced_on_request(train_bars, tmp_path):
    settings = ["--model", "lenet", "--set", "optim.decay=none"]
    train_bars(*settings)
    assert (
        "run exists: continue it with --resume, replace it with --overwrite"
        in train_bars(*settings).complaint()
    )
    assert (
        train_bars(*settings, "--resume", "--set", "train.steps=4")
        .lines[0]
        .startswith("run: 4 steps")
    )
    resumed = weights(tmp_path / "run")
    assert train_bars(*settings, "--overwrite", "--set", "train.steps=4").code == 0
    assert not differing(resumed, weights(tmp_path / "run"))
    assert (
        "model.pooling was 'average' and is now 'max'"
        in train_bars(*settings, "--resume", "--set", "model.pooling=max").complaint()
    )


def test_a_recipe_of_another_task_is_refused(cli, tmp_path):
    said = cli("vision", "train", "demo/en-de", "--out", tmp_path / "run").complaint()
    assert said.endswith(
        "is a recipe for 'translation'; this command trains 'vision', `seqkit train` any task"
    )
    assert not (tmp_path / "run").exists()


def test_bad_files_stop_training_or_are_skipped_by_name(train_bars, cli, tmp_path):
    data = write_bars(tmp_path / "data")
    bad = data / "top/bad.png"
    bad.write_bytes((data / "top/000.png").read_bytes()[:60])
    args = [
        "vision",
        "train",
        "--model",
        "softmax-regression",
        "--data",
        data,
        "--out",
        "run",
        *QUICK,
    ]
    assert f"{bad} is" in (said := cli(*args).complaint())
    assert said.endswith("fix or remove it, or skip such files with --skip-bad")
    assert not (tmp_path / "run").exists()
    done = cli(*args, "--skip-bad")
    assert f"skipped: {bad} is" in " ".join(done.err.split())
    assert "27 training images, 3 for validation" in done.err
    assert done.code == 0


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "[data]: no images: set data.source, or --data, to a corpus, a folder or a CSV file"),
        (
            ["--data", "nowhere"],
            "/nowhere': give a corpus (mnist, fashion-mnist, cifar10), a folder",
        ),
        (
            ["fashion-mnist/lennet"],
            "'fashion-mnist/lennet'. Did you mean 'fashion-mnist/lenet'? Known: chnsenticorp",
        ),
        (["none.toml"], "no config file none.toml"),
        (["--model", "lennet", "--data", "x"], "no model 'lennet'. Did you mean 'lenet'?"),
        (
            ["--model", "transformer", "--data", "mnist"],
            "[model] 'transformer' is not a model for this task: it takes target_vocab",
        ),
        (
            ["--data", "mnist", "--set", "data.flips=true"],
            "unknown key 'flips'. Did you mean 'flip'?",
        ),
        (["--data", "mnist", "--set", "data.crop"], "--set 'data.crop' is not KEY=VALUE"),
        (["--data", "mnist", "--head-rate", "-1"], "output_rate"),
        (["--data", "mnist", "--resume"], "nothing to resume at run: train without --resume"),
        (["--data", "mnist", "--resume", "--overwrite"], "choose one of resume and overwrite"),
        (
            ["--data", "mnist", "--freeze", "ftures"],
            "no parameter begins with 'ftures'. Did you mean 'features'?",
        ),
        (
            ["--model", "vgg11", "--data", "mnist"],
            "vgg11 needs images of at least 32 pixels, not 28: set",
        ),
        (
            ["--data", "."],
            "has no folders: put the images of each class into a folder named for it",
        ),
        (
            ["--data", "mnist", "--set", "train.steps=0"],
            "set steps, epochs or minutes, or training never ends",
        ),
        (["--data", "mnist", "--device", "tpu"], "tpu"),
    ],
)
def test_a_mistake_is_one_clear_line_and_leaves_nothing(
    cli, tiny_corpora, tmp_path, monkeypatch, args, says
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQKIT_CORPORA", str(tiny_corpora))
    assert says in cli("vision", "train", *QUICK, *args, "--out", "run").complaint()
    assert not (tmp_path / "run").exists()


def test_a_corpus_that_is_not_here_says_how_to_get_it(cli, tmp_path, monkeypatch):
    for name in ("SEQKIT_CORPORA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    said = cli("vision", "train", "mnist/mnist-cnn", "--out", tmp_path / "run").complaint()
    assert "corpus 'mnist' is not on this machine" in said
    assert "run `seqkit corpora fetch mnist`, or set SEQKIT_CORPORA" in said


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--folds", "1"], "Invalid value for '--folds': 1 is not in the range x>=2."),
        (["--head-rate", "fast"], "Invalid value for '--head-rate': 'fast' is not a valid float."),
        (["--modle", "lenet"], "No such option"),
        (["one", "two"], "Got unexpected extra argument (two)"),
    ],
)
def test_usage_errors_are_reported_by_click(cli, args, says):
    assert says in cli("vision", "train", *args).complaint(2)
