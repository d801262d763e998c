"""A classifier in other people's programs: copied, sent to processes, used after a fork."""

import copy
import pickle
import subprocess
import sys

import pytest
import torch

import seqkit
from seqkit.errors import CheckpointError, SeqkitError

SECONDS = 120  # for a machine that is busy: a hang would take for ever
SCRIPT = """
import multiprocessing, sys
import torch, seqkit

def predict(model, images):
    return [str(one) for one in model.predict(images)], torch.get_num_threads()

def main(run, kind, *images):
    torch.set_num_threads(2)
    model = seqkit.load(run, device="cpu")
    expected, _ = predict(model, images)
    torch.randn(500, 500) @ torch.randn(500, 500)  # now OpenMP has its threads
    with multiprocessing.get_context(kind).Pool(1) as pool:
        found, threads = pool.apply(predict, (model, images))
    assert found == expected, found
    assert kind == "spawn" or threads == 1

if __name__ == "__main__":
    main(*sys.argv[1:])
"""


@pytest.fixture(scope="module")
def images(photos):
    return sorted((photos / "test").rglob("*.png"))[:3]


@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_a_classifier_answers_the_same_in_another_process(run, images, tmp_path, kind):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-W", "ignore", script, run, kind, *images]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert ended.returncode == 0, ended.stderr


def test_a_classifier_and_its_answers_can_be_copied_and_sent(classifier, images):
    before = list(classifier.predict(images))
    assert list(copy.deepcopy(classifier).predict(images)) == before
    assert pickle.dumps(classifier)
    assert pickle.dumps(before)


def test_a_classifier_of_nan_says_so(run, images):
    spoilt = seqkit.load(run, device="cpu")
    with torch.no_grad():
        for parameter in spoilt.model.parameters():
            parameter.fill_(float("nan"))
    with pytest.raises(CheckpointError, match="the model answers nan: its weights are nan"):
        list(spoilt.predict(images))


@pytest.mark.parametrize(
    "call",
    [
        lambda one, image: one.predict(str(image)),
        lambda one, image: one.predict(image),
        lambda one, image: one.predict(None),
        lambda one, image: one.predict([image], top="1"),
        lambda one, image: one.predict([image], top=0),
        lambda one, image: one.predict([image], batch=0),
        lambda one, image: one.read_test_data(str(image.parent)),
    ],
    ids=["string", "path", "None", "top as string", "top 0", "batch 0", "test data"],
)
def test_a_wrong_call_is_one_line(classifier, images, call):
    with pytest.raises(SeqkitError) as caught:
        list(call(classifier, images[0]))
    assert "\n" not in str(caught.value)
