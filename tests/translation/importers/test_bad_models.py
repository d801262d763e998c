"""Damaged, hostile and foreign models: one line, and nothing half-written."""

import json
import struct
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import seqkit
from seqkit.errors import SeqkitError


def refusal(cli, path, out):
    complaint = cli("import", path, "-o", out).complaint()
    assert not list(out.parent.glob(f"*{out.name}*"))

    with pytest.raises(SeqkitError):
        seqkit.load(path)
    return complaint


def edit(path, **changes):
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | changes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "m2m_100"}, "a model of kind 'm2m_100'"),
        ({"decoder_start_token_id": "x"}, "decoder_start_token_id is 'x'"),
        ({"decoder_start_token_id": 99999}, "decoder_start_token_id is 99999"),
        ({"eos_token_id": -1}, "eos_token_id is -1"),
        ({"activation_function": "laplace"}, "no activation 'laplace'"),
        ({"encoder_layers": 7}, "the weights lack 'model.encoder.layers.2."),
        ({"decoder_attention_heads": 3}, "different numbers of heads"),
        ({"decoder_attention_heads": 5, "encoder_attention_heads": 5}, "heads = 5"),
        ({"scale_embedding": False}, "not scaled"),
    ],
)
def test_configs_of_hugging_face(cli, marian, tmp_path, change, message):
    edit(marian / "config.json", **change)
    assert message in refusal(cli, marian, tmp_path / "out")


@pytest.mark.parametrize("name", ["source.spm", "target.spm", "vocab.json", "model.safetensors"])
def test_a_missing_file_is_named(cli, marian, tmp_path, name):
    (marian / name).unlink()
    assert name in refusal(cli, marian, tmp_path / "out")


