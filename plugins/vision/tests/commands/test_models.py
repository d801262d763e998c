"""`seqkit vision models`: sizes against what is published, and against counting in another way."""

import json

import pytest
import torch
from seqkit_vision.sizes import multiply_adds, size_of
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from seqkit.plugins import components
from seqkit.runs.build import make_model

NAMES = [entry.name for entry in components().models if entry.provider == "seqkit-vision"]
# From torchvision's documentation: num_params; GFLOPS, where a multiply-add counts as one.
PUBLISHED = {
    "alexnet": (61_100_840, 0.71),
    "vgg11": (132_863_336, 7.61),
    "vgg13": (133_047_848, 11.31),
    "vgg16": (138_357_544, 15.47),
    "vgg19": (143_667_240, 19.63),
    "googlenet": (6_624_904, 1.50),
    "resnet18": (11_689_512, 1.81),
    "resnet34": (21_797_672, 3.66),
    "resnet50": (25_557_032, 4.09),
    "densenet121": (7_978_856, 2.83),
}


@pytest.fixture(scope="module")
def records(cli):
    return {
        record["name"]: record
        for record in map(json.loads, cli("vision", "models", "--json").lines)
    }


def test_every_network_is_listed_and_no_other_model(cli, records):
    assert list(records) == NAMES
    head, *lines = cli("vision", "models").lines
    assert head.split() == ["name", "parameters", "multiply-adds", "input", "classes", "paper"]
    assert [line.split()[0] for line in lines] == NAMES
    for line, record in zip(lines, records.values(), strict=True):
        numbers = [f"{record[key]:,}" for key in ("parameters", "multiply_adds")]
        shape = f"{record['channels']}x{record['side']}x{record['side']}"
        assert line.split()[1:5] == [*numbers, shape, f"{record['classes']:,}"]
        assert line.endswith(record["paper"])


@pytest.mark.parametrize("name", PUBLISHED)
def test_networks_are_as_large_as_published(records, name):
    parameters, giga = PUBLISHED[name]
    record = records[name]
    assert (record["channels"], record["side"], record["classes"]) == (3, 224, 1000)
    assert record["parameters"] == parameters
    assert record["multiply_adds"] / 1e9 == pytest.approx(giga, abs=0.006)


def test_resnet18_takes_1_8_billion_multiply_adds(records):
    assert records["resnet18"]["multiply_adds"] == 1_814_073_344


@pytest.mark.parametrize("name", [name for name in NAMES if name != "row-lstm"])
def test_multiply_adds_are_half_of_what_torch_counts_as_operations(name):
    size = size_of(name)
    with torch.device("meta"):
        dims = {"channels": size.channels, "size": size.side, "classes": size.classes}
        model = make_model({"name": name}, dims, "vision").eval()
        with FlopCounterMode(display=False) as counted, torch.no_grad():
            model(torch.empty(1, size.channels, size.side, size.side))
    assert 2 * size.multiply_adds == counted.get_total_flops()


def test_multiply_adds_of_an_lstm_are_those_of_its_matrices_at_every_step():
    model = nn.Sequential(nn.LSTM(5, 7, batch_first=True))
    assert multiply_adds(model, torch.zeros(2, 3, 5)) == 2 * 3 * 4 * 7 * (5 + 7)
    assert not model[0]._forward_hooks
