"""Looking into a network: maps against what follows from its form, units counted by hand."""

import pytest
import torch
from seqkit_vision.explain import activations, convolutions, dead_units, first_filters, grad_cam
from torch import nn
from torch.nn import functional as F

from seqkit.errors import ConfigError


class Pooled(nn.Module):
    """The kind of network that class activation maps are for: convolutions, mean, linear."""

    def __init__(self, stride=1):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 5, 3, padding=1, stride=stride)
        self.output = nn.Linear(5, 6)

    def maps(self, images):
        return self.second(self.first(images).relu())

    def forward(self, images):
        return self.output(self.maps(images).mean((2, 3)))


@pytest.fixture
def images():
    return torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def net(stride=1, seed=0):
    torch.manual_seed(seed)
    return Pooled(stride)


@pytest.mark.parametrize("stride", [1, 2])
def test_after_global_average_pooling_grad_cam_is_the_class_activation_map(images, stride):
    """Zhou et al. 2016: the maps, weighted as the linear layer weighs them."""
    model, classes = net(stride), torch.tensor([0, 5, 2])
    heat = grad_cam(model, images, classes)
    for image, label, found in zip(images, classes, heat, strict=True):
        with torch.no_grad():
            maps = model.maps(image[None])[0]
        wanted = sum(model.output.weight[label, k].item() * maps[k] for k in range(5)).clamp(min=0)
        wanted = F.interpolate(wanted[None, None], (8, 8), mode="bilinear")[0, 0]
        torch.testing.assert_close(found, wanted / wanted.max())


class Branches(nn.Module):
    """Two convolutions side by side, whose sum is pooled."""

    def __init__(self):
        super().__init__()
        self.both = Sum()
        self.output = nn.Linear(5, 6)

    def maps(self, images):
        return self.both(images)

    def forward(self, images):
        return self.output(self.maps(images).mean((2, 3)))


class Sum(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = (nn.Conv2d(3, 5, 3, padding=1) for _ in range(2))

    def forward(self, images):
        return self.left(images).relu() + self.right(images).relu()


def test_where_the_last_convolution_is_a_branch_all_branches_count(images):
    torch.manual_seed(0)
    model = Branches()
    heat = grad_cam(model, images[:1], torch.tensor([3]))
    with torch.no_grad():
        maps = model.maps(images[:1])[0]
    wanted = sum(model.output.weight[3, k].item() * maps[k] for k in range(5)).clamp(min=0)
    torch.testing.assert_close(heat[0], wanted / wanted.max())


def test_heat_is_from_0_to_1_and_the_same_alone_and_in_a_batch(images):
    model, classes = net(), torch.tensor([0, 5, 2])
    heat = grad_cam(model, images, classes)
    assert heat.shape == (3, 8, 8)
    assert heat.min() == 0
    assert torch.equal(heat.amax((1, 2)), torch.ones(3))
    for i in range(3):
        torch.testing.assert_close(
            grad_cam(model, images[i : i + 1], classes[i : i + 1])[0], heat[i]
        )


def test_an_image_without_evidence_for_the_class_is_cold(images):
    model = net()
    with torch.no_grad():
        model.second.bias.fill_(100)  # all maps are positive …
        model.output.weight[3] = -1
    heat = grad_cam(model, images, torch.full((3,), 3))
    assert torch.equal(heat, torch.zeros(3, 8, 8))


def test_explaining_leaves_the_network_unchanged(images):
    model = net().train()
    for parameter in model.parameters():
        parameter.requires_grad_(False)  # a frozen net can be looked into, too
    before = model(images)
    with torch.no_grad():
        grad_cam(model, images, torch.zeros(3, dtype=torch.long))
        activations(model, images)
        dead_units(model, iter([images]))
    assert torch.equal(model(images), before)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    assert not images.requires_grad


def test_a_net_without_convolutions_is_refused(images):
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    for look in (
        lambda: grad_cam(model, images, torch.zeros(3, dtype=torch.long)),
        lambda: activations(model, images),
        lambda: first_filters(model),
    ):
        with pytest.raises(
            ConfigError, match=r"^Sequential has no convolutions: there is no map to draw$"
        ):
            look()


def test_activations_are_those_of_the_first_and_the_last_convolution(images):
    model = net(stride=2)
    found = activations(model, images)
    assert list(found) == ["first", "second"]
    assert torch.equal(found["first"], model.first(images))
    assert found["second"].shape == (3, 5, 4, 4)
    assert torch.equal(found["second"], model.maps(images))


def test_the_last_convolution_is_the_one_that_is_called_last(images):
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.late, self.early = nn.Conv2d(4, 5, 3), nn.Conv2d(3, 4, 3)

        def forward(self, images):
            return self.late(self.early(images)).mean((2, 3))

    found = activations(Backwards(), images)
    assert {name: maps.shape[1] for name, maps in found.items()} == {"early": 4, "late": 5}
    assert list(found) == ["early", "late"]


def test_a_single_convolution_is_first_and_last(images):
    assert list(activations(nn.Sequential(nn.Conv2d(3, 2, 3)), images)) == ["0"]


def test_filters_are_the_weights_of_the_first_convolution():
    model = net()
    assert list(convolutions(model)) == ["first", "second"]
    assert torch.equal(first_filters(model), model.first.weight)
    assert not first_filters(model).requires_grad


def test_dead_units_are_those_that_no_image_of_any_batch_activates():
    conv, linear = nn.Conv2d(1, 5, 1), nn.Linear(5, 4)
    model = nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear, nn.ReLU())
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([1.0, 1.0, -1.0, 0.0, 0.0]).reshape(5, 1, 1, 1))
        conv.bias.copy_(torch.tensor([0.0, -5.0, 0.0, -1.0, 1.0]))
        linear.weight.zero_()
        linear.bias.copy_(torch.tensor([-1.0, 0.0, 1.0, 2.0]))
    dim, bright = torch.full((2, 1, 3, 3), 2.0), torch.full((1, 1, 3, 3), 2.0)
    bright[0, 0, 1, 1] = 6  # one place of one image is enough for the second unit
    assert dead_units(model, iter([dim])) == pytest.approx({"1": 3 / 5, "5": 2 / 4})
    assert dead_units(model, iter([dim, bright])) == pytest.approx({"1": 2 / 5, "5": 2 / 4})
    assert dead_units(model, iter([bright, dim])) == pytest.approx({"1": 2 / 5, "5": 2 / 4})
    assert dead_units(nn.Sequential(nn.Conv2d(1, 2, 1)), iter([dim])) == {}