@pytest.mark.parametrize("name", ["source.spm", "vocab.json", "model.safetensors"])
def test_a_truncated_file_is_named(cli, marian, tmp_path, name):
    content = (marian / name).read_bytes()
    (marian / name).write_bytes(content[: len(content) // 2])
    assert name in refusal(cli, marian, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"noise", b"\x0a\x05\x0a\x01\xff\x15\x00"])
def test_a_damaged_sentencepiece_model_is_named(cli, marian, tmp_path, content):
    (marian / "source.spm").write_bytes(content)
    assert "source.spm: not a sentencepiece model" in refusal(cli, marian, tmp_path / "out")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' + "9" * 5000 + "}", "[]"])
def test_a_vocabulary_that_is_no_object_of_json_is_named(cli, marian, tmp_path, text):
    (marian / "vocab.json").write_text(text)
    assert "vocab.json" in refusal(cli, marian, tmp_path / "out")


def test_a_vocabulary_of_another_size(cli, marian, tmp_path):
    ids = json.loads((marian / "vocab.json").read_text())
    (marian / "vocab.json").write_text(json.dumps({**ids, "more": len(ids)}))
    assert "tokens, the model" in refusal(cli, marian, tmp_path / "out")


def test_a_pickle_is_not_executed(cli, marian, tmp_path):
    (marian / "model.safetensors").unlink()
    (marian / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    assert "nothing in it is run" in refusal(cli, marian, tmp_path / "out")

    with zipfile.ZipFile(marian / "pytorch_model.bin", "w") as file:
        file.writestr("archive/data.pkl", b"cos\nsystem\n(S'touch pwned'\ntR.")
        file.writestr("archive/version", "3\n")
    assert "nothing in it is run" in refusal(cli, marian, tmp_path / "out")
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("share", [0, 1, 4, 9, 30, 99, 300, 0.5, 0.999])
def test_a_truncated_model_bin(cli, exported, tmp_path, share):
    path = exported() / "model.bin"
    content = path.read_bytes()
    end = share if isinstance(share, int) else int(share * len(content))
    path.write_bytes(content[:end])
    assert "model.bin" in refusal(cli, path.parent, tmp_path / "out")


def test_a_model_bin_that_claims_to_be_huge(cli, exported, tmp_path):
    path = exported() / "model.bin"
    content = bytearray(path.read_bytes())
    kind = struct.unpack_from("<H", content, 4)[0]
    struct.pack_into("<I", content, 4 + 2 + kind + 4, 4_000_000_000)
    path.write_bytes(content)
    assert "claims to have 4,000,000,000 variables" in refusal(cli, path.parent, tmp_path / "out")


def test_an_alias_of_nothing(cli, exported, tmp_path):
    path = exported() / "model.bin"
    name = b"decoder/embeddings/weight\0"
    content = path.read_bytes()
    at = content.rindex(name)
    path.write_bytes(content[:at] + b"decoder/embeddings/weighx\0" + content[at + len(name) :])
    assert "which is no variable" in refusal(cli, path.parent, tmp_path / "out")


def test_a_type_that_does_not_exist(cli, exported, tmp_path):
    path = exported() / "model.bin"
    content = bytearray(path.read_bytes())
    kind = struct.unpack_from("<H", content, 4)[0]
    first = 4 + 2 + kind + 4 + 4
    name = struct.unpack_from("<H", content, first)[0]
    content[first + 2 + name + 1] = 77
    path.write_bytes(content)
    assert "unknown type" in refusal(cli, path.parent, tmp_path / "out")


def test_packages_with_paths_outside_are_not_unpacked_there(cli, exported, tmp_path):
    package = tmp_path / "bad.argosmodel"
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("m/metadata.json", '{"from_code": "en", "to_code": "de"}')
        file.writestr("m/../../escaped", "x")
        file.writestr("/absolute", "x")
    assert "'m/../../escaped' leads outside" in refusal(cli, package, tmp_path / "out")
    assert not list(tmp_path.rglob("escaped"))


def test_packages_with_links_are_not_unpacked(cli, tmp_path):
    package = tmp_path / "bad.argosmodel"
    link = zipfile.ZipInfo("m/model/model.bin")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("m/metadata.json", '{"from_code": "en", "to_code": "de"}')
        file.writestr(link, "/etc/passwd")
    assert "model.bin is a link" in refusal(cli, package, tmp_path / "out")


def test_a_package_without_its_tokenizer_is_named_itself(cli, exported, tmp_path):
    package = tmp_path / "bad.argosmodel"
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("m/metadata.json", '{"from_code": "en", "to_code": "de"}')
        for path in exported().iterdir():
            file.write(path, f"m/model/{path.name}")
    complaint = refusal(cli, package, tmp_path / "out")
    assert f"cannot read {package}: sentencepiece.model: No such file" in complaint


def test_weights_of_before_torch_1_6_are_refused(cli, marian, tmp_path):
    """Torch wrote several pickles one after the other, a magic number first."""
    (marian / "model.safetensors").unlink()
    legacy = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
    (marian / "pytorch_model.bin").write_bytes(legacy)
    assert "nothing in it is run" in refusal(cli, marian, tmp_path / "out")


def test_zip_bombs_are_left_as_they_are(cli, tmp_path):
    package = tmp_path / "bomb.argosmodel"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("m/metadata.json", '{"from_code": "en", "to_code": "de"}')
        file.writestr("m/model/model.bin", bytes(50_000_000))
    assert "unpacks to more than 200 times" in refusal(cli, package, tmp_path / "out")


@pytest.mark.parametrize("name", ["shared_vocabulary.json", "model.bin"])
def test_a_folder_of_ctranslate2_that_lacks_a_file_is_told_which(cli, exported, tmp_path, name):
    folder = exported()
    (folder / name).unlink()
    assert name in refusal(cli, folder, tmp_path / "out")


def test_a_hugging_face_folder_that_lacks_its_config_is_told_so(cli, marian, tmp_path):
    (marian / "config.json").unlink()
    assert "cannot read" in refusal(cli, marian, tmp_path / "out")


@pytest.mark.parametrize("name", ["x.argosmodel", "x.npz", "x.zip"])
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 and no more"])
def test_a_download_that_was_cut_off_is_damaged(cli, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    said = refusal(cli, path, tmp_path / "out")
    assert f"{path} is damaged: it is not a whole zip file" in said
    for command in (["translate", "-m", path, "Hello."], ["lm", "perplexity", "-m", path, path]):
        assert said == cli(*command).complaint()


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("hello", "metadata.json is damaged: it lacks from_code or to_code"),
        ('{"from_code": "en"}', "metadata.json is damaged: it lacks from_code or to_code"),
        ('{"from_code": "en", "to_code": 7}', "a language is no text"),
        ('{"from_code": "en", "to_code": "de", "target_prefix": "x"}', "with a target_prefix"),
        ('{"type": "sbd", "package_version": "1"}', "of type 'sbd', and no translator"),
    ],
)
def test_what_a_package_says_of_itself_is_read_first(cli, tmp_path, metadata, message):
    package = tmp_path / "bad.argosmodel"
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("m/metadata.json", metadata)
        file.writestr("m/model/model.bin", "x")
    said = refusal(cli, package, tmp_path / "out")
    assert f"{package}: metadata.json" in said
    assert message in said


def test_a_folder_of_nothing_known(cli, tmp_path):
    (tmp_path / "folder").mkdir()
    assert (
        "is no model that seqkit can import"
        in cli("import", tmp_path / "folder", "-o", tmp_path / "out").complaint()
    )


def test_an_existing_folder_is_kept(cli, marian, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    assert (
        "exists: choose another --out" in cli("import", marian, "-o", tmp_path / "out").complaint()
    )
    assert (tmp_path / "out" / "mine").read_text() == "x"


@pytest.mark.parametrize(
    "name",
    [
        "model.shared.weight",
        "final_logits_bias",
        "model.encoder.layers.0.fc1.weight",
        "model.decoder.layers.1.fc2.bias",
        "model.decoder.layers.1.encoder_attn.v_proj.weight",
        "model.encoder.layers.1.final_layer_norm.bias",
    ],
)
@pytest.mark.parametrize("lost", [0, -1])
def test_weights_of_another_shape(cli, marian, tmp_path, name, lost):
    tensors = load_file(marian / "model.safetensors")
    shape = list(tensors[name].shape)
    shape[lost] += 2
    save_file({**tensors, name: np.ones(shape, np.float32)}, marian / "model.safetensors")
    complaint = refusal(cli, marian, tmp_path / "out")
    assert "do not fit" in complaint or "tokens, the model" in complaint


def test_layers_that_cannot_be_parted(cli, exported, tmp_path):
    path = exported() / "model.bin"
    content = path.read_bytes()
    name = b"encoder/layer_0/self_attention/linear_0/bias\0"
    at = content.index(name) + len(name)
    rank, length = struct.unpack_from("<BI", content, at)
    code, size = struct.unpack_from("<BI", content, at + 5)
    assert (rank, length, size) == (1, 48, 192)
    shorter = struct.pack("<BI", 1, 47) + struct.pack("<BI", code, 188)
    path.write_bytes(content[:at] + shorter + content[at + 14 :])
    refusal(cli, path.parent, tmp_path / "out")
