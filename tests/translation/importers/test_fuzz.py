"""Damaged files of other programs: read or refused, never a traceback, never memory by a claim."""

import random
import shutil
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from seqkit.errors import DataError
from seqkit.translation.importers import ctranslate2, marian
from seqkit.translation.importers.ctranslate2_file import read_variables

SEED = 1
TIMES = 150  # some thousands were tried once
MOST = 16 << 20  # bytes, where the whole model has 60,000
CHANGES = (0, 1, 2, 0x7F, 0x80, 0xFF)


def headers(content):
    """The places in a model.bin that are not numbers of variables."""
    places = list(range(4))
    at = 4
    (kind,) = struct.unpack_from("<H", content, at)
    at += 2 + kind + 4
    (count,) = struct.unpack_from("<I", content, at)
    places += range(4, at + 4)
    at += 4
    for _ in range(count):
        start = at
        (name,) = struct.unpack_from("<H", content, at)
        at += 2 + name
        at += 1 + 4 * content[at] + 1
        (size,) = struct.unpack_from("<I", content, at)
        at += 4
        places += range(start, at)
        at += size
    return [*places, *range(at, len(content))]


def check(read, path):
    """A reader may take it or leave it."""
    complaint = ""
    tracemalloc.start()
    try:
        read(path).check_sizes()
    except DataError as error:
        complaint = str(error)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST
    assert not complaint or str(path.parent) in complaint
    assert "\n" not in complaint


@pytest.fixture
def folder(exported):
    return exported("int8")


def test_changed_bytes_of_a_model_bin(folder):
    path = folder / "model.bin"
    content = path.read_bytes()
    places = headers(content)
    rng = random.Random(SEED)
    for _ in range(TIMES):
        changed = bytearray(content)
        for place in rng.sample(places, rng.choice((1, 1, 2, 5))):
            changed[place] = rng.choice((*CHANGES, rng.randrange(256)))
        path.write_bytes(changed)
        check(lambda path: ctranslate2.read(path.parent), path)


def test_a_model_bin_that_ends_anywhere(folder):
    path = folder / "model.bin"
    content = path.read_bytes()
    places = headers(content)
    for end in places[:: max(1, len(places) // 300)]:
        path.write_bytes(content[:end])
        with pytest.raises(DataError, match=r"model\.bin"):
            read_variables(path)


def variables(*aliases, name=b"x\0", shape=(1,), code=0, size=4):
    """The content of a model.bin with one variable."""
    kind = b"TransformerSpec\0"
    text = struct.pack("<IH", 6, len(kind)) + kind + struct.pack("<II", 7, 1)
    text += struct.pack("<H", len(name)) + name
    text += struct.pack(f"<B{len(shape)}I", len(shape), *shape) + struct.pack("<BI", code, size)
    text += bytes(min(size, 64)) + struct.pack("<I", len(aliases))
    for alias in aliases:
        for each in alias:
            text += struct.pack("<H", len(each)) + each
    return text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (variables((b"a\0", b"b\0"), (b"b\0", b"a\0")), "stands for 'b', which is no variable"),
        (variables((b"a\0", b"a\0")), "stands for 'a', which is no variable"),
        (variables((b"x\0", b"x\0")), "stands for 'x', which is no variable"),
        (variables(shape=(2**31, 2**31), size=4), "4 bytes for 4,611,686,018,427,387,904 numbers"),
        (variables(shape=(2**30,), size=2**32 - 4), "bytes for 1,073,741,824 numbers"),
        (variables(shape=(2**29,), size=2**31), "ends too early"),
        (variables(shape=(4_000_000_000, 0), size=0), "has no numbers"),
        (variables(shape=(1,) * 200, size=4), "200 dimensions"),
        (variables(code=6), "unknown type"),
        (variables(code=255), "unknown type"),
        (variables(name=b"\xff\0"), "not UTF-8"),
    ],
)
def test_hostile_model_bins(tmp_path, content, message):
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(DataError, match=message):
        read_variables(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST


def test_changed_bytes_of_a_npz(tmp_path):
    here = Path(__file__).parent / "marian"
    for name in ("source.spm", "target.spm"):
        shutil.copy(here / name, tmp_path / name)
    (tmp_path / "vocab.yml").write_text("</s>: 0\n<unk>: 1\na: 2\n")
    settings = b"type: transformer\nenc-depth: 1\ndec-depth: 1\ntransformer-heads: 1\n"
    arrays = {"Wemb": np.ones((3, 4), np.float32), "decoder_ff_logit_out_b": np.ones((1, 3))}
    for side in ("encoder", "decoder"):
        for part in ("self", "context")[: 1 + (side == "decoder")]:
            for letter in "qkvo":
                arrays[f"{side}_l1_{part}_W{letter}"] = np.ones((4, 4), np.float32)
                arrays[f"{side}_l1_{part}_b{letter}"] = np.ones((1, 4), np.float32)
            arrays[f"{side}_l1_{part}_Wo_ln_scale"] = np.ones((1, 4), np.float32)
            arrays[f"{side}_l1_{part}_Wo_ln_bias"] = np.ones((1, 4), np.float32)
        arrays |= {f"{side}_l1_ffn_W1": np.ones((4, 6)), f"{side}_l1_ffn_b1": np.ones((1, 6))}
        arrays |= {f"{side}_l1_ffn_W2": np.ones((6, 4)), f"{side}_l1_ffn_b2": np.ones((1, 4))}
        arrays[f"{side}_l1_ffn_ffn_ln_scale"] = np.ones((1, 4))
        arrays[f"{side}_l1_ffn_ffn_ln_bias"] = np.ones((1, 4))
    arrays["special:model.yml"] = np.frombuffer(settings + b"\0", np.int8)

    path = tmp_path / "model.npz"
    np.savez(path, **arrays)
    marian.read(path).check_sizes()
    content = path.read_bytes()
    rng = random.Random(SEED)
    for _ in range(TIMES):
        changed = bytearray(content)
        for place in rng.sample(range(len(content)), rng.choice((1, 1, 3))):
            changed[place] = rng.choice((*CHANGES, rng.randrange(256)))
        path.write_bytes(changed[: rng.choice((len(content), rng.randrange(len(content))))])
        check(marian.read, path)
