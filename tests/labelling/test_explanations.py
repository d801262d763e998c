"""Which words decided: gradient × input, and the page."""

import pytest
import torch
from small_classifiers import write_recipe

import seqkit
from seqkit.errors import ConfigError
from seqkit.labelling.classification.explain import explain
from seqkit.labelling.classification.page import explanation_page


def test_the_words_of_a_class_speak_for_it(classifier):
    found = explain(classifier, "the soup and bread are Windy")
    assert found.label == "food"
    influence = {token.text.strip(): token.influence for token in found.tokens}
    assert min(influence["soup"], influence["bread"]) > abs(influence["the"])
    assert {token.text for token in found.most_influential(2)} == {"soup", "bread"}
    assert [token.text for token in found.tokens if not token.is_known] == ["are", "windy"]


def test_for_two_classes_what_speaks_for_one_speaks_against_the_other(classifier):
    food = explain(classifier, "soup in the rain", "food")
    weather = explain(classifier, "soup in the rain", "weather")
    assert food.probability + weather.probability == pytest.approx(1.0)
    for one, other in zip(food.tokens, weather.tokens, strict=True):
        assert one.influence == pytest.approx(-other.influence, abs=1e-6)


def test_influences_of_a_linear_model_sum_to_its_log_odds(classifier):
    found = explain(classifier, "soup and a storm")
    model = classifier.model
    bias = model.output.bias.detach()
    first = classifier.classes.index(found.label)
    expected = torch.tensor(found.probability).logit() - (bias[first] - bias[1 - first])
    assert sum(token.influence for token in found.tokens) == pytest.approx(
        expected.item(), abs=1e-4
    )


@pytest.mark.parametrize("bag", [0, 3])
def test_attention_is_shown_where_there_is_some(texts_file, tmp_path, bag):
    model = f"name = 'rnn-classifier'\nwidth = 6\nhidden = 5\npooling = 'attention'\nbag = {bag}"
    recipe = write_recipe(tmp_path / "r.toml", texts_file, model=model, steps=2)
    run = seqkit.train(
        recipe, out=tmp_path / "run", overrides={"data.long": "windows", "data.longest": 4}
    )
    found = explain(seqkit.load(run.folder), "the soup and bread and very salt")
    assert sum(token.attention for token in found.tokens) == pytest.approx(1.0, abs=1e-5)
    assert "attention" in explanation_page(found)


def test_the_page_marks_words_and_escapes_them(classifier):
    found = explain(classifier, "soup <b> rain")
    page = explanation_page(found, "a note & more")
    assert "&lt;" in page
    assert "a note &amp; more" in page
    assert "unknown to the model" in page
    assert page.count("<span") == len(found.tokens) + 5


def test_a_class_that_the_model_does_not_know_is_refused(classifier):
    with pytest.raises(ConfigError, match="food"):
        explain(classifier, "soup", "fod")
