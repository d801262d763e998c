"""A model.bin written by hand to do harm: sizes, names and aliases that lie."""

import json
import struct

import numpy as np
import pytest

from seqkit.errors import DataError
from seqkit.translation.importers import ctranslate2
from seqkit.translation.importers.ctranslate2_file import read_variables
from seqkit.translation.importers.run_folder import write_run

FLOAT32, INT8 = 0, 1


def text(value):
    content = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<H", len(content) + 1) + content + b"\0"


def variable(name, shape=(2,), code=FLOAT32, size=None, data=None):
    data = bytes(4 * int(np.prod(shape))) if data is None else data
    size = len(data) if size is None else size
    head = text(name) + struct.pack(f"<B{len(shape)}I", len(shape), *shape)
    return head + struct.pack("<BI", code, size) + data


def model_bin(variables, aliases=(), *, version=6, kind="TransformerSpec", end=b""):
    parts = [struct.pack("<I", version), text(kind), struct.pack("<II", 7, len(variables))]
    parts += [*variables, struct.pack("<I", len(aliases))]
    parts += [text(alias) + text(name) for alias, name in aliases]
    return b"".join([*parts, end])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.bin"


def test_what_is_written_so_is_read(path):
    numbers = np.array([1.5, -2.0], np.float32)
    path.write_bytes(model_bin([variable("a", data=numbers.tobytes())], [("b", "a")]))
    found = read_variables(path)
    assert found.kind == "TransformerSpec"
    np.testing.assert_array_equal(found.arrays["a"], numbers)
    assert found.aliases == {"b": "a"}


HOSTILE = {
    "a size beyond the file": (
        model_bin([variable("a", size=4_000_000_000)]),
        "4,000,000,000 bytes",
    ),
    "a shape beyond all memory": (
        model_bin([variable("a", shape=(2**32 - 1,) * 5, data=b"")]),
        "has 0 bytes for",
    ),
    "a size that fits a shape beyond the file": (
        model_bin([variable("a", shape=(2**30 - 1,), size=4 * (2**30 - 1), data=b"")]),
        "it ends too early",
    ),
    "many dimensions": (model_bin([variable("a", shape=(1,) * 200)]), "has 200 dimensions"),
    "no numbers": (model_bin([variable("a", shape=(0, 7), data=b"")]), "has no numbers"),
    "a name beyond the file": (model_bin([b"\xff\xff"]), "it ends too early"),
    "a name that is no text": (model_bin([variable(b"\xff\xfe")]), "a name is not UTF-8"),
    "two of one name": (model_bin([variable("a")] * 2), "two variables are called 'a'"),
    "aliases in a ring": (
        model_bin([variable("a")], [("b", "c"), ("c", "b")]),
        "'b' stands for 'c', which is no variable",
    ),
    "an alias of itself": (model_bin([variable("a")], [("b", "b")]), "'b' stands for 'b'"),
    "an alias of an alias": (model_bin([variable("a")], [("b", "a"), ("c", "b")]), "'c' stands"),
    "an alias over a variable": (model_bin([variable("a")], [("a", "a")]), "'a' stands for 'a'"),
    "aliases without end": (
        model_bin([variable("a")])[:-4] + struct.pack("<I", 2**32 - 1),
        "claims to have 4,294,967,295 aliases",
    ),
    "something after the end": (model_bin([variable("a")], end=b"more"), "4 bytes are left"),
    "a version to come": (model_bin([variable("a")], version=7), "begins with 7"),
    "another program's file": (b"PK\x03\x04" + bytes(60), "not a CTranslate2 model"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_lies_is_refused_in_a_line_that_names_it(path, name):
    content, message = HOSTILE[name]
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_variables(path)
    said = str(error.value)
    assert message in said
    assert str(path) in said
    assert "\n" not in said


@pytest.mark.parametrize("kind", ["WhisperSpec", "TransformerDecoderModelSpec", "", "x" * 60_000])
def test_a_model_of_another_kind_is_named(path, kind):
    path.write_bytes(model_bin([variable("a")], kind=kind))
    (path.parent / "shared_vocabulary.json").write_text("[]")
    with pytest.raises(DataError, match=r"model\.bin is a .*: seqkit opens encoder-decoder"):
        ctranslate2.read(path.parent)


def test_scales_that_are_not_one_for_each_row(exported):
    path = exported("int8") / "model.bin"
    content = path.read_bytes()
    name = b"encoder/layer_0/ffn/linear_0/weight_scale\0"
    at = content.index(name) + len(name)
    rank, rows, code, size = struct.unpack_from("<BIBI", content, at)
    assert (rank, size) == (1, 4 * rows)
    fewer = struct.pack("<BIBI", 1, rows - 1, code, size - 4)
    path.write_bytes(content[:at] + fewer + content[at + 10 + 4 :])
    for read in (ctranslate2.read, ctranslate2.read_stored):
        with pytest.raises(DataError, match=rf"{rows - 1} scales for {rows} rows"):
            read(path.parent)


def test_integers_without_a_scale_are_not_given_to_ctranslate2(exported):
    path = exported("int8") / "model.bin"
    content = path.read_bytes()
    path.write_bytes(
        content.replace(b"ffn/linear_0/weight_scale\0", b"ffn/linear_0/weight_scalx\0")
    )
    with pytest.raises(DataError, match="integers with a scale"):
        ctranslate2.read_stored(path.parent)


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ("[", "not a list of tokens in UTF-8"),
        ('{"a": 1}', "not a list of tokens"),
        ("[1, 2]", "not a list of tokens"),
        ("[" * 100_000, "not a list of tokens"),
        (json.dumps(["<pad>", "<unk>", "<bos>", "<eos>", "a"]), "5 tokens, the model"),
    ],
)
def test_vocabularies_that_cannot_be(exported, vocabulary, message):
    folder = exported()
    (folder / "shared_vocabulary.json").write_text(vocabulary)
    with pytest.raises(DataError, match=r"shared_vocabulary\.json") as error:
        write_run(ctranslate2.read(folder), folder / "run", source="")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("place", "token", "message"), [(3, "the end", "has no '<eos>'"), (20, "<pad>", "'<pad>'")]
)
def test_a_vocabulary_without_an_end_or_with_one_token_twice(exported, place, token, message):
    folder = exported()
    path = folder / "shared_vocabulary.json"
    tokens = json.loads(path.read_text())
    path.write_text(json.dumps([*tokens[:place], token, *tokens[place + 1 :]]))
    with pytest.raises(DataError, match=r"shared_vocabulary\.json") as error:
        write_run(ctranslate2.read(folder), folder / "run", source="")
    assert message in str(error.value)
