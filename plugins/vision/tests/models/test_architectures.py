"""Networks that torchvision lacks: against the same network written out, and counts on paper."""

from itertools import pairwise

import pytest
import torch
from torch import nn


def weights(inputs, outputs, kernel=1):
    return inputs * kernel * kernel * outputs + outputs


def lenet(activation=nn.Sigmoid, pooling=nn.AvgPool2d, norm=False):
    """Dive into Deep Learning, section 7.6; with `norm`, section 8.5."""

    def normed(layer, width):
        kind = nn.BatchNorm2d if isinstance(layer, nn.Conv2d) else nn.BatchNorm1d
        return [layer, kind(width), activation()] if norm else [layer, activation()]

    return nn.Sequential(
        *normed(nn.Conv2d(1, 6, 5, padding=2), 6),
        pooling(2, 2),
        *normed(nn.Conv2d(6, 16, 5), 16),
        pooling(2, 2),
        nn.Flatten(),
        *normed(nn.Linear(400, 120), 120),
        *normed(nn.Linear(120, 84), 84),
        nn.Linear(84, 10),
    )


def mnist_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(7 * 7 * 64, 1000), nn.ReLU(), nn.Linear(1000, 10),
    )  # fmt: skip


def cifar10_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(4 * 4 * 64, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def mlpconv(inputs, widths, kernel, **options):
    layers = [nn.Conv2d(inputs, widths[0], kernel, **options), nn.ReLU()]
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 1), nn.ReLU()]
    return layers


def nin():
    """Dive into Deep Learning, section 8.3, without the last ReLU."""
    layers = [
        *mlpconv(1, (96, 96, 96), 11, stride=4), nn.MaxPool2d(3, 2),
        *mlpconv(96, (256, 256, 256), 5, padding=2), nn.MaxPool2d(3, 2),
        *mlpconv(256, (384, 384, 384), 3, padding=1), nn.MaxPool2d(3, 2),
        *mlpconv(384, (10, 10, 10), 3, padding=1),
    ]  # fmt: skip
    return nn.Sequential(*layers[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten())


def nin_cifar():
    layers = [
        *mlpconv(3, (192, 160, 96), 5, padding=2), nn.MaxPool2d(3, 2, ceil_mode=True),
        *mlpconv(96, (192, 192, 192), 5, padding=2), nn.AvgPool2d(3, 2, ceil_mode=True),
        *mlpconv(192, (192, 192, 10), 3, padding=1),
    ]  # fmt: skip
    return nn.Sequential(*layers[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten())


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "settings", "reference"),
    [
        ("lenet", {}, lenet()),
        ("lenet", {"preset": "batch-norm"}, lenet(norm=True)),
        ("lenet", {"preset": "modern"}, lenet(nn.ReLU, nn.MaxPool2d)),
        ("mnist-cnn", {}, mnist_cnn()),
        ("cifar10-cnn", {"channels": 3, "size": 32}, cifar10_cnn()),
        ("nin", {"size": 96}, nin()),
        ("nin", {"preset": "small", "channels": 3, "size": 32}, nin_cifar()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_net_is_the_one_written_out_here(name, settings, reference, make):
    net = make(name, **settings).eval()
    reference.load_state_dict(
        dict(zip(reference.state_dict(), net.state_dict().values(), strict=True))
    )
    channels, size = settings.get("channels", 1), settings.get("size", 28)
    x = torch.randn(3, channels, size, size)
    torch.testing.assert_close(net(x), reference.eval()(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("softmax-regression", {}, 7850),
        ("mlp", {}, weights(784, 256) + weights(256, 10)),
        ("mlp", {"hidden": [30, 20]}, weights(784, 30) + weights(30, 20) + weights(20, 10)),
        ("lenet", {}, 61_706),
        ("lenet", {"channels": 3, "size": 32}, 61_706 + 2 * 6 * 25 + (36 - 25) * 16 * 120),
        (
            "mnist-cnn",
            {},
            weights(1, 32, 5) + weights(32, 64, 5) + weights(49 * 64, 1000) + weights(1000, 10),
        ),
        (
            "cifar10-cnn",
            {"channels": 3, "size": 32},
            weights(3, 32, 5)
            + weights(32, 32, 5)
            + weights(32, 64, 5)
            + weights(16 * 64, 64)
            + weights(64, 10),
        ),
        ("row-lstm", {}, 4 * (28 * 128 + 128 * 128 + 2 * 128) + weights(128, 10)),
        ("row-lstm", {"channels": 3, "hidden": 9}, 4 * (84 * 9 + 9 * 9 + 2 * 9) + weights(9, 10)),
    ],
)
def test_the_number_of_parameters_is_the_one_on_paper(name, settings, expected, make):
    assert sum(p.numel() for p in make(name, device="meta", **settings).parameters()) == expected


@torch.no_grad()
def test_the_row_lstm_reads_rows_of_all_channels_from_the_top(make):
    net = make("row-lstm", channels=2, size=5, hidden=3).eval()
    x = torch.randn(1, 2, 5, 5)
    state, cell = torch.zeros(1, 3), torch.zeros(1, 3)
    step = nn.LSTMCell(10, 3)
    step.load_state_dict(
        {key.removesuffix("_l0"): tensor for key, tensor in net.lstm.state_dict().items()}
    )
    for row in range(5):
        state, cell = step(torch.cat((x[:, 0, row], x[:, 1, row]), 1), (state, cell))
    torch.testing.assert_close(net(x), net.output(state))


def test_vggs_convolutions_per_stage_are_those_of_the_papers_table(make):
    for name, layers in {"vgg11": 11, "vgg13": 13, "vgg16": 16, "vgg19": 19}.items():
        net = make(name, device="meta", small=True)
        assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in net.modules()) == layers


def test_resnets_and_densenets_are_as_deep_as_their_names_say(make):
    for name, layers in {
        "resnet18": 18,
        "resnet34": 34,
        "resnet50": 50,
        "densenet121": 121,
    }.items():
        net = make(name, device="meta", small=True)
        weighted = [
            n for n, layer in net.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)
        ]
        assert sum("shortcut" not in n for n in weighted) == layers
