"""Images as a task: training and validation images, batches, losses."""

import numpy as np
import pytest
import torch
from bars import CLASSES, write_bars
from PIL import Image
from seqkit_vision.images import Prepared
from torch import nn

from seqkit.errors import ConfigError, DataError
from seqkit.training.task import Totals


def rows(batches):
    return [batch.rows.tolist() for batch in batches]


def epoch(task, number=0, *, start=0, rank=0, world=1):
    return rows(task.train_batches(number, start=start, rank=rank, world=world))


def flat(batches):
    return [row for batch in batches for row in batch]


def test_validation_images_come_from_the_training_images_and_do_not_depend_on_the_seed(
    make_task, photos
):
    one, other = (make_task(seed=seed, valid_share=0.2, batch=1) for seed in (1, 2))
    valid = flat(rows(one.valid_batches()))
    assert valid == flat(rows(other.valid_batches()))
    assert len(valid) == 18
    assert sorted(flat(epoch(one)) + valid) == list(range(90))
    assert flat(epoch(one)) != flat(epoch(other))
    assert all(
        str(photos / "train") in name for name in one.images.names
    )  # the test images are not looked at


def test_folds_partition_the_images(make_task):
    tasks = [make_task(folds=4, fold=fold, batch=1) for fold in range(4)]
    parts = [task.rows.held_out.tolist() for task in tasks]
    assert sorted(flat(parts)) == list(range(90))
    assert {len(part) for part in parts} == {22, 23}
    for task, part in zip(tasks, parts, strict=True):
        valid = flat(rows(task.valid_batches()))
        assert len(valid) == 7  # a tenth of the other folds, to choose the best checkpoint by
        assert sorted(flat(epoch(task)) + valid + part) == list(range(90))
        assert list(task.fold().images.names) == [task.images.names[row] for row in part]


def test_folds_have_images_of_every_class_in_equal_shares(make_task, tmp_path):
    write_bars(tmp_path, each=20)
    for path in sorted((tmp_path / "top").iterdir())[6:]:
        path.unlink()
    for fold in range(3):
        task = make_task(source=str(tmp_path), folds=3, fold=fold, valid_share=0.2)
        labels = task.images.labels
        held_out = torch.bincount(labels[task.rows.held_out], minlength=3).tolist()
        assert held_out[2] == 2
        assert {held_out[0], held_out[1]} <= {6, 7}
        assert len(set(labels[task.rows.valid].tolist())) == 3


def test_images_kept_apart_for_validation_are_validated_on(make_task, tmp_path):
    write_bars(tmp_path / "train", each=5)
    write_bars(tmp_path / "val", each=3, seed=1)
    write_bars(tmp_path / "test", each=2, seed=2)
    task = make_task(source=str(tmp_path), batch=1)
    assert sorted(flat(epoch(task))) == list(range(15))
    assert flat(rows(task.valid_batches())) == list(range(9))
    assert all("/val/" in name for name in task.rows.valid_source.images.names)
    assert task.describe()[0] == "15 training images, 9 for validation; 12x12, grey"

    folds = make_task(source=str(tmp_path), folds=3, fold=1)
    assert (len(folds.rows.train), len(folds.rows.held_out), len(folds.rows.valid)) == (10, 5, 9)


