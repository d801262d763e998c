"""What text classifiers are made of, against their equations written out."""

import pytest
import torch

from seqkit.config import build
from seqkit.errors import ConfigError
from seqkit.labelling.models.bag import Bag, BagConfig
from seqkit.labelling.models.pooling import Pooling
from seqkit.labelling.models.recurrent_classifier import (
    RecurrentClassifier,
    RecurrentClassifierConfig,
)
from seqkit.labelling.models.text_cnn import TextCNN, TextCNNConfig
from seqkit.labelling.models.transformer_classifier import TransformerClassifierConfig

MASK = torch.tensor([[True, True, True], [True, True, False], [False, False, False]])


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(3, 3, 4)


def test_mean_and_max_are_over_tokens_alone(x):
    mean = Pooling("mean", 4)(x, MASK)
    highest = Pooling("max", 4)(x, MASK)
    torch.testing.assert_close(mean[0], x[0].mean(0))
    torch.testing.assert_close(mean[1], (x[1, 0] + x[1, 1]) / 2)
    torch.testing.assert_close(highest[1], torch.maximum(x[1, 0], x[1, 1]))


def test_the_last_state_is_that_of_the_last_token_and_backwards_that_of_the_first(x):
    last = Pooling("last", 4)(x, MASK)
    torch.testing.assert_close(last[1], x[1, 1])
    both = Pooling("last", 4, bidirectional=True)(x, MASK)
    torch.testing.assert_close(both[1], torch.cat([x[1, 1, :2], x[1, 0, 2:]]))


def test_attention_is_the_softmax_of_its_scores_over_tokens(x):
    pooling = Pooling("attention", 4)
    scores = pooling.query(torch.tanh(pooling.hidden(x[1, :2])))[:, 0]
    expected = (scores.softmax(0)[:, None] * x[1, :2]).sum(0)
    torch.testing.assert_close(pooling(x, MASK)[1], expected)


def test_concat_pooling_is_last_max_and_mean_side_by_side(x):
    pooling = Pooling("concat", 4)
    assert pooling.width == 12
    apart = [x[1, 1], torch.maximum(x[1, 0], x[1, 1]), (x[1, 0] + x[1, 1]) / 2]
    torch.testing.assert_close(pooling(x, MASK)[1], torch.cat(apart))


@pytest.mark.parametrize("kind", ["last", "max", "mean", "attention", "concat"])
def test_a_text_without_tokens_gives_zeros(kind, x):
    assert not Pooling(kind, 4)(x, MASK)[2].any()


def test_a_bag_is_the_mean_of_all_n_grams_of_a_text():
    torch.manual_seed(0)
    bag = Bag(build(BagConfig, {"width": 4, "ngrams": 3, "buckets": 50}, ""), vocab=9, classes=2)
    ids = torch.tensor([[4, 5, 6, 0, 0]])

    def bucket(words):
        value = words[0]
        for word in words[1:]:
            value = value % (2**31 - 1) * 116_049_371 + word
        return bag.ngrams.weight[value % 50]

    vectors = [bag.embedding.weight[i] for i in (4, 5, 6)]
    vectors += [bucket(words) for words in ([4, 5], [5, 6], [4, 5, 6])]
    expected = bag.output(torch.stack(vectors).mean(0))
    torch.testing.assert_close(bag.eval()(ids)[0], expected)


def test_an_n_gram_shares_its_vector_among_its_words():
    torch.manual_seed(0)
    bag = Bag(build(BagConfig, {"width": 4, "buckets": 50}, ""), vocab=9, classes=2)
    ids = torch.tensor([[4, 5]])
    vectors = bag.embed(ids)[0]
    pair = vectors - bag.embedding(ids)[0]
    torch.testing.assert_close(pair[0], pair[1])
    hashed = (4 * 116_049_371 + 5) % 50
    torch.testing.assert_close(pair.sum(0), bag.ngrams.weight[hashed])


def test_a_convolution_sees_zeros_around_the_text_and_its_highest_value_counts():
    torch.manual_seed(0)
    cnn = TextCNN(
        build(TextCNNConfig, {"width": 4, "windows": [2], "maps": 3}, ""), vocab=9, classes=2
    ).eval()
    ids = torch.tensor([[4, 5, 0, 0, 0]])
    zeros = torch.zeros(4)
    first, second = cnn.embedding(ids)[0, :2]
    (convolution,) = cnn.convolutions
    windows = [(zeros, first), (first, second), (second, zeros)]
    values = [
        (convolution.weight * torch.stack(pair, 1)).sum((1, 2)) + convolution.bias
        for pair in windows
    ]
    highest = torch.stack(values).relu().amax(0)
    torch.testing.assert_close(cnn(ids)[0], cnn.output(highest))


@pytest.mark.parametrize(
    ("model", "config"),
    [(TextCNN, TextCNNConfig), (RecurrentClassifier, RecurrentClassifierConfig)],
)
def test_the_logits_of_a_bag_beside_a_network_are_added_to_its_own(model, config):
    def made(bag):
        torch.manual_seed(0)
        return model(build(config, {"width": 6, "bag": bag}, ""), vocab=9, classes=2).eval()

    ids = torch.tensor([[4, 5, 6, 3], [7, 3, 0, 0]])
    both = made(3)
    alone = made(0)
    alone.load_state_dict(
        {name: w for name, w in both.state_dict().items() if not name.startswith("beside.")}
    )
    torch.testing.assert_close(both(ids), alone(ids) + both.beside.bag(ids))


@pytest.mark.parametrize(
    ("config", "values", "message"),
    [
        (TextCNNConfig, {"windows": []}, "name the sizes"),
        (TextCNNConfig, {"windows": [3, 0]}, "from 1 word"),
        (TransformerClassifierConfig, {"width": 10, "heads": 4}, "multiple of heads"),
        (BagConfig, {"ngrams": 9}, "ngrams"),
    ],
)
def test_impossible_sizes_are_refused(config, values, message):
    with pytest.raises(ConfigError, match=message):
        build(config, values, "[model]")
