"""Marian's own .npz, made of the Hugging Face folder by transformers' conversion, backwards."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import seqkit
from seqkit.errors import DataError
from seqkit.translation.importers import huggingface, marian

HERE = Path(__file__).parent / "marian"

# transformers/models/marian/convert_marian_to_pytorch.py, BART_CONVERTER
NAMES = {
    "self_W{}": "self_attn.{}_proj.weight",
    "self_b{}": "self_attn.{}_proj.bias",
    "self_Wo_ln_scale": "self_attn_layer_norm.weight",
    "self_Wo_ln_bias": "self_attn_layer_norm.bias",
    "ffn_W1": "fc1.weight",
    "ffn_b1": "fc1.bias",
    "ffn_W2": "fc2.weight",
    "ffn_b2": "fc2.bias",
    "ffn_ffn_ln_scale": "final_layer_norm.weight",
    "ffn_ffn_ln_bias": "final_layer_norm.bias",
    "context_W{}": "encoder_attn.{}_proj.weight",
    "context_b{}": "encoder_attn.{}_proj.bias",
    "context_Wo_ln_scale": "encoder_attn_layer_norm.weight",
    "context_Wo_ln_bias": "encoder_attn_layer_norm.bias",
}
LETTERS = {"q": "q", "k": "k", "v": "v", "o": "out"}
SETTINGS = """\
dec-depth: 2
dim-emb: 16
dim-vocabs: [139, 139]
enc-depth: 2
layer-normalization: false
tied-embeddings-all: true
transformer-decoder-autoreg: self-attention
transformer-dim-ffn: 24
transformer-ffn-activation: swish
transformer-ffn-depth: 2
transformer-heads: 2
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-preprocess: ""
transformer-tied-layers:
  []