def test_processes_share_the_validation_images(make_task):
    task = make_task(valid_share=0.3, batch=4)
    whole = rows(task.valid_batches())
    shares = [rows(task.valid_batches(rank=rank, world=3)) for rank in range(3)]
    assert len(whole) == 7
    assert [shares[i % 3][i // 3] for i in range(7)] == whole


def test_a_limit_takes_images_of_every_class_and_the_same_ones_each_time(make_task):
    tasks = [make_task(limit=30, seed=seed, batch=1) for seed in (1, 2)]
    used = [sorted(flat(epoch(task)) + flat(rows(task.valid_batches()))) for task in tasks]
    assert used[0] == used[1]
    assert len(used[0]) == 30
    assert set(tasks[0].images.labels[used[0]].tolist()) == {0, 1, 2}


def test_batches_depend_on_epoch_start_rank_and_world_only(make_task):
    task = make_task(batch=8)
    whole = epoch(task, 3)
    assert len(whole) == 81 // 8  # 9 of 90 validate; a batch of 1 is left out
    assert {len(batch) for batch in whole} == {8}
    assert len(set(flat(whole))) == 80
    assert epoch(task, 3) == whole
    assert epoch(task, 3, start=4) == whole[4:]
    assert epoch(task, 4) != whole
    assert sorted(flat(epoch(task, 4))) != sorted(flat(whole))  # another one is left out
    assert epoch(make_task(batch=8, seed=2), 3) != whole
    shares = [epoch(task, 3, start=1, rank=rank, world=3) for rank in range(3)]
    assert [share[i] for i in range(3) for share in shares] == whole[1:]


def test_fewer_images_than_a_batch_are_one_batch(make_task):
    assert [len(batch) for batch in epoch(make_task(batch=1000))] == [81]


def test_images_are_normalised_by_the_statistics_of_the_training_images(make_task, photos):
    task = make_task(valid_share=0.3, batch=1)
    pixels = (
        np.stack([np.asarray(Image.open(task.images.names[row])) for row in flat(epoch(task))])
        / 255
    )
    assert task.plain.normalise.mean == pytest.approx([pixels.mean()])
    assert task.plain.normalise.std == pytest.approx([pixels.std()])
    images = torch.cat(
        [
            batch.to(torch.device("cpu")).images
            for batch in task.train_batches(0, start=0, rank=0, world=1)
        ]
    )
    assert float(images.mean()) == pytest.approx(0, abs=1e-5)
    assert float(images.std(correction=0)) == pytest.approx(1, abs=1e-5)


def test_a_constant_channel_is_not_divided_by_zero(make_task, tmp_path):
    write_bars(tmp_path, channels=3)
    for path in tmp_path.rglob("*.png"):
        pixels = np.array(Image.open(path))
        pixels[..., 1] = 7
        Image.fromarray(pixels).save(path)
    normalise = make_task(source=str(tmp_path)).plain.normalise
    assert normalise.std[1] == 1
    assert normalise.mean[1] == pytest.approx(7 / 255)
    assert normalise.std[0] < 1


def prepared(labels, targets=None):
    labels = torch.tensor(labels)
    return Prepared(
        torch.zeros(len(labels), 1, 2, 2), labels, labels if targets is None else targets
    )


class Fixed(nn.Module):
    """Logits that are given."""

    def __init__(self, logits):
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, images):
        return self.logits


LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.3, 0.1], [1.0, 1.5, -2.0], [0.2, 0.2, 3.0]])
LABELS = [0, 2, 1, 0]


def by_hand(targets):
    """Minus the sum of shares times log probabilities."""
    return float(-(targets * (LOGITS - LOGITS.exp().sum(1, keepdim=True).log())).sum())


def one_hot(labels):
    return torch.eye(3)[labels]


def training_loss(task, targets=None, model=None):
    """Of `LOGITS`, or of what `model` gives."""
    return task.step((model or Fixed(LOGITS)).train(), prepared(LABELS, targets), None).loss.item()


def test_the_loss_is_a_sum_over_images(make_task):
    assert training_loss(make_task()) == pytest.approx(by_hand(one_hot(LABELS)))


def test_label_smoothing_spreads_a_share_over_all_classes(make_task):
    task = make_task(optim={"label_smoothing": 0.3})
    assert training_loss(task) == pytest.approx(by_hand(0.7 * one_hot(LABELS) + 0.1))


def test_targets_may_be_shares_of_classes(make_task):
    targets = torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    assert training_loss(make_task(), targets) == pytest.approx(by_hand(targets))


