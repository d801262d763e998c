"""Models of other programs in CTranslate2: without torch, and with what torch says of them."""

import json
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import seqkit
from seqkit.errors import ConfigError, SeqkitError
from seqkit.runs.open import config_of
from seqkit.translation.exporters.argos import package_files
from seqkit.translation.exporters.ctranslate2 import model_files
from seqkit.translation.exporters.huggingface import folder_files
from seqkit.translation.exporters.run_folder import read_run
from seqkit.translation.importers import ctranslate2

pytest.importorskip("ctranslate2")

LINES = [
    "Where is the station?",
    "The dog is in the garden.",
    "I have no time today.",
    "Tom bought a new car last week.",
    "We must wait here until she comes.",
]
FORMATS = ["ctranslate2 float32", "ctranslate2 int8", "argos", "huggingface"]


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def renamed(files):
    """The files of a CTranslate2 folder with the names that Marian gives to special tokens."""
    names = {"<eos>": "</s>", "<bos>": "<s>", "<pad>": "<blank>"}
    vocabulary = json.loads(files["shared_vocabulary.json"])
    config = json.loads(files["config.json"])
    return {
        **files,
        "shared_vocabulary.json": json.dumps([names.get(t, t) for t in vocabulary]).encode(),
        "config.json": json.dumps({k: names.get(v, v) for k, v in config.items()}).encode(),
    }


@pytest.fixture(scope="module")
def models(shipped, tmp_path_factory):
    """The shipped model as other programs have it, by format."""
    folder = tmp_path_factory.mktemp("foreign")
    exported = read_run(*config_of(shipped))

    def in_ctranslate2(compute):
        files = model_files(exported.weights, exported.model, *exported.tokens, compute=compute)
        return renamed({**files, **exported.pieces()})

    exact, small = in_ctranslate2("float32"), in_ctranslate2("int8")
    return {
        FORMATS[0]: write(folder / "float32", exact),
        FORMATS[1]: write(folder / "int8", small),
        FORMATS[2]: write(folder / "argos", package_files(exported, small, ["en", "de"])),
        FORMATS[3]: write(folder / "hf", folder_files(exported, ["en", "de"], "en-de")),
    }


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("settings", [{"beam": 1}, {"beam": 4, "nbest": 3}])
def test_it_says_what_torch_says(models, kind, settings):
    by_torch = seqkit.load(models[kind], device="cpu", engine="torch")
    by_either = seqkit.load(models[kind], device="cpu")
    expected = by_torch.translate_nbest(LINES, **settings)
    found = by_either.translate_nbest(LINES, **settings)

    for theirs, ours in zip(expected, found, strict=True):
        assert [t.text for t in ours] == [t.text for t in theirs]
        assert [t.tokens for t in ours] == [t.tokens for t in theirs]
        scores = [t.log_probability for t in theirs]
        assert [t.log_probability for t in ours] == pytest.approx(scores, abs=1e-3)
    engines = {line.record()["engine"] for line in by_either.predict(LINES, **settings)}
    assert engines == {"ctranslate2 float32"}


@pytest.mark.parametrize("kind", FORMATS)
def test_neither_torch_nor_a_run_folder_is_needed(models, kind, tmp_path):
    code = (
        "import seqkit, sys\n"
        f"print(seqkit.load({str(models[kind])!r}, device='cpu').translate(['Hello.']))\n"
        "assert 'torch' not in sys.modules"
    )
    environment = {"TMPDIR": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    assert "Hallo" in done.stdout
    assert not list(tmp_path.glob("seqkit-*"))


def test_scoring_makes_the_run_folder_that_torch_opens(models):
    translator = seqkit.load(models[FORMATS[0]], device="cpu")
    by_torch = seqkit.load(models[FORMATS[0]], device="cpu", engine="torch")
    pairs = LINES, translator.translate(LINES)
    assert translator.score(*pairs) == by_torch.score(*pairs)


def test_its_own_numbers_are_used_where_they_are_asked_for(models):
    translator = seqkit.load(models[FORMATS[1]], device="cpu", compute="int8")
    (line,) = translator.predict(LINES[:1])
    assert line.record()["engine"] == "ctranslate2 int8"


def test_it_is_no_model_for_another_task(models):
    with pytest.raises(SeqkitError, match="is a model for 'translation'"):
        seqkit.load(models[FORMATS[0]], task="language-modelling")


# CTranslate2 believes what it is given


def changed(folder, tmp_path, content):
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return write(tmp_path / "model", {**files, "model.bin": content})


def with_variable(content, name, array):
    """A model.bin with one more variable, of float32."""
    kind = struct.unpack_from("<H", content, 4)[0]
    place = 4 + 2 + kind + 4  # version, kind, revision
    (count,) = struct.unpack_from("<I", content, place)
    text = name.encode() + b"\0"
    head = struct.pack("<H", len(text)) + text
    head += struct.pack(f"<B{array.ndim}IBI", array.ndim, *array.shape, 0, array.nbytes)
    rest = content[place + 4 :]
    return content[:place] + struct.pack("<I", count + 1) + head + array.tobytes() + rest


def test_a_file_with_more_in_it_than_we_look_at_is_converted(models, tmp_path):
    folder = models[FORMATS[0]]
    content = (folder / "model.bin").read_bytes()
    assert ctranslate2.read_stored(folder)[1] == content

    name = "encoder/layer_1/self_attention/relative_position_keys"
    more = with_variable(content, name, np.ones((3, 3), np.float32))
    odd = changed(folder, tmp_path, more)
    assert ctranslate2.read_stored(odd) is None
    assert seqkit.load(odd).translate(LINES[:1]) == seqkit.load(folder).translate(LINES[:1])


def test_norms_of_one_side_only_are_refused(models, tmp_path):
    folder = models[FORMATS[0]]
    content = bytearray((folder / "model.bin").read_bytes())
    name = b"encoder/pre_norm\0"
    content[content.index(name) + len(name) + 1 + 1 + 4] ^= 1  # rank, type, bytes
    odd = changed(folder, tmp_path, bytes(content))
    with pytest.raises(SeqkitError, match=r"model\.bin: only one of encoder and decoder has norms"):
        seqkit.load(odd)


@pytest.mark.parametrize("kind", [FORMATS[0], FORMATS[3]])
def test_weights_that_are_no_numbers_are_refused(models, kind, tmp_path):
    folder = models[kind]
    if kind == FORMATS[3]:
        odd = write(tmp_path / "model", {p.name: p.read_bytes() for p in folder.iterdir()})
        tensors = load_file(folder / "model.safetensors")
        tensors["model.encoder.layers.0.fc1.bias"][3] = np.nan
        save_file(tensors, odd / "model.safetensors")
    else:
        content = bytearray((folder / "model.bin").read_bytes())
        name = b"decoder/layer_0/ffn/linear_0/bias\0"
        start = content.index(name) + len(name) + 1 + 4 + 1 + 4
        struct.pack_into("<f", content, start, np.nan)
        odd = changed(folder, tmp_path, bytes(content))

    with pytest.raises(SeqkitError, match="are damaged: some are nan or infinite"):
        seqkit.load(odd)
    with pytest.raises(ConfigError, match="cannot be converted for CTranslate2"):
        seqkit.load(odd, engine="ctranslate2")


def test_a_copy_in_another_process_reads_the_files_again(models):
    translator = seqkit.load(models[FORMATS[0]], device="cpu")
    copy = pickle.loads(pickle.dumps(translator))  # noqa: S301
    assert copy.translate(LINES) == translator.translate(LINES)
