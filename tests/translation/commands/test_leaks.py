"""An evaluation says when it measures what was trained on, by content and not by path."""

import shutil

import pytest
from language.tiny import train, write_config, write_text

import seqkit
from seqkit.data.seen import FILE
from seqkit.language.language_model import LanguageModel

SECRET = "the cat sees the ball ."


def lines_of(run):
    """The pairs that a translator of letters was trained on."""
    folder = run.parent
    return [
        (folder / f"train.{side}").read_text(encoding="utf-8").splitlines()
        for side in ("source", "target")
    ]


def notes(done):
    return [line for line in done.err.splitlines() if line.startswith("note: ")]


def test_translation_names_sources_and_pairs(run, cli, tmp_path):
    sources, targets = lines_of(run)
    fresh = "j i h g f e d c b a j i h g"
    rows = [(sources[0], targets[0]), (sources[1], fresh), (fresh, fresh), (fresh + " a", fresh)]
    (tmp_path / "test.tsv").write_text("".join(f"{s}\t{t}\n" for s, t in rows))

    measured = ("evaluate", "-m", run, "--data", tmp_path / "test.tsv")
    says = [
        "note: 2 of 4 sources (50.00%) are in the training text, byte for byte",
        "note: 1 of 4 pairs (25.00%) are in the training text, byte for byte",
    ]
    assert notes(cli(*measured)) == says
    assert notes(cli(*measured, "--json")) == says

    translator = seqkit.load(run, device="cpu")
    report = translator.evaluate(translator.read_test_data([tmp_path / "test.tsv"]))
    assert [f"note: {note}" for note in report.notes] == says
    assert [(each.kind, each.found) for each in report.seen] == [("sources", 2), ("pairs", 1)]


def test_a_test_that_is_new_gets_no_note(run, cli, tmp_path):
    (tmp_path / "test.tsv").write_text("j i h g f e d c b a j i\tj i h g\n")
    assert notes(cli("evaluate", "-m", run, "--data", tmp_path / "test.tsv")) == []


def test_a_run_from_before_says_nothing(run, cli, tmp_path):
    shutil.copytree(run, tmp_path / "old", symlinks=True)
    for path in (tmp_path / "old").glob(f"step-*/{FILE}"):
        path.unlink()
    sources, targets = lines_of(run)
    (tmp_path / "test.tsv").write_text(f"{sources[0]}\t{targets[0]}\n")
    done = cli("evaluate", "-m", tmp_path / "old", "--data", tmp_path / "test.tsv")
    assert notes(done) == []
    assert done.code == 0


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lm")
    write_text(folder)
    return train(write_config(folder, data=f'valid = ["{folder}/text"]'), folder / "run")


def test_a_language_model_names_lines(network, cli, tmp_path):
    text = f"\ufeff{SECRET}\r\n\r\nthe cat sees the  ball .\r\na new line\r\n"
    (tmp_path / "copy of it").write_text(text, encoding="utf-8", newline="")
    says = "1 of 4 lines (25.00%) are in the training text, byte for byte"
    measured = ("lm", "perplexity", "-m", network.folder, tmp_path / "copy of it")
    assert f"note: {network.folder}: {says}" in notes(cli(*measured))
    assert f"note: {network.folder}: {says}" in notes(cli(*measured, "--json"))
    assert notes(cli("evaluate", "-m", network.folder, tmp_path / "copy of it")) == [
        f"note: {says}"
    ]

    model = seqkit.load(network.folder, device="cpu")
    assert isinstance(model, LanguageModel)
    assert model.evaluate([SECRET, "a new line"]).seen == 1
    assert model.evaluate(["a new line", ""]).notes == []


def test_every_step_folder_holds_it(network):
    steps = sorted(network.folder.glob("step-*"))
    assert steps
    assert all((step / FILE).is_file() for step in steps)
