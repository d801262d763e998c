"""Step folders: which are kept, which one is resumed, and that writing one never loses another."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from seqkit.errors import CheckpointError
from seqkit.training import checkpoint


def make_steps(run, *names, **state):
    """Whole step folders as small as can be."""
    for name in names:
        folder = run / name
        folder.mkdir(parents=True)
        (folder / checkpoint.META).write_text(json.dumps({"format": 1, "state": state}))
        for file in (checkpoint.MODEL, checkpoint.TRAINER):
            save_file({"weight": torch.zeros(2)}, folder / file)


def names_in(run):
    return sorted(folder.name for folder in run.glob("step-*"))


def test_the_newest_checkpoints_are_kept(tmp_path):
    make_steps(tmp_path, *(f"step-{step:06}" for step in range(1, 6)))
    checkpoint.prune(tmp_path, keep=2)
    assert names_in(tmp_path) == ["step-000004", "step-000005"]


def test_age_goes_by_the_number_of_the_step(tmp_path):
    make_steps(tmp_path, "step-000002-evaluated", "step-000002", "step-000003", "step-1000000")
    checkpoint.prune(tmp_path, keep=3)
    assert names_in(tmp_path) == ["step-000002-evaluated", "step-000003", "step-1000000"]
    checkpoint.prune(tmp_path, keep=1)
    assert names_in(tmp_path) == ["step-1000000"]


def test_the_best_and_the_last_are_kept_beside_the_newest(tmp_path):
    make_steps(tmp_path, *(f"step-{step:06}" for step in range(1, 6)))
    checkpoint.point(tmp_path, "best", tmp_path / "step-000001")
    checkpoint.point(tmp_path, "last", tmp_path / "step-000005")
    checkpoint.prune(tmp_path, keep=1)
    assert names_in(tmp_path) == ["step-000001", "step-000004", "step-000005"]
    checkpoint.prune(tmp_path, keep=0)
    assert names_in(tmp_path) == ["step-000001", "step-000005"]


@pytest.mark.parametrize(
    ("best", "last", "newest"),
    [
        ("step-000001", "step-000002", "step-000002"),
        ("step-000002", "step-000001", "step-000002"),  # killed before "last" was moved
        ("step-000003", "step-000001", "step-000001"),  # the best one is not there
        (None, "step-000001", "step-000001"),
        ("step-000001", None, "step-000002"),  # no "last": the newest whole one
        ("step-000001", "step-000003", "step-000002"),
        (None, None, "step-000002"),
    ],
)
def test_the_newer_of_best_and_last_is_resumed_or_the_newest_whole_one(
    tmp_path, best, last, newest
):
    make_steps(tmp_path, "step-000001", "step-000002")
    for name, step in (("best", best), ("last", last)):
        if step:
            checkpoint.point(tmp_path, name, tmp_path / step)
    assert checkpoint.newest(tmp_path) == tmp_path / newest


@pytest.mark.parametrize("text", [b"", b"\n", b"\xff\x00", b"../step-000001", b"step-000009"])
def test_a_last_that_leads_nowhere_means_the_newest_whole_step(tmp_path, text):
    make_steps(tmp_path, *(f"step-{step:06}" for step in (1, 2, 3, 4)))
    (tmp_path / "step-000003" / checkpoint.TRAINER).unlink()
    weights = tmp_path / "step-000004" / checkpoint.MODEL
    weights.write_bytes(weights.read_bytes()[:-1])
    (tmp_path / "last").write_bytes(text)
    assert checkpoint.newest(tmp_path) == tmp_path / "step-000002"


def test_without_a_whole_step_there_is_nothing_to_resume(tmp_path):
    make_steps(tmp_path, "step-000001")
    (tmp_path / "step-000001" / checkpoint.META).write_text('{"format": 1')
    assert checkpoint.newest(tmp_path) is None
    assert checkpoint.newest(tmp_path / "not there") is None


def test_the_best_step_is_known_from_what_the_steps_record(tmp_path):
    record = {"best": 2.0, "evaluations_since_best": 0}
    make_steps(tmp_path, "step-000001", step=1, evaluated=1, **record | {"best": 3.0})
    make_steps(tmp_path, "step-000002", step=2, evaluated=2, **record)
    make_steps(tmp_path, "step-000003", step=3, evaluated=2, **record)  # was stopped there
    make_steps(
        tmp_path, "step-000004", step=4, evaluated=4, **record | {"evaluations_since_best": 1}
    )
    make_steps(tmp_path, "step-000005", step=5, evaluated=5, **record | {"best": 1.0})
    last = tmp_path / "step-000004"
    assert checkpoint.best_so_far(tmp_path, last) == tmp_path / "step-000002"

    for path in (tmp_path / "step-000002").iterdir():
        path.unlink()
    assert checkpoint.best_so_far(tmp_path, last) is None


def test_a_step_that_was_saved_only_because_training_stopped_is_not_kept(tmp_path):
    make_steps(tmp_path, "step-000001", step=1, evaluated=1)
    make_steps(tmp_path, "step-000002", step=2, evaluated=1)
    make_steps(tmp_path, "step-000003", "step-000004", step=3, evaluated=3)
    (tmp_path / ".step-000002.part").mkdir()  # what a kill left

    checkpoint.point(tmp_path, "last", tmp_path / "step-000004")
    checkpoint.prune(tmp_path, keep=9)
    assert names_in(tmp_path) == ["step-000001", "step-000003", "step-000004"]
    assert not list(tmp_path.glob(".*"))


def test_what_others_put_into_a_run_folder_is_never_pruned(tmp_path):
    make_steps(tmp_path, "step-000001", "step-000002", "step-000001-backup", "step-by-step")
    (tmp_path / "step-000003").write_text("a note")
    checkpoint.prune(tmp_path, keep=0)
    assert names_in(tmp_path) == ["step-000001-backup", "step-000003", "step-by-step"]


def test_of_a_step_folder_that_is_a_link_only_the_link_is_deleted(tmp_path):
    run = tmp_path / "run"
    make_steps(tmp_path / "elsewhere", "step-000001", "step-000005")
    run.mkdir()
    for name in ("step-000001", "step-000005"):
        (run / name).symlink_to(tmp_path / "elsewhere" / name)

    assert not write(run, 5).is_symlink()
    checkpoint.point(run, "last", run / "step-000005")
    checkpoint.prune(run, keep=0)
    assert names_in(run) == ["step-000005"]
    assert names_in(tmp_path / "elsewhere") == ["step-000001", "step-000005"]
    assert checkpoint.is_whole(tmp_path / "elsewhere/step-000005")


def test_folders_are_flushed_after_a_rename(tmp_path, monkeypatch):
    flushed = []
    real = os.fsync
    names = {}

    def remember(path, *args, **more):
        number = open_file(path, *args, **more)
        names[number] = Path(path)
        return number

    open_file = os.open
    monkeypatch.setattr(os, "open", remember)
    monkeypatch.setattr(
        os, "fsync", lambda number: (flushed.append(names.get(number)), real(number))
    )
    folder = write(tmp_path, 5)
    assert flushed[-2:] == [tmp_path / f".{folder.name}.part", tmp_path]
    checkpoint.point(tmp_path, "last", folder)
    assert flushed[-1] == tmp_path


def write(run, step, save_task=lambda folder: None):
    return checkpoint.write(run, step, nn.Linear(2, 1).state_dict(), {}, {}, save_task)


def test_a_step_saved_before_its_evaluation_gets_a_second_folder(tmp_path):
    first = write(tmp_path, 5)
    checkpoint.point(tmp_path, "last", first)
    assert write(tmp_path, 5).name == "step-000005-evaluated"
    assert first.exists()


def test_a_step_folder_that_nothing_points_to_is_written_again(tmp_path):
    (write(tmp_path, 5) / "torn").touch()
    again = write(tmp_path, 5)
    assert again.name == "step-000005"
    assert not (again / "torn").exists()


def test_a_task_that_cannot_save_leaves_no_half_step_folder(tmp_path):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    with pytest.raises(CheckpointError, match="step-000005: Permission denied; earlier checkpoint"):
        write(tmp_path, 5, refuse)
    assert list(tmp_path.iterdir()) == []


def test_tied_weights_are_saved_once():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert list(checkpoint.unique_tensors(model)) == ["0.weight", "0.bias", "1.bias"]


def test_a_copied_step_has_what_its_links_lead_to(tmp_path):
    make_steps(tmp_path, "step-000001")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "words.txt").write_text("a\n")
    (tmp_path / "step-000001" / "tokenizer").symlink_to(shared)

    copy = tmp_path / "copy"
    checkpoint.copy_step(tmp_path / "step-000001", copy, leaving_out=[checkpoint.TRAINER])
    assert (copy / "tokenizer" / "words.txt").read_text() == "a\n"
    assert {path.name for path in copy.iterdir()} == {
        checkpoint.META,
        checkpoint.MODEL,
        "tokenizer",
    }
