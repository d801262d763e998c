"""Damaged run folders: each is told in one line, and nothing in them is ever executed."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from letters import write_lines
from safetensors.torch import load_file, save_file

from seqkit.plugins import components
from seqkit.registry import Entry
from seqkit.training import checkpoint


@pytest.fixture
def copy(beginner, here):
    """A copy, here, of a run with two checkpoints; and its last step folder."""
    shutil.copytree(beginner, here / "run")
    return here / "run", checkpoint.resolve(here / "run", prefer="last")


def edit(path, **changes):
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8"
    )


def edit_config(step, section, **changes):
    config = json.loads((step / "meta.json").read_text(encoding="utf-8"))["config"]
    config[section] |= changes
    edit(step / "meta.json", config=config)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def shorten(vocab):
    vocab.write_text(
        "".join(vocab.read_text(encoding="utf-8").splitlines(keepends=True)[:20]), encoding="utf-8"
    )


def reshape(path):
    save_file({name: tensor.reshape(-1) for name, tensor in load_file(path).items()}, path)


DAMAGE = {
    "model.safetensors is damaged": lambda step: truncate(step / "model.safetensors"),
    "does not fit the model": lambda step: reshape(step / "model.safetensors"),
    "it lacks the config or the dims": lambda step: edit(step / "meta.json", config=None),
    "[data]: unknown key 'magic'": lambda step: edit_config(step, "data", magic=1),
    "no model 'transformed'": lambda step: edit_config(step, "model", name="transformed"),
    "it takes target_vocab, source_vocab, the data gives vocabulary": lambda step: edit(
        step / "meta.json", dims={"vocabulary": 3}
    ),
    "vocab.tsv has not the 256 byte tokens": lambda step: shorten(step / "tokenizer/vocab.tsv"),
    "vocab.tsv:20: expected TOKEN<tab>COUNT": lambda step: write_lines(
        step / "tokenizer/vocab.tsv",
        [*(step / "tokenizer/vocab.tsv").read_text().splitlines()[:19], "torn"],
    ),
    "tokenizer.json is damaged": lambda step: truncate(step / "tokenizer/tokenizer.json"),
    "no tokenizer 'glyph'": lambda step: edit(step / "tokenizer/tokenizer.json", tokenizer="glyph"),
}


@pytest.mark.parametrize("says", DAMAGE)
def test_a_damaged_checkpoint_is_one_line_that_names_it(copy, cli, says):
    _, step = copy
    DAMAGE[says](step)
    complaint = cli("translate", "-m", step, "a b").complaint()
    assert says in complaint
    assert str(step) in complaint or "no " in complaint


RESUME = [
    ("trainer.safetensors is damaged", lambda step: truncate(step / "trainer.safetensors")),
    (
        "cannot read run/step-000004/trainer.safetensors",
        lambda step: (step / "trainer.safetensors").unlink(),
    ),
    (
        "trainer.safetensors or the state in",
        lambda step: save_file({}, step / "trainer.safetensors"),
    ),
    (
        "the state in meta.json is damaged",
        lambda step: edit(step / "meta.json", state={"steps": 3}),
    ),
    ("the state in meta.json is damaged", lambda step: edit(step / "meta.json", state=None)),
    ("does not fit the model", lambda step: reshape(step / "model.safetensors")),
    (
        "vocab.tsv:20",
        lambda step: write_lines(step / "tokenizer/vocab.tsv", ["<pad>\t0"] * 19 + ["torn"]),
    ),
]


@pytest.mark.parametrize(("says", "damage"), RESUME, ids=[says for says, _ in RESUME])
def test_a_damaged_run_is_not_resumed(copy, cli, says, damage):
    folder, step = copy
    shutil.copy(folder / "config.toml", "config.toml")
    damage(folder.relative_to(Path.cwd()) / step.name)
    command = ("train", "config.toml", "--out", "run", "--resume", "--set", "train.steps=6")
    assert says in cli(*command).complaint()


def test_the_way_back_from_a_damaged_checkpoint_works(copy, cli):
    folder, step = copy
    shutil.copy(folder / "config.toml", "config.toml")
    truncate(step / "trainer.safetensors")
    command = ("train", "config.toml", "--out", "run", "--resume", "--set", "train.steps=6")
    complaint = cli(*command).complaint()
    assert complaint.endswith("Delete run/step-000004 to go on from step-000002 with --resume.")

    shutil.rmtree(step)
    done = cli(*command)
    assert done.code == 0
    assert "resuming from step-000002, the newest whole one" in done.err


def test_a_run_with_a_damaged_log_can_be_resumed(copy, cli):
    folder, _ = copy
    shutil.copy(folder / "config.toml", "config.toml")
    (folder / "log.jsonl").write_bytes(b'{"event": "updated", "step": 1}\n\xff\n[]\n{}\n{"step"\n')
    assert (
        cli("train", "config.toml", "--out", "run", "--resume", "--set", "train.steps=6").code == 0
    )
    steps = [
        json.loads(line)["step"]
        for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert steps == [1, 5, 6, 6]


@pytest.mark.parametrize(
    "text",
    ["", "step-000099\n", "../elsewhere\n", "\x00\n", "step-000002\n" * 200, "step-" + "9" * 300],
    ids=["empty", "gone", "outside", "zero", "many lines", "a long number"],
)
def test_a_pointer_that_leads_nowhere_is_ignored(copy, text):
    folder, step = copy
    shutil.copytree(step, folder.parent / "elsewhere")
    (folder / "best").write_text(text, encoding="utf-8")
    assert checkpoint.resolve(folder) == step


def test_a_run_with_only_a_half_written_step_folder_has_no_checkpoint(copy, cli):
    folder, step = copy
    step.rename(folder / f".{step.name}.part")
    for other in folder.glob("step-*"):
        shutil.rmtree(other)
    assert "run has no finished checkpoint yet" in cli("translate", "-m", "run", "a").complaint()


def test_no_pickle_is_ever_loaded(copy, cli, here):
    class Bomb:
        def __reduce__(self):
            return (here.joinpath("exploded").mkdir, ())

    folder, step = copy
    torch.save({"weights": Bomb()}, folder / "model.pt")
    for path in (step / "model.safetensors", step / "trainer.safetensors"):
        shutil.copy(folder / "model.pt", path)
    assert (
        "a pickle under that name is never loaded" in cli("translate", "-m", "run", "a").complaint()
    )
    assert (
        "is a pickle, which can run code" in cli("translate", "-m", "run/model.pt", "a").complaint()
    )
    for name in ("best", "last"):
        (folder / name).unlink()
    assert "holds a pickle (model.pt)" in cli("translate", "-m", "run", "a").complaint()
    assert not (here / "exploded").exists()


def test_a_model_for_another_task_is_refused_by_the_command(copy, cli, monkeypatch):
    _, step = copy
    other = Entry("summaries", "seqkit.translation.task:TranslationTask", "a test", "")
    monkeypatch.setitem(components().tasks._entries, "summaries", other)
    config = json.loads((step / "meta.json").read_text(encoding="utf-8"))["config"]
    edit(step / "meta.json", config={**config, "task": "summaries"})

    assert (
        cli("translate", "a", "-m", step).complaint()
        == f"{step} is a model for 'summaries'; this command needs one for 'translation'"
    )
    assert (
        cli("explain", "a", "-m", step).complaint()
        == f"{step} is a model for 'summaries': seqkit explain is for models for "
        "text-classification, translation"
    )


def test_a_file_is_not_a_model(here, cli):
    assert (
        cli("translate", "-m", "tiny.toml", "a").complaint()
        == "tiny.toml is a file: a model is a run folder"
    )
