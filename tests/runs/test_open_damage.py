"""A run folder with impossible sizes or weights is refused at once, before anything is made."""

import json
import random
import resource
import threading
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import seqkit
from seqkit.errors import CheckpointError, DataError, SeqkitError, WrongType
from seqkit.training import checkpoint
from seqkit.training.weights import Size, as_large_as, size_of

PROCESSOR_SECONDS = 2.0  # of the processor: a million layers would take minutes
MEMORY = 300_000  # kB: they would take gigabytes


@pytest.fixture
def step(copy):
    return copy[1]


def change_meta(step, part, **changes):
    """Change `meta["dims"]`, or the [model] of the config in it."""
    path = step / "meta.json"
    meta = json.loads(path.read_text())
    values = meta["dims"] if part == "dims" else meta["config"]["model"]
    values |= changes
    path.write_text(json.dumps(meta))


def change_weights(step, change):
    path = step / "model.safetensors"
    save_file({name: change(name, tensor) for name, tensor in load_file(path).items()}, path)


# Sizes


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("model", {"encoder_layers": 10**6}),
        ("model", {"decoder_layers": 10**12}),
        ("model", {"hidden": 10**9}),
        ("model", {"hidden": 2**62}),
        ("model", {"width": 2 * 10**6, "heads": 1}),
        ("dims", {"target_vocab": 10**9}),
        ("dims", {"target_vocab": 2**31 - 1}),
        ("dims", {"target_vocab": 0}),
    ],
    ids=lambda value: str(value),
)
def test_a_model_far_larger_than_its_weights_is_not_made(step, part, changes):
    change_meta(step, part, **changes)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()

    with pytest.raises(CheckpointError, match=r"meta.json is damaged: (the sizes|no model)"):
        seqkit.load(step)

    assert time.process_time() - started < PROCESSOR_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MEMORY


@pytest.mark.parametrize("value", ["7", True, None, 1.5, [7], {}, -1, 2**31], ids=repr)
def test_what_is_no_size_is_named(step, value):
    change_meta(step, "dims", target_vocab=value)
    with pytest.raises(CheckpointError, match=r"target_vocab = .* in `dims` is no size"):
        seqkit.load(step)


@pytest.mark.parametrize("dims", [[1], "7", 3, None], ids=repr)
def test_dims_are_an_object(step, dims):
    meta = json.loads((step / "meta.json").read_text()) | {"dims": dims}
    (step / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(CheckpointError, match=r"meta.json is damaged"):
        seqkit.load(step)


@pytest.mark.parametrize(
    "text",
    ["[" * 5000, '{"format":' * 5000, f'{{"format": {"9" * 5000}}}', f'{{"format": {2**64}}}', "3"],
    ids=["lists", "objects", "long", "large", "number"],
)
def test_metadata_beyond_limits_is_damaged(step, text):
    (step / "meta.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"meta.json is damaged"):
        seqkit.load(step)


def test_another_thread_may_make_models_meanwhile():
    made = []

    def make():
        made.extend(torch.nn.Linear(4, 4) for _ in range(1000))

    with as_large_as(Size(0, 0)):
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
    assert len(made) == 1000


# Weights


@pytest.mark.parametrize(
    ("value", "kind"), [("nan", "nan"), ("inf", "infinite"), ("-inf", "infinite")]
)
def test_weights_that_are_no_numbers_are_named_as_such(step, cli, value, kind):
    first = sorted(load_file(step / "model.safetensors"))[0]

    def spoil(name, tensor):
        if name == first:
            tensor.view(-1)[0] = float(value)
        return tensor

    change_weights(step, spoil)
    with pytest.raises(CheckpointError, match=f"holds weights that are {kind}: tensor '{first}'"):
        seqkit.load(step)
    assert "training diverged" in cli("translate", "-m", step, "a b").complaint()


def test_infinities_that_cancel_out_are_found(step):
    def spoil(name, tensor):
        if tensor.numel() > 1:
            tensor.view(-1)[:2] = torch.tensor([float("inf"), -float("inf")])
        return tensor

    change_weights(step, spoil)
    with pytest.raises(CheckpointError, match=r"infinite: tensor .* and \d+ more"):
        seqkit.load(step)


@pytest.mark.parametrize(
    "dtype", [torch.int8, torch.int64, torch.float64, torch.complex64], ids=str
)
def test_weights_of_a_type_that_does_not_fit_are_refused(step, dtype):
    change_weights(step, lambda name, tensor: tensor.to(dtype))
    named = str(dtype).removeprefix("torch.")
    with pytest.raises(CheckpointError, match=f"is {named}, the model is float32"):
        seqkit.load(step)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_weights_of_half_the_size_are_exact_in_the_model(step, dtype):
    change_weights(step, lambda name, tensor: tensor.to(dtype))
    loaded = seqkit.load(step, device="cpu").model.state_dict()
    for name, tensor in load_file(step / "model.safetensors").items():
        assert torch.equal(loaded[name], tensor.float())


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, 0.5, 0.99], ids=str)
def test_a_truncated_file_of_weights_is_damaged(step, kept):
    path = step / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: kept if isinstance(kept, int) else int(kept * len(data))])
    with pytest.raises(CheckpointError, match=r"model.safetensors is damaged"):
        seqkit.load(step)


def test_a_header_of_nonsense_is_damaged(step):
    path = step / "model.safetensors"
    for header in (b"{}", b"[" * 5000, b'{"a": 1}', b'{"a": {"dtype": "X9", "shape": []}}'):
        path.write_bytes(len(header).to_bytes(8, "little") + header)
        with pytest.raises(CheckpointError, match=r"model.safetensors (is damaged|does not fit)"):
            seqkit.load(step)


# What a caller gives, and what he keeps


@pytest.mark.parametrize("given", [3, b"x", ["x"]], ids=repr)
def test_a_model_is_a_path(given):
    with pytest.raises(WrongType, match="give a model"):
        seqkit.load(given)


@pytest.mark.parametrize(
    "given", ["a\0b", "x" * 5000, "x" * 300 + ".arpa"], ids=["nul", "long", "arpa"]
)
def test_a_path_that_names_no_file_is_one_line(given):
    with pytest.raises(DataError, match=r"holds a NUL|is too long"):
        seqkit.load(given)
    with pytest.raises(SeqkitError):
        seqkit.train(given, out="here")


def test_opening_a_model_leaves_the_callers_generators_alone(beginner):
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    expected = random.random(), np.random.random(), torch.rand(1)

    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    seqkit.load(beginner, device="cpu")
    assert (random.random(), np.random.random(), torch.rand(1)) == expected


def test_a_failed_opening_leaves_them_alone_too(step):
    change_meta(step, "model", encoder_layers=10**6)
    torch.manual_seed(3)
    expected = torch.rand(1)

    torch.manual_seed(3)
    with pytest.raises(CheckpointError):
        seqkit.load(step)
    assert torch.rand(1) == expected


def test_tensors_of_a_file_are_counted_without_reading_them(beginner):
    path = checkpoint.resolve(beginner) / "model.safetensors"
    tensors = load_file(path)
    size = size_of(path)
    assert size.tensors == len(tensors)
    assert size.numbers == sum(tensor.numel() for tensor in tensors.values())
