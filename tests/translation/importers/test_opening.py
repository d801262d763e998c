"""Translators of other programs: opened in place, imported, equal to what those programs say."""

import json
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

import seqkit

HERE = Path(__file__).parent
MARIAN = HERE / "marian"  # made by transformers, which says what it thinks of two sentences
AREN = json.loads((HERE / "aren.json").read_text())


def test_a_hugging_face_folder_gives_the_log_probabilities_of_transformers():
    expected = json.loads((MARIAN / "expected.json").read_text())
    translator = seqkit.load(MARIAN, device="cpu")
    found = translator.token_scores(expected["sources"], expected["targets"])
    for ours, theirs in zip(found, expected["log_probabilities"], strict=True):
        assert ours == pytest.approx(theirs, abs=2e-5)


@pytest.mark.parametrize("name", sorted(AREN["models"]))
def test_a_ctranslate2_folder_gives_its_hypotheses_and_scores(name, real_corpora):
    translator = seqkit.load(real_corpora / "models" / "ctranslate2" / name, device="cpu")
    settings = {"beam": 4, "nbest": 3, "length_penalty": 0, "split": False}
    found = translator.translate_nbest(AREN["sources"], **settings)

    for ours, theirs in zip(found, AREN["models"][name], strict=True):
        assert [t.text for t in ours] == [text for text, _ in theirs]
        scores = [score for _, score in theirs]
        # rounding differs between instruction sets: 1.002e-4 has been seen
        assert [t.log_probability for t in ours] == pytest.approx(scores, abs=3e-4)


@pytest.mark.slow
def test_an_argos_package_is_opened(real_corpora):
    translator = seqkit.load(real_corpora / "models" / "translate-zh_en-1_9.argosmodel")
    (output,) = translator.translate(["中国经济正在增长。"])
    assert "economy is growing" in output


def test_import_writes_a_run_folder_with_a_card(cli, tmp_path):
    run = tmp_path / "run"
    (line,) = cli("import", MARIAN, "--out", run).lines
    assert f"use it with -m {run}" in line

    card = (run / "README.md").read_text()
    assert "eng to deu" in card
    assert "Hugging Face" in card
    expected = json.loads((MARIAN / "expected.json").read_text())
    opened, imported = seqkit.load(MARIAN), seqkit.load(run)
    pair = expected["sources"], expected["targets"]
    assert imported.token_scores(*pair) == opened.token_scores(*pair)


def test_what_is_a_run_already_needs_no_import(cli, tmp_path):
    run, zipped = tmp_path / "run", tmp_path / "run.zip"
    cli("import", MARIAN, "--out", run)
    cli("export", "-m", run, "--slim", "--out", zipped)

    for model in (run, zipped):
        done = cli("import", model, "--out", tmp_path / "again")
        assert done.code == 1
        assert f"{model} is a run of seqkit already: use it with -m {model}" in done.err
    assert not (tmp_path / "again").exists()


def test_a_run_may_be_written_as_a_zip_file(cli, tmp_path):
    run, zipped = tmp_path / "run", tmp_path / "run.zip"
    cli("import", MARIAN, "--out", run)
    cli("import", MARIAN, "--out", zipped)

    assert zipped.is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.zip"]
    expected = json.loads((MARIAN / "expected.json").read_text())
    pair = expected["sources"], expected["targets"]
    assert seqkit.load(zipped).token_scores(*pair) == seqkit.load(run).token_scores(*pair)


@pytest.mark.parametrize("name", ["x.argosmodel", "x.npz"])
def test_a_run_is_not_called_as_the_files_of_other_programs(cli, tmp_path, name):
    said = cli("import", MARIAN, "--out", tmp_path / name).complaint()
    assert f"{name}: import writes a run folder, or a zip file of it (--out x.zip)" in said
    assert not list(tmp_path.iterdir())


def test_weights_that_half_precision_cannot_hold_are_named(cli, marian, tmp_path):
    tensors = load_file(marian / "model.safetensors")
    tensors["model.encoder.layers.0.fc1.bias"][3] = 70_000
    save_file(tensors, marian / "model.safetensors")
    said = cli("import", marian, "--out", tmp_path / "run", "--dtype", "float16").complaint()
    assert "encoder.0.feed_forward.up.bias has numbers that float16 cannot hold" in said
    assert not (tmp_path / "run").exists()
    assert cli("import", marian, "--out", tmp_path / "run").lines


def test_half_precision_takes_half_the_room(cli, tmp_path):
    sizes = []
    for dtype in ("float32", "float16"):
        assert cli("import", MARIAN, "-o", tmp_path / dtype, "--dtype", dtype).lines
        sizes.append((tmp_path / dtype / "model.safetensors").stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]


@pytest.mark.parametrize(
    ("compute", "tolerance"),
    [("float32", 1e-5), ("int16", 0.05), ("bfloat16", 0.3), ("int8", 1.0)],
)
def test_what_is_written_for_ctranslate2_is_read_again(exported, compute, tolerance):
    expected = json.loads((MARIAN / "expected.json").read_text())
    translator = seqkit.load(exported(compute), device="cpu")
    found = translator.token_scores(expected["sources"], expected["targets"])
    for ours, theirs in zip(found, expected["log_probabilities"], strict=True):
        assert ours == pytest.approx(theirs, abs=tolerance)