def test_class_weights_are_inverse_to_the_number_of_training_images(make_task, tmp_path):
    write_bars(tmp_path, each=20)
    for path in sorted((tmp_path / "top").iterdir())[5:]:
        path.unlink()
    task = make_task(source=str(tmp_path), class_weights=True, batch=1)
    labels = task.images.labels[flat(epoch(task))]
    counts = [(labels == i).sum().item() for i in range(3)]
    weights = [len(labels) / (3 * count) for count in counts]
    assert weights[CLASSES.index("top")] > 2 * weights[CLASSES.index("middle")]
    losses = nn.functional.cross_entropy(LOGITS, torch.tensor(LABELS), reduction="none")
    wanted = sum(weights[label] * float(loss) for label, loss in zip(LABELS, losses, strict=True))
    assert training_loss(task) == pytest.approx(wanted)
    assert sum(weights[label] for label in labels) == pytest.approx(len(labels))  # 1 on average


@torch.no_grad()
def test_validation_uses_the_plain_loss_and_counts_correct_predictions(make_task):
    task = make_task(class_weights=True, mixup=1.0, optim={"label_smoothing": 0.3})
    model, totals = Fixed(LOGITS).eval(), Totals()
    totals.add(task.step(model, prepared(LABELS), None), 4)
    totals.add(task.step(model, prepared([2, 1, 0, 2]), None), 4)
    metrics = task.metrics(model, totals)
    assert metrics["accuracy"] == 4 / 8  # 0, 1, 1, 2 are the likeliest: two are right, and two
    assert metrics["loss"] == pytest.approx(
        (by_hand(one_hot(LABELS)) + by_hand(one_hot([2, 1, 0, 2]))) / 8
    )


def test_auxiliary_outputs_count_with_their_weight_in_training_only(make_task):
    class WithAuxiliary(Fixed):
        def all_logits(self, images):
            return [(1.0, self.logits), (0.3, -self.logits)]

    task, model = make_task(), WithAuxiliary(LOGITS)
    main, other = (
        nn.functional.cross_entropy(x, torch.tensor(LABELS), reduction="sum")
        for x in (LOGITS, -LOGITS)
    )
    assert training_loss(task, model=model) == pytest.approx(float(main + 0.3 * other))
    assert task.step(model.eval(), prepared(LABELS), None).loss.item() == pytest.approx(float(main))


def test_the_description_of_the_data_is_short(make_task, tmp_path):
    lines = make_task().describe()
    assert lines[0] == "81 training images, 9 for validation; 12x12, grey"
    assert lines[1].startswith("3 classes, from ")
    write_bars(tmp_path, channels=3)
    (tmp_path / "top/broken.png").write_bytes(b"no image")
    lines = make_task(source=str(tmp_path), skip_bad=True).describe()
    assert lines[0].startswith(f"skipped: {tmp_path / 'top/broken.png'} is not an image")
    assert lines[1] == "27 training images, 3 for validation; 12x12, colour"


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        ({"source": ""}, ConfigError, r"no images: set data\.source, or --data"),
        ({"limit": 2}, DataError, "2 images are too few to train on some and validate on others"),
        ({"folds": 100, "fold": 99}, DataError, "too few"),
        (
            {"folds": 1},
            ConfigError,
            "folds = 1, fold = 0: fold is 0 to folds - 1, folds at least 2",
        ),
        ({"folds": 3, "fold": 3}, ConfigError, "folds = 3, fold = 3"),
        ({"flips": True}, ConfigError, "unknown key 'flips'. Did you mean 'flip'"),
        ({"channels": 2}, ConfigError, "channels should be 0, 1 or 3"),
        ({"size": 100_000}, ConfigError, "size should be less than or equal to 8000"),
    ],
)
def test_impossible_settings_are_reported_before_training(make_task, data, error, says):
    with pytest.raises(error, match=says):
        make_task(**data)


@pytest.mark.parametrize("model", ["lenet", "densenet121"])
def test_batch_norm_of_a_single_image_is_one_clear_line(train, tmp_path, model):
    small = {"data.size": 32, "data.batch": 1, "train.steps": 2}
    options = {"model.batch_norm": True} if model == "lenet" else {"model.growth": 4}
    with pytest.raises(ConfigError, match=r"data\.batch = 1: batch norm needs more than one"):
        train(tmp_path / "run", {"model.name": model, **small, **options})
