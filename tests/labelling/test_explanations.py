"""Which words decided: gradient × input, and the page."""

import pytest
import torch
from command_line import call
from small_classifiers import write_recipe

import seqkit
from seqkit.errors import ConfigError
from seqkit.labelling.classification.classifier import Classifier
from seqkit.labelling.classification.explain import explain
from seqkit.labelling.classification.page import explanation_page
from seqkit.text.vocab import EOS


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


def log_odds_of_mean(models, vectors, ids, number):
    """The log odds of a class by the mean of what several models make of vectors."""
    rows = zip(models, vectors, ids, strict=True)
    chances = [model.model.classify(each, of_model).softmax(-1) for model, each, of_model in rows]
    return torch.stack(chances).mean(0)[0, number].logit()


def test_an_ensemble_is_explained_by_the_gradient_of_its_mean(texts_file, classifier, tmp_path):
    recipe = write_recipe(tmp_path / "r.toml", texts_file, steps=5)
    run = seqkit.train(recipe, out=tmp_path / "run", device="cpu", overrides={"train.seed": 3})
    models = [classifier, seqkit.load(run.folder, device="cpu")]
    text = "soup and a storm are"
    found = explain(Classifier.ensemble(models), text, "food")
    assert found.probability == pytest.approx(
        sum(explain(model, text, "food").probability for model in models) / 2, abs=1e-6
    )

    tokens = classifier.inputs.tokenizer.encode(text)
    ids = [torch.tensor([[*tokens, EOS]])] * 2
    vectors = [model.model.embed(ids[0]).detach().requires_grad_() for model in models]
    log_odds_of_mean(models, vectors, ids, classifier.labels["food"]).backward()
    expected = sum((each.grad * each).sum(-1)[0] for each in vectors)
    influence = [token.influence for token in found.tokens]
    assert influence == pytest.approx(expected.tolist(), abs=1e-5)
    alone = [token.influence for token in explain(classifier, text, "food").tokens]
    assert influence != pytest.approx(alone, abs=1e-3)


def test_an_ensemble_that_reads_other_tokens_is_not_explained_as_one(
    texts_file, run, classifier, tmp_path
):
    recipe = write_recipe(tmp_path / "r.toml", texts_file, steps=1)
    letters = {"text.tokenizer": "char"}
    other = seqkit.train(recipe, out=tmp_path / "run", device="cpu", overrides=letters).folder
    complaint = call("explain", "-m", run, "-m", other, "soup").complaint()
    assert "explain it with one model at a time" in complaint


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
