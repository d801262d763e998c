"""Our nets and torchvision's, with the same weights."""

import re

import pytest
import torch
from seqkit_vision.compat import torchvision
from seqkit_vision.torchvision_weights import TORCHVISION, from_torchvision
from torch import nn

from seqkit.errors import CheckpointError

TILE = torch.randn(100_003, generator=torch.Generator().manual_seed(0))


def theirs(builder, classes=7, **options):
    """Torchvision's model of that name, without memory."""
    if builder == "googlenet":
        options = {"init_weights": False, "aux_logits": False, **options}
    with torch.device("meta"):
        return getattr(torchvision.models, builder)(weights=None, num_classes=classes, **options)


def fill(model):
    """Give a model without memory weights that keep signals at their size, and statistics."""
    state = {}
    for key, tensor in model.state_dict().items():
        n = tensor.numel()
        values = TILE.repeat(n // len(TILE) + 1)[:n].roll(len(state)).view(tensor.shape)
        if tensor.dim() > 1:
            values *= (2 / tensor[0].numel()) ** 0.5
        elif key.endswith(("bias", "running_mean")):
            values *= 0.1
        else:  # scales and variances of norms
            values = values.abs().clamp(0.5, 1.5)
        state[key] = values if tensor.is_floating_point() else torch.tensor(3)
    model.load_state_dict(state, assign=True)
    return model.eval()


def close(found, expected):
    assert expected.std() > 1e-3  # or anything would be close
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def photos(size, count=2):
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "builder", "size", "settings", "options"),
    [
        ("alexnet", "alexnet", 64, {}, {}),
        ("vgg11", "vgg11", 40, {}, {}),
        ("vgg11", "vgg11_bn", 32, {"batch_norm": True}, {}),
        ("googlenet", "googlenet", 48, {}, {}),
        ("googlenet", "googlenet", 64, {"auxiliary": True}, {"aux_logits": True}),
        ("resnet18", "resnet18", 64, {}, {}),
        ("resnet50", "resnet50", 64, {}, {}),
        ("densenet121", "densenet121", 64, {}, {}),
    ],
)
def test_the_same_weights_give_the_same_logits(name, builder, size, settings, options, make):
    reference = fill(theirs(builder, **options))
    net = make(name, channels=3, size=size, classes=7, device="meta", **settings).eval()
    net.load_state_dict(from_torchvision(name, reference.state_dict()), assign=True)
    close(net(photos(size)), reference(photos(size)))


@torch.no_grad()
def test_googlenets_three_training_outputs_are_torchvisions(make):
    reference = fill(theirs("googlenet", aux_logits=True)).train()
    net = make("googlenet", channels=3, size=64, classes=7, device="meta", auxiliary=True).train()
    net.load_state_dict(from_torchvision("googlenet", reference.state_dict()), assign=True)
    for layer in (*reference.modules(), *net.modules()):
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    expected = reference(photos(64, 4))
    weights, found = zip(*net.all_logits(photos(64, 4)), strict=True)
    assert weights == (1.0, 0.3, 0.3)
    for ours, other in zip(
        found, (expected.logits, expected.aux_logits1, expected.aux_logits2), strict=True
    ):
        close(ours, other)


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "size"), [("resnet18", 28), ("resnet50", 28), ("densenet121", 28)]
)
def test_the_small_form_is_torchvisions_with_another_stem(name, size, make):
    reference = theirs(name)
    stem = nn.Conv2d(3, 64, 3, padding=1, bias=False, device="meta")
    if name == "densenet121":
        reference.features.conv0, reference.features.pool0 = stem, nn.Identity()
    else:
        reference.conv1, reference.maxpool = stem, nn.Identity()
    fill(reference)
    net = make(name, channels=3, size=size, classes=7, device="meta", small=True).eval()
    ordered = dict(zip(net.state_dict(), reference.state_dict().values(), strict=True))
    net.load_state_dict(ordered, assign=True)
    close(net(photos(size)), reference(photos(size)))


@pytest.mark.parametrize("name", sorted(TORCHVISION))
def test_the_number_of_parameters_is_torchvisions(name, make):
    def count(model):
        return sum(p.numel() for p in model.parameters())

    variants = [("", {}, {})]
    if name.startswith("vgg"):
        variants.append(("_bn", {"batch_norm": True}, {}))
    if name == "googlenet":
        variants.append(("", {"auxiliary": True}, {"aux_logits": True}))
    for suffix, settings, options in variants:
        ours = make(name, channels=3, size=224, classes=1000, device="meta", **settings)
        assert count(ours) == count(theirs(name + suffix, classes=1000, **options))


@pytest.mark.parametrize("name", sorted(TORCHVISION))
def test_every_tensor_finds_its_place(name, make):
    state = theirs(name).state_dict()
    net = make(name, channels=3, size=224, classes=7, device="meta")
    renamed = from_torchvision(name, state)
    assert list(renamed) == list(net.state_dict())
    assert sorted(map(id, renamed.values())) == sorted(map(id, state.values()))


def test_names_and_counters_of_old_files_are_understood():
    state = theirs("densenet121").state_dict()
    new = from_torchvision("densenet121", state)
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", key): tensor
        for key, tensor in state.items()
        if not key.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    found = from_torchvision("densenet121", old)
    assert list(found) == list(new)
    assert all(found[key] is new[key] for key in new if not key.endswith("num_batches_tracked"))


@pytest.mark.parametrize(
    ("name", "builder", "complaint"),
    [
        ("resnet18", "resnet34", "it has no tensor 'layer1.2.conv1.weight'"),
        ("resnet34", "resnet18", "there is no tensor for 'stage1.2.residual.conv1.weight'"),
        (
            "resnet34",
            "resnet50",
            "'layer1.0.conv1.weight' is (64, 64, 1, 1), where (64, 64, 3, 3) is needed",
        ),
        ("vgg11", "vgg13", "it has no tensor 'features.2.weight'"),
        (
            "vgg11",
            "alexnet",
            "'features.0.weight' is (64, 3, 11, 11), where (64, 3, 3, 3) is needed",
        ),
        ("alexnet", "densenet121", "there is no output layer"),
        ("googlenet", "resnet18", "it has no tensor 'conv1.weight'"),
    ],
)
def test_weights_of_another_architecture_are_refused(name, builder, complaint):
    with pytest.raises(CheckpointError) as error:
        from_torchvision(name, theirs(builder).state_dict())
    assert str(error.value).startswith(f"these are not torchvision's weights of {name}: ")
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_net_that_torchvision_does_not_have_is_refused():
    with pytest.raises(
        CheckpointError,
        match=r"torchvision has no weights for 'lenet'.*Known: alexnet, densenet121",
    ):
        from_torchvision("lenet", {})
