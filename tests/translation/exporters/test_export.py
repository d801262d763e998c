"""Our translators in the format of other programs, which translate as we do."""

import errno
from pathlib import Path

import pytest
from letters import write_config, write_pairs

import seqkit
from seqkit.errors import ConfigError

SENTENCES = [
    "Where is the station?",
    "I have lost my keys.",
    "Tom doesn't know what Mary is doing.",
    "It's raining.",
    "We'll meet again in 1984.",
]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.en"
    path.write_text("\n".join(SENTENCES) + "\n")
    return path


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory):
    """The run folder of a translator that is no Transformer."""
    folder = tmp_path_factory.mktemp("recurrent")
    write_pairs(folder)
    config = write_config(folder / "config.toml")
    text = config.read_text()
    model, rest = text.index("[model]"), text.index("[optim]")
    config.write_text(f'{text[:model]}[model]\nname = "rnn-seq2seq"\nhidden = 8\n\n{text[rest:]}')
    return seqkit.train(config, out=folder / "run").folder


def test_seqkit_opens_what_it_has_exported(cli, shipped, tmp_path):
    out = tmp_path / "ende"
    (line,) = cli("export", "--to", "ctranslate2", "-o", out).lines
    assert line.startswith(f"{out}: ")
    assert line.endswith("bytes, float32")

    settings = {"split": False, "nbest": 2}
    ours = seqkit.load(shipped, device="cpu").translate_nbest(SENTENCES, **settings)
    again = seqkit.load(out, device="cpu").translate_nbest(SENTENCES, **settings)
    for mine, theirs in zip(ours, again, strict=True):
        assert [t.text for t in mine] == [t.text for t in theirs]
        assert [t.score for t in mine] == pytest.approx([t.score for t in theirs], abs=1e-4)


@pytest.mark.parametrize("compute", ["float32", "int8", "int16", "bfloat16"])
def test_ctranslate2_translates_what_was_exported_as_we_do(cli, text, tmp_path, compute):
    pytest.importorskip("ctranslate2")
    out = tmp_path / "out"
    least = "1" if compute == "float32" else "0.6"
    options = ["--compute", compute, "--check", text, "--least", least]
    *_, line = cli("export", "--to", "ctranslate2", "-o", out, *options).lines
    assert "of 5 lines identical" in line
    if compute == "float32":
        expected = "CTranslate2: 5 of 5 lines identical (100.0%), BLEU between them 100.00"
        assert line == expected


def test_a_check_that_fails_says_so(cli, text, tmp_path, monkeypatch):
    pytest.importorskip("ctranslate2")
    monkeypatch.setattr("seqkit.translation.translator.Translator.translate", _nonsense)
    result = cli("export", "--to", "ctranslate2", "-o", tmp_path / "out", "--check", text)
    assert result.code == 1
    assert "0 of 5 lines identical" in result.out
    assert "fewer than 95.0% of the lines are identical" in result.err


def _nonsense(self, texts, **settings):
    return ["nonsense" for _ in texts]


def test_only_transformers_are_exported(cli, recurrent, tmp_path):
    out = tmp_path / "x"
    complaint = cli("export", "-m", recurrent, "--to", "ctranslate2", "-o", out).complaint()
    assert "only translators that are Transformers can be exported" in complaint
    assert not (tmp_path / "x").exists()


def test_an_existing_folder_is_kept(cli, tmp_path):
    complaint = cli("export", "--to", "ctranslate2", "-o", tmp_path).complaint()
    assert "exists: choose another --out" in complaint


def test_nothing_half_written_is_left_when_the_disk_is_full(cli, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    complaint = cli("export", "--to", "ctranslate2", "-o", tmp_path / "out").complaint()
    assert "No space left on device" in complaint
    assert not list(tmp_path.iterdir())


def test_a_slim_run_is_checked_by_seqkit(cli, shipped, text, tmp_path):
    out = tmp_path / "model.zip"
    first, second = cli("export", "-m", shipped, "--slim", "-o", out, "--check", text).lines
    assert first == f"{out}: {out.stat().st_size:,} bytes, float16"
    assert second.startswith("seqkit: 5 of 5 lines identical")


def test_a_slim_run_may_be_of_any_model(cli, recurrent, tmp_path):
    out = tmp_path / "slim"
    cli("export", "-m", recurrent, "--slim", "-o", out).lines  # noqa: B018
    ours = seqkit.load(recurrent, device="cpu").translate(["a b"], max_length=5)
    assert len(seqkit.load(out, device="cpu").translate(["a b"], max_length=5)) == len(ours)
    assert not (out / "trainer.safetensors").exists()


@pytest.mark.parametrize("to", ["argos", "huggingface"])
def test_a_model_of_another_kind_is_refused_by_each(cli, recurrent, tmp_path, to):
    options = ["--languages", "en", "de"]
    out = tmp_path / "x.argosmodel" if to == "argos" else tmp_path / "x"
    complaint = cli("export", "-m", recurrent, "--to", to, "-o", out, *options).complaint()
    assert "only translators that are Transformers can be exported" in complaint
    assert not list(tmp_path.iterdir())


def test_numbers_that_a_program_does_not_have_are_refused(cli, tmp_path):
    options = ["--to", "huggingface", "--compute", "int8"]
    complaint = cli("export", *options, "-o", tmp_path / "x").complaint()
    assert complaint == "--to huggingface has no int8: it has float32, float16"


def test_what_to_write_must_be_said(cli, tmp_path):
    complaint = cli("export", "-o", tmp_path / "x").complaint(code=2)
    assert "'--to' (or '--slim')" in complaint


def test_a_folder_is_no_zip(cli, tmp_path):
    complaint = cli("export", "--to", "ctranslate2", "-o", tmp_path / "x.zip").complaint()
    assert "writes a folder" in complaint


def test_an_empty_text_is_refused_before_anything_is_written(cli, tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    options = ["--to", "ctranslate2", "--check", empty]
    complaint = cli("export", *options, "-o", tmp_path / "out").complaint()
    assert "there is nothing to check with" in complaint
    assert not (tmp_path / "out").exists()


def test_positions_of_the_source_that_ctranslate2_has_no_place_for_are_searched_by_ours(run_of):
    pytest.importorskip("ctranslate2")
    run = run_of("two-positions")
    assert seqkit.load(run, device="cpu").engine is None
    with pytest.raises(ConfigError, match="learned positions for the source and others for"):
        seqkit.load(run, device="cpu", engine="ctranslate2")
