"""`seqkit vision train --folds`: cross-validation whose figures were not chosen."""

import statistics

import numpy as np
import pytest
from pictures_made import noise, write
from quick_trainings import differing, weights
from seqkit_vision.sources import open_source

import seqkit
from seqkit.training import checkpoint


def test_folds_are_runs_of_their_own_with_mean_and_deviation(train_bars, tmp_path):
    done = train_bars("--model", "softmax-regression", "--folds", "3", "--set", "train.steps=8")
    found = []
    for fold in range(3):
        run = tmp_path / f"run/fold-{fold}"
        meta = checkpoint.read_meta(checkpoint.resolve(run))
        assert (meta["config"]["data"]["folds"], meta["config"]["data"]["fold"]) == (3, fold)
        line = done.lines[2 * fold + 1]
        assert line.startswith(f"run/fold-{fold}: accuracy ")
        assert line.endswith(" on the 30 images of its fold")
        found.append(float(line.split()[2]))
    mean, deviation = statistics.fmean(found), statistics.stdev(found)
    said = done.lines[-1]
    assert said.endswith("each fold scored once, by a checkpoint chosen on other images")
    assert float(said.split()[3]) == pytest.approx(mean, abs=1e-4)
    assert float(said.split()[5]) == pytest.approx(deviation, abs=1e-4)


def test_a_fold_is_scored_by_the_best_checkpoint_of_its_run(train_bars, tmp_path):
    done = train_bars("--model", "softmax-regression", "--folds", "2", "--set", "train.steps=8")
    for fold in range(2):
        run = tmp_path / f"run/fold-{fold}"
        classifier = seqkit.load(run)
        names = list(held_out_names(run))
        right = [
            prediction.classes[0] == name.split("/")[-2]
            for prediction, name in zip(classifier.predict(names), names, strict=True)
        ]
        assert len(right) == 45
        assert f"accuracy {np.mean(right):.4f} on the 45" in done.lines[2 * fold + 1]


def held_out_names(run):
    from seqkit_vision.task import ImageClassification

    from seqkit.runs.open import config_of

    config, step = config_of(run)
    return ImageClassification(config, step).fold().images.names


def test_labels_by_the_flip_of_a_coin_are_not_learnt(cli, tmp_path):
    """Of many evaluations, the best on the images that are scored would be high by luck."""
    random = np.random.default_rng(0)
    for i in range(80):
        label = ("heads", "tails")[random.integers(2)]
        write(tmp_path / f"coins/{label}/{i}.png", noise(8, 8, 1, seed=i))
    settings = ("train.steps=100", "train.eval_every=2", "data.batch=16", "optim.lr=0.01")
    given = [word for setting in settings for word in ("--set", setting)]
    args = ["--model", "mlp", "--data", tmp_path / "coins", "--out", tmp_path / "run", *given]
    done = cli("vision", "train", *args, "--folds", "5", "--device", "cpu")
    mean = float(done.lines[-1].split()[3])
    assert abs(mean - 0.5) < 0.11  # two standard errors


def test_the_images_are_read_once_for_all_folds(train_bars, monkeypatch, photos):
    read = []

    def reading(name, part, wanted):
        read.append(name)
        return real(name, part, wanted)

    real = open_source.__globals__["_open"]
    monkeypatch.setattr("seqkit_vision.sources._open", reading)
    assert train_bars("--model", "softmax-regression", "--folds", "3").code == 0
    assert read == [str(photos)]


def test_folds_resume_where_they_stopped(train_bars, tmp_path):
    args = ["--model", "softmax-regression", "--folds", "2"]
    assert train_bars(*args).code == 0
    assert "run/fold-0 exists: continue it with --resume" in train_bars(*args).complaint()
    (tmp_path / "run/fold-1").rename(tmp_path / "gone")  # as if it had been stopped in the first
    before = weights(tmp_path / "run/fold-0")
    said = train_bars(*args, "--resume", "--out", "none").complaint()
    assert said == "nothing to resume at none/fold-0: train without --resume"
    assert train_bars(*args, "--resume").lines[-1].startswith("2 folds: accuracy ")
    assert not differing(before, weights(tmp_path / "run/fold-0"))
    assert not differing(weights(tmp_path / "gone"), weights(tmp_path / "run/fold-1"))
    assert train_bars(*args, "--overwrite").code == 0