type: transformer
version: v1.10.6
"""


def arrays(settings=SETTINGS):
    tensors = load_file(HERE / "model.safetensors")
    found = {
        "Wemb": tensors["model.shared.weight"][:-1],  # Hugging Face adds a row for padding
        "decoder_ff_logit_out_b": tensors["final_logits_bias"][:, :-1],
        "special:model.yml": np.frombuffer(settings.encode() + b"\0", np.int8),
    }
    for side in ("encoder", "decoder"):
        for number in range(2):
            for name, theirs in NAMES.items():
                for letter, word in LETTERS.items() if "{}" in name else [("", "")]:
                    tensor = tensors.get(f"model.{side}.layers.{number}.{theirs.format(word)}")
                    if tensor is not None:  # an encoder has no context
                        full = f"{side}_l{number + 1}_{name.format(letter)}"
                        found[full] = np.ascontiguousarray(np.atleast_2d(tensor.T))
    return found


@pytest.fixture
def folder(tmp_path):
    """A folder as OPUS-MT has them for download."""
    np.savez(tmp_path / "opus.npz", **arrays())
    ids = json.loads((HERE / "vocab.json").read_text())
    rows = [f"{json.dumps(token)}: {i}" for token, i in ids.items() if token != "<pad>"]
    (tmp_path / "opus.spm32k.vocab.yml").write_text("\n".join(rows) + "\n")
    vocabs = "vocabs:\n  - /data/opus.spm32k.vocab.yml\n  - /data/opus.spm32k.vocab.yml\n"
    (tmp_path / "decoder.yml").write_text("models: [opus.npz]\nbeam-size: 6\n" + vocabs)
    for name in ("source.spm", "target.spm"):
        (tmp_path / name).write_bytes((HERE / name).read_bytes())
    return tmp_path


def test_weights_are_those_of_hugging_face(folder):
    ours = marian.read(folder)
    theirs = huggingface.read(HERE)
    found = replace(ours, weights=replace(ours.weights, positions=None)).state()
    expected = theirs.state()
    found["output_bias"][0] = expected["output_bias"][0]  # of padding, which has no row in Marian
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert ours.tokenizers.source.vocab == theirs.tokenizers.source.vocab
    assert (ours.heads, ours.activation, ours.prenorm) == (2, "swish", False)


def test_positions_are_marians(folder):
    """src/graph/node_initializers.cpp, sinusoidalPositionEmbeddings, in its own words."""
    found = marian.read(folder).weights.positions
    timescales = found.shape[1] // 2
    increment = np.log(10000.0) / (timescales - 1.0)
    for position in (0, 1, 7, 300):
        for i in range(timescales):
            angle = position * np.exp(i * -increment)
            assert found[position, i] == pytest.approx(np.sin(angle), abs=1e-5)
            assert found[position, timescales + i] == pytest.approx(np.cos(angle), abs=1e-5)


@pytest.mark.parametrize("name", [".", "opus.npz"])
def test_a_folder_or_its_file_is_opened(folder, name):
    expected = json.loads((HERE / "expected.json").read_text())
    translator = seqkit.load(folder / name, device="cpu")
    pair = expected["sources"], expected["targets"]
    found = translator.token_scores(*pair)
    for ours, theirs in zip(found, expected["log_probabilities"], strict=True):
        assert ours == pytest.approx(theirs, abs=0.3)  # but for the rates of the positions


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("self-attention", "rnn", "recurrent (SSRU)"),
        ("self-attention", "average-attention", "transformer-decoder-autoreg: average-attention"),
        ("type: transformer", "type: s2s", "nothing like type: s2s"),
        ("postprocess: dan", "postprocess: dhn", "transformer-postprocess: dhn"),
        ("heads: 2", "heads: many", "transformer-heads is 'many'"),
        ("heads: 2", "heads: 5", "heads = 5"),
        ("activation: swish", "activation: prelu", "no activation 'prelu'"),
        ("enc-depth: 2", "enc-depth: 7", "lacks 'encoder_l3_"),
        ("enc-depth: 2", "enc-depth: [", "not YAML"),
    ],
)
def test_what_is_not_supported_is_named(folder, before, after, message):
    np.savez(folder / "opus.npz", **arrays(SETTINGS.replace(before, after)))
    with pytest.raises(DataError, match=r"opus\.npz|decoder|vocab") as error:
        marian.read(folder).check_sizes()
    assert message in str(error.value)


def with_member(path, name, content):
    """A .npz with one array replaced by these bytes."""
    with zipfile.ZipFile(path) as file:
        members = {each: file.read(each) for each in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for each, old in members.items():
            file.writestr(each, content if each == name else old)


HEADER = b"\x93NUMPY\x01\x00"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"noise",
        HEADER + b"\x76\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999,)}",
        HEADER + b"\x40\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        HEADER + b"\xff\xff" + b"(" * 65535,
        HEADER + b"\x10\x00" + b"__import__('os')",
    ],
)
def test_hostile_arrays(folder, content):
    with_member(folder / "opus.npz", "Wemb.npy", content)
    with pytest.raises(DataError, match=r"Wemb\.npy is no array"):
        marian.read(folder)


def test_a_bomb_is_left_as_it_is(folder):
    with_member(folder / "opus.npz", "Wemb.npy", bytes(50_000_000))
    with pytest.raises(DataError, match="unpacks to too much"):
        marian.read(folder)


def test_a_truncated_file(folder):
    content = (folder / "opus.npz").read_bytes()
    (folder / "opus.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="not a whole"):
        marian.read(folder)


def test_a_vocabulary_that_is_missing_or_of_another_size(folder):
    path = folder / "opus.spm32k.vocab.yml"
    path.write_text(path.read_text() + '"more": 139\n')
    with pytest.raises(DataError, match="140 tokens, the model 139"):
        marian.read(folder).check_sizes()
    path.unlink()
    with pytest.raises(DataError, match=r"cannot read .*vocab\.yml"):
        marian.read(folder)
