"""Run folders that were damaged, and other bad input that `test_mistakes` and `test_runs` do not have."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from letters import write_lines
from safetensors.torch import load_file, save_file

import seqkit
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
    "meta.json: should be an object": lambda step: edit(step / "meta.json", config=None),
    "[data]: unknown key 'magic'": lambda step: edit_config(step, "data", magic=1),
    "no model 'transformed'": lambda step: edit_config(step, "model", name="transformed"),
    "it needs target_vocab, source_vocab, the data gives vocabulary": lambda step: edit(
        step / "meta.json", dims={"vocabulary": 3}
    ),
    "vocab.tsv has 20 tokens": lambda step: shorten(step / "tokenizer/vocab.tsv"),
    "vocab.tsv:20: expected TOKEN<tab>COUNT": lambda step: write_lines(
        step / "tokenizer/vocab.tsv",
        [*(step / "tokenizer/vocab.tsv").read_text().splitlines()[:19], "torn"],
    ),
    "tokenizer.json is damaged": lambda step: truncate(step / "tokenizer/tokenizer.json"),
    "no tokenizer 'glyph'": lambda step: edit(step / "tokenizer/tokenizer.json", tokenizer="glyph"),
}


def edit_config(step, section, **changes):
    config = json.loads((step / "meta.json").read_text(encoding="utf-8"))["config"]
    config[section] |= changes
    edit(step / "meta.json", config=config)


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
    ("run/config.toml: ", lambda step: (step.parent / "config.toml").write_text("task = ")),
]


@pytest.mark.parametrize(("says", "damage"), RESUME, ids=[says for says, _ in RESUME])
def test_a_damaged_run_is_not_gone_on_with(copy, cli, says, damage):
    folder, step = copy
    shutil.copy(folder / "config.toml", "config.toml")
    damage(folder.relative_to(Path.cwd()) / step.name)
    command = ("train", "config.toml", "--out", "run", "--resume", "--set", "train.steps=6")
    assert says in cli(*command).complaint()


def test_a_damaged_log_does_not_keep_a_run_from_going_on(copy, cli):
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
    ["", "step-000099\n", "../elsewhere\n", "\x00\n"],
    ids=["empty", "gone", "outside", "zero"],
)
def test_a_pointer_to_nothing_is_passed_over_for_the_other(copy, text):
    folder, step = copy
    shutil.copytree(step, folder.parent / "elsewhere")
    (folder / "best").write_text(text, encoding="utf-8")
    assert checkpoint.resolve(folder) == step


def test_a_run_of_which_only_a_half_written_step_is_there_has_no_checkpoint(copy, cli):
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
    for command in (
        ("translate", "a"),
        ("evaluate", "--source", "train.source", "--reference", "train.target"),
    ):
        complaint = cli(*command, "-m", step).complaint()
        assert (
            complaint
            == f"{step} is a model for 'summaries'; this command needs one for 'translation'"
        )


def test_a_file_is_no_model(here, cli):
    assert (
        cli("translate", "-m", "tiny.toml", "a").complaint()
        == "tiny.toml is a file: a model is a run folder"
    )


def test_text_on_the_command_line_that_is_not_utf8_is_refused(run, cli):
    assert cli("translate", "-m", run, "caf\udce9").complaint() == r"TEXT 'caf\udce9' is not UTF-8"


@pytest.mark.parametrize("size", [1, 1 << 17], ids=["at once", "after many lines"])
def test_lines_before_one_that_is_not_utf8_are_not_lost(run, cli, tmp_path, size):
    good = b"a b\n" * (size // 4)
    (tmp_path / "in").write_bytes(good + b"\xe9\n")
    done = cli(
        "translate", "-m", run, "-i", tmp_path / "in", "--beam", "1", "--search", "max_length=1"
    )
    assert done.code == 1
    number = size // 4 + 1
    assert done.err == f"error: {tmp_path / 'in'}:{number}: not UTF-8: byte 0xe9 at column 1\n"


def test_output_that_cannot_be_written_is_named(run, cli, tmp_path):
    assert (
        cli("translate", "-m", run, "-o", tmp_path, "a").complaint()
        == f"cannot write {tmp_path}: Is a directory"
    )
    full = cli("translate", "-m", run, "-o", "/dev/full", "a")
    assert full.complaint() == "cannot write /dev/full: No space left on device"


def test_a_beam_wider_than_the_vocabulary_is_no_error(run, cli):
    assert (
        len(
            cli(
                "translate",
                "-m",
                run,
                "--beam",
                "50",
                "--nbest",
                "3",
                "--search",
                "split=false",
                "a b",
            ).lines
        )
        == 3
    )


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--search", "length_penalty=nan"), 1, "length_penalty"),
        (
            ("--search", "top_p=2"),
            1,
            "search settings: top_p should be less than or equal to 1, got 2",
        ),
        (
            ("--search", "sample=maybe"),
            1,
            "search settings: sample should be a valid boolean, got 'maybe'",
        ),
        (("--search", "=3"), 1, "--search '=3' is not KEY=VALUE"),
        (("--beam", "0"), 2, "--beam"),
        (("--beam", "wide"), 2, "'wide' is not a valid integer"),
        (("--threads", "0"), 2, "--threads"),
        (("--device", "gpu"), 1, "device 'gpu' cannot be used"),
    ],
)
def test_a_setting_out_of_its_range_is_named(run, cli, options, code, says):
    assert says in cli("translate", "-m", run, *options, "a").complaint(code)


def test_a_training_file_may_be_named_twice_but_not_thrice(here, cli):
    one = str(here / "train.source")
    assert cli("train", "tiny.toml", "--source", one, "--target", one, "--out", "copy").code == 0
    settings = ("--set", f"data.train=['{one}', '{one}', '{one}']")
    complaint = cli("train", "tiny.toml", *settings, "--out", "run").complaint()
    assert "parallel text is one TSV or two files, not 3" in complaint


def test_an_empty_training_set_is_named(here, cli):
    assert (
        "no training text: set data.train"
        in cli("train", "tiny.toml", "--out", "run", "--set", "data.train=[]").complaint()
    )
    for name in ("source", "target"):
        write_lines(here / f"empty.{name}", [])
    own = ("--source", "empty.source", "--target", "empty.target")
    complaint = cli("train", "tiny.toml", *own, "--out", "run").complaint()
    assert "the training text is empty" in complaint
    assert str(here / "empty.source") in complaint
    assert not (here / "run").exists()


def test_a_model_that_does_not_exist_is_told_with_what_there_is(cli, here):
    assert (
        "no folder and no shipped model 'en-dd'" in cli("translate", "-m", "en-dd", "a").complaint()
    )
    assert (
        "no model at runs/mine: give a run folder"
        in cli("translate", "-m", "runs/mine", "a").complaint()
    )
    with pytest.raises(seqkit.SeqkitError, match="is not a run folder"):
        seqkit.load(here)
