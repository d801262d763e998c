"""Step folders: which are kept, which one is resumed, and that writing one never loses another."""

import pytest
from torch import nn

from seqkit.errors import CheckpointError
from seqkit.training import checkpoint


def make_steps(run, *names):
    for name in names:
        (run / name).mkdir(parents=True)
        (run / name / checkpoint.META).write_text("{}")


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
        ("step-000001", None, "step-000001"),
        (None, None, None),
    ],
)
def test_the_newer_of_best_and_last_is_resumed(tmp_path, best, last, newest):
    make_steps(tmp_path, "step-000001", "step-000002")
    for name, step in (("best", best), ("last", last)):
        if step:
            checkpoint.point(tmp_path, name, tmp_path / step)
    assert checkpoint.newest(tmp_path) == (tmp_path / newest if newest else None)


def write(run, step, save_task=lambda folder: None):
    return checkpoint.write(run, step, nn.Linear(2, 1), {}, {}, save_task)


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
