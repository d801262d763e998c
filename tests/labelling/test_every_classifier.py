"""Conformance of every text classifier; a new one adds its small sizes to `SMALL`."""

import pytest
import torch
from small_classifiers import SMALL

from seqkit.config import build
from seqkit.errors import ConfigError
from seqkit.labelling.models.contract import TextModel
from seqkit.plugins import components
from seqkit.runs.build import make_model
from seqkit.text.vocab import PAD, UNK
from seqkit.training.contract import missing_members

CASES = [(name, i) for name, sizes in SMALL.items() for i in range(len(sizes))]
VOCAB = 13
CLASSES = 3
IDS = torch.tensor([[4, 5, 6, 7, 8, 3], [9, 10, 4, 3, 0, 0], [3, 0, 0, 0, 0, 0]])
LENGTHS = [6, 4, 1]


def make(name, sizes, **settings):
    torch.manual_seed(0)
    model_class = components().models.load(name)
    config = build(model_class.Config, {**sizes, **settings}, name)
    return model_class(config, vocab=VOCAB, classes=CLASSES)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def model(request):
    name, i = request.param
    made = make(name, SMALL[name][i], dropout=0.0).eval()
    with torch.no_grad():  # an output that is not zero, of vectors that are not small
        made.output.bias.normal_()
        made.embedding.weight[1:] *= 10
    return made


def test_every_registered_classifier_is_tested():
    found = []
    for entry in components().models:
        cls = components().models.load(entry.name)
        if not missing_members(cls, TextModel) and entry.provider == "seqkit":
            found.append(entry.name)
    assert set(found) == SMALL.keys()


def test_it_follows_the_contract(model):
    assert not missing_members(model, TextModel)
    assert model(IDS).shape == (3, CLASSES)


def test_what_it_says_of_a_text_does_not_depend_on_the_padding_of_its_batch(model):
    together = model(IDS)
    wider = model(torch.nn.functional.pad(IDS, (0, 7), value=PAD))
    torch.testing.assert_close(wider, together, atol=1e-6, rtol=1e-5)
    for row, length in enumerate(LENGTHS):
        alone = model(IDS[row : row + 1, :length])
        torch.testing.assert_close(alone[0], together[row], atol=1e-6, rtol=1e-5)


def test_it_reads_in_the_two_steps_that_an_explanation_looks_between(model):
    vectors = model.embed(IDS)
    assert vectors.shape[:2] == IDS.shape
    torch.testing.assert_close(model.classify(vectors, IDS), model(IDS))


def test_vectors_of_the_padding_change_nothing(model):
    vectors = model.embed(IDS)
    is_padding = IDS == PAD
    noise = torch.randn_like(vectors) * is_padding[..., None]
    torch.testing.assert_close(
        model.classify(vectors + noise, IDS), model(IDS), atol=1e-5, rtol=1e-5
    )


def test_attention_is_a_distribution_over_the_tokens_of_each_text(model):
    weights = model.attention(model.embed(IDS), IDS)
    if weights is None:
        return
    torch.testing.assert_close(weights.sum(1), torch.ones(3))
    assert not weights[IDS == PAD].any()


def test_every_parameter_gets_a_gradient(model):
    (model.train()(IDS) ** 2).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_order_of_words_matters_unless_it_is_a_bag_of_single_words(model):
    ids = torch.tensor([[4, 5, 6, 7, 8, 3]])
    same = torch.allclose(model(ids), model(torch.tensor([[8, 5, 6, 7, 4, 3]])), atol=1e-6)
    is_blind = getattr(model, "longest", 0) == 1 or getattr(model, "windows", []) == [1]
    assert same == is_blind


@pytest.mark.parametrize("name", SMALL)
def test_dropped_words_are_unknown_ones_while_training_only(name):
    model = make(name, SMALL[name][0], word_dropout=0.999, dropout=0.0)
    unknown = torch.where(IDS == PAD, PAD, UNK)
    if name == "transformer-classifier":
        model.words.dropout.rate = 0.0
    torch.testing.assert_close(model.train()(IDS), model(unknown))
    assert not torch.allclose(model.eval()(IDS), model(unknown))


def test_a_model_of_another_task_is_refused_by_what_it_lacks():
    with pytest.raises(ConfigError, match="lacks"):
        make_model({"name": "lstm"}, {"vocab": 9}, "text-classification")
