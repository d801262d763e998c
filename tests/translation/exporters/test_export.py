"""Our translators in the format of other programs, which translate as we do."""

import errno
from pathlib import Path

import pytest
from letters import write_config, write_pairs

import seqkit

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
        assert line == "5 of 5 lines identical (100.0%), BLEU between them 100.00"


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
