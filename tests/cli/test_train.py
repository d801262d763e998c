"""`seqkit train`: what it says, what it refuses, and what it leaves in the run folder."""

import json
import re
import shutil

from tensors import assert_same

import seqkit
from seqkit import recipes


def test_progress_is_on_stderr_and_the_result_on_stdout(here, cli):
    done = cli("train", "tiny.toml", "--out", "new/run")
    assert re.fullmatch(r"new/run: 4 steps, best perplexity [\d.]+\n", done.out)
    lines = done.err.splitlines()
    assert lines[0] == "40 training pairs, 10 for validation"
    assert re.search(
        r"transformer, [\d,]+ parameters, training on \S+ \(fp32\) into new/run", done.err
    )
    assert [line.split("·")[0].strip() for line in lines if line.startswith("step ")] == [
        "step      2",
        "step      4",
    ]


SMALL = (
    *("--set", "text.tokenizer=char"),
    *("--set", "train.steps=2"),
    *("--set", "model.width=8"),
    *("--set", "model.heads=2"),
)


def test_data_are_the_user_s_files_for_any_task(here, cli):
    own = ("--data", "train.source", "--data", "train.target")
    valid = ("--valid", "valid.source", "--valid", "valid.target")
    done = cli("train", "demo/en-de", *own, *valid, "--out", "own", *SMALL)
    assert (done.code, done.err.splitlines()[0]) == (0, "40 training pairs, 10 for validation")
    assert cli("train", "demo/en-de", *own, "--out", "cut", *SMALL).err.startswith("36 training")

    fewer = cli("train", "demo/en-de", *own, "--out", "few", *SMALL, "--set", "data.limit=20")
    assert fewer.err.startswith("18 training pairs")

    same = ("--source", "train.source", "--target", "train.target")
    assert cli("train", "demo/en-de", *same, "--out", "same", *SMALL).code == 0
    assert_same(here / "cut", here / "same")

    small = ("--set", "train.steps=1", "--set", "data.batch=2", "--set", "data.steps=5")
    done = cli("train", "demo/story", "--data", "train.source", "--out", "lm", *small)
    assert done.code == 0, done.err
    data = recipes.load("lm/config.toml").sections["data"]
    assert (data["corpus"], data["train"]) == ("", [str(here / "train.source")])


def test_own_files_that_do_not_go_together_are_refused(here, cli):
    train = ("train", "demo/en-de", "--out", "own")
    assert "parallel text is two files" in cli(*train, *["--data", "a"] * 3).complaint()
    assert "--valid goes with --data" in cli(*train, "--valid", "a").complaint()
    both = ("--data", "a", "--source", "b", "--target", "c")
    assert "give --data, or --source and --target, not both" in cli(*train, *both).complaint()
    assert "--source and --target go together" in cli(*train, "--target", "a").complaint()
    assert not (here / "own").exists()


def test_without_out_the_run_is_named_after_its_config(here, cli):
    assert cli("train", "tiny.toml").out.startswith("runs/tiny: 4 steps")
    assert seqkit.load("runs/tiny").translate([""]) == [""]


def test_the_log_has_an_object_for_each_event(here, cli):
    cli("train", "tiny.toml", "--out", "run")
    events = [
        json.loads(line)
        for line in (here / "run/log.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    updated, evaluated = "updated", "evaluated"
    assert [e["event"] for e in events] == [
        updated,
        updated,
        evaluated,
        updated,
        updated,
        evaluated,
    ]
    assert [e["step"] for e in events] == [1, 2, 2, 3, 4, 4]
    best = [e["metrics"]["perplexity"] for e in events if e["event"] == evaluated and e["best"]][-1]
    assert cli("train", "tiny.toml", "--out", "run", "--resume").out.endswith(
        f"best perplexity {best:.2f}\n"
    )


def test_a_run_of_two_own_files_is_repeated_by_its_config_from_anywhere(here, cli, monkeypatch):
    files = ("--source", "train.source", "--target", "train.target")
    assert cli("train", "demo/en-de", *files, "--out", "own", *SMALL).code == 0
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert cli("train", here / "own/config.toml", "--out", here / "again").code == 0
    assert_same(here / "own", here / "again")


def test_options_that_exclude_each_other_are_refused(here, cli):
    command = ("train", "tiny.toml", "--out", "run")
    assert "nothing to resume at run" in cli(*command, "--resume").complaint()
    assert (
        "choose one of resume and overwrite" in cli(*command, "--resume", "--overwrite").complaint()
    )


def test_a_path_that_cannot_be_a_run_folder_is_refused(here, cli):
    assert "tiny.toml exists" in cli("train", "tiny.toml", "--out", "tiny.toml").complaint()
    assert (
        "is not a run folder"
        in cli("train", "tiny.toml", "--out", "tiny.toml", "--overwrite").complaint()
    )
    assert cli("train", "tiny.toml", "--out", "tiny.toml/run").complaint() == (
        "cannot write to tiny.toml/run: Not a directory"
    )


def test_a_failed_attempt_to_overwrite_keeps_the_old_run(here, cli):
    cli("train", "tiny.toml", "--out", "run")
    shutil.copytree(here / "run", here / "before")
    (here / "train.source").unlink()
    assert "cannot read" in cli("train", "tiny.toml", "--out", "run", "--overwrite").complaint()
    assert_same(here / "before", here / "run")


def test_training_stops_when_patience_is_used_up(here):
    found = seqkit.train(
        "tiny.toml",
        out="run",
        overrides={"train.patience": 1, "optim.lr": 1e-30, "train.steps": 50},
    )
    assert found.step == 4


def test_training_that_diverges_says_what_to_do(here, cli):
    done = cli(
        "train", "tiny.toml", "--out", "run", "--set", "optim.lr=1e30", "--set", "train.steps=50"
    )
    assert done.code == 1
    says = r"error: training diverged at step \d+, batch \d+ of epoch \d+: .*lower optim.lr"
    assert re.search(says, done.err.splitlines()[-1])
