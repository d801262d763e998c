"""Mixtures of trained networks and counted models."""

import math

import numpy as np
import pytest
from language.tiny import LINES, UNSEEN, train, untrained, write_config, write_text
from stepping import walk

import seqkit
from seqkit import ngram
from seqkit.errors import ConfigError, DataError, SeqkitError, WrongType, WrongValue
from seqkit.ngram.mixed_model import MixedModel
from seqkit.ngram.mixture_files import mixture_of, save_mixture

LINE = "the cat sees the zebra . zzz"
WEIGHTS = [0.4, 0.6]


def counted(lines=(*LINES, "the zebra sees a lion ."), **settings):
    return ngram.train(lines, order=2, smoothing="witten-bell", tokenizer="word", **settings)


def pair(name="lstm", unknown="share", **settings):
    """A network that knows no zebra, lion and "a", a counted model that does, and both mixed."""
    network, model = untrained(name, normalize=[], **settings), counted()
    return network, model, MixedModel([network, model], WEIGHTS, unknown=unknown)


@pytest.mark.parametrize("unknown", ["share", "keep"])
@pytest.mark.parametrize("name", ["lstm", "transformer-lm"])
def test_a_network_and_a_counted_model_are_mixed_token_by_token(name, unknown):
    network, model, mixed = pair(name, unknown)
    lacking = len(mixed.known_words - network.known_words)
    assert lacking == 3
    assert network.known_words < model.known_words == mixed.known_words

    expected = []
    rows = zip([*LINE.split(), "</s>"], walk(network, LINE)[0], walk(model, LINE)[0], strict=True)
    for token, one, other in rows:
        first = 10**one
        if token in ("zebra", "zzz"):
            is_kept_out = unknown == "keep" and token == "zebra"
            first = 0 if is_kept_out else first / (lacking + 1 if unknown == "share" else 1)
        expected.append(math.log10(0.4 * first + 0.6 * 10**other))

    assert walk(mixed, LINE)[0] == pytest.approx(expected, rel=1e-4)
    found = mixed.score_block(f"{LINE}\n".encode())
    assert found.scores.tolist() == pytest.approx(expected, rel=1e-4)
    assert found.oov.tolist() == [token == "zzz" for token in [*LINE.split(), "</s>"]]
    assert mixed.score(LINE) == pytest.approx(sum(expected), rel=1e-4)


def test_the_scorer_of_searches_gives_the_same_scores():
    _, _, mixed = pair()
    scorer = mixed.scorer()
    ids = scorer.encode(LINE)
    assert [scorer.tokens[i] for i in ids][-3:] == ["zebra", ".", "<unk>"]

    states = scorer.begin(2)
    scores = []
    for i in ids:
        every = scorer.following(states)
        total = np.exp(every.astype(float)).sum(1) + np.exp(scorer.finish(states))
        assert ((total > 0.9) & (total < 1.0001)).all()  # an untrained network predicts <pad>, too
        found, states = scorer.step(states, [i, i])
        assert found.tolist() == pytest.approx(every[:, i].tolist(), rel=1e-4)
        scores.append(found[0] / math.log(10))
    expected, _ = walk(mixed, LINE)
    assert scores == pytest.approx(expected[:-1], rel=1e-4)
    one = scorer.select(states, [1])
    three = scorer.join([one, states])
    assert scorer.finish(three).tolist() == pytest.approx([expected[-1] * math.log(10)] * 3)


def test_a_mixture_does_what_language_models_do():
    network, _, mixed = pair()
    report = mixed.evaluate(UNSEEN)
    assert report.perplexity == pytest.approx(mixed.perplexity(UNSEEN))
    assert report.oov == 0
    assert "unknown:share" in report.signature
    assert "context:carried" in report.signature
    other = MixedModel([network, counted()], [0.5, 0.5])
    assert other.signature_fields()["model"] != mixed.signature_fields()["model"]

    best = mixed.next("the cat", top=3)
    state = mixed.begin()
    for token in ("the", "cat"):
        _, state = mixed.step(state, token)
    assert [mixed.step(state, token)[0] for token, _ in best] == pytest.approx(
        [score for _, score in best], rel=1e-4
    )
    assert {token for token, _ in mixed.next("the", start="z")} == {"zebra"}
    text = "".join(mixed.generate(prompt="the cat", seed=3, length=5))
    assert text.startswith("the cat")
    assert set(text.split()) <= mixed.known_words
    (line,) = mixed.predict(["the cat"])
    assert line.tokens == 3


def test_the_weights_of_a_mixture_can_be_fitted_and_states_told_apart():
    network, model, mixed = pair()
    text = b"the cat sees the zebra .\n"
    parts = mixed.log_probabilities([text])
    assert parts[1].tolist() == pytest.approx(model.score_block(text).nats.tolist(), rel=1e-4)
    state = mixed.begin()
    assert state == mixed.begin()
    assert state != mixed.step(state, "the")[1]
    with pytest.raises(WrongValue, match="this state is of another model"):
        pair()[2].step(state, "the")
    with pytest.raises(WrongType, match="give a state of this mixture, not State"):
        mixed.step(model.begin(), "the")
    with pytest.raises(WrongValue, match=r"sum to 0\.9, not to 1"):
        MixedModel([network, model], [0.4, 0.5])


def test_models_that_split_text_otherwise_are_refused():
    network, model, _ = pair()
    with pytest.raises(ConfigError, match="models of the tokens word, char cannot be mixed"):
        MixedModel([network, ngram.train(LINES, order=2, tokenizer="char")], WEIGHTS)
    with pytest.raises(ConfigError, match="models of the normalisation lower, none cannot"):
        MixedModel([untrained("lstm", normalize=["lower"]), model], WEIGHTS)
    with pytest.raises(ConfigError, match="a network that joins lines cannot be mixed"):
        MixedModel([untrained("lstm", joined=True, normalize=[]), model], WEIGHTS)
    stupid = ngram.train(LINES, order=2, smoothing="stupid-backoff", tokenizer="word")
    with pytest.raises(ConfigError, match="stupid backoff gives no probabilities"):
        MixedModel([network, stupid], WEIGHTS)


def test_counted_models_alone_are_an_ngram_model():
    assert isinstance(mixture_of([counted(), counted()], WEIGHTS), ngram.Model)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of a network, model.lm of the same tokens, and mixed.toml of both."""
    place = tmp_path_factory.mktemp("mixed")
    write_text(place)
    config = write_config(place)
    train(config, place / "run", text_normalize=[], data_baseline_order=0)
    ngram.save(counted(), place / "model.lm")
    save_mixture(
        [place / "run", place / "model.lm"], WEIGHTS, place / "mixed.toml", unknown="share"
    )
    return place


def test_the_file_of_a_mixture_may_name_a_run(folder, cli, tmp_path):
    mixed = seqkit.load(folder / "mixed.toml", device="cpu")
    parts = [seqkit.load(folder / name, device="cpu") for name in ("run", "model.lm")]
    assert mixed.score(LINE) == pytest.approx(MixedModel(parts, WEIGHTS).score(LINE))
    with pytest.raises(SeqkitError, match="run is a trained network, not an n-gram model"):
        ngram.load(folder / "mixed.toml")

    done = cli("lm", "perplexity", "-m", folder / "mixed.toml", folder / "text")
    assert f"{mixed.perplexity(LINES):.4f}" in done.out
    assert cli("lm", "score", "-m", folder / "mixed.toml", input="the cat\n").code == 0
    done = cli("lm", "complete", "-m", folder / "mixed.toml", "--top", 1, input="the\n")
    assert done.lines[0].split("\t")[1] == mixed.next("the", top=1)[0][0]
    assert cli("lm", "generate", "-m", folder / "mixed.toml", "--seed", 1).code == 0
    wrong = cli("lm", "generate", "-m", folder / "mixed.toml", "--go-on").complaint()
    assert wrong.startswith("--go-on needs a network: an n-gram model, or a mixture with one")
    wrong = cli("lm", "score", "-m", tmp_path / "gone.lm", input="a\n").complaint()
    assert wrong.endswith(
        "gone.lm: give an ARPA file, seqkit's binary, the .toml of a mixture, or a run folder"
    )


def test_an_ngram_model_is_counted_with_the_tokenizer_of_a_run(folder, cli, tmp_path):
    settings = ("--order", 2, "--smoothing", "witten-bell", "--tokenizer", folder / "run")
    done = cli("lm", "ngram", *settings, "-o", tmp_path / "own.lm", folder / "text")
    assert done.code == 0, done.err
    run, own = (seqkit.load(path) for path in (folder / "run", tmp_path / "own.lm"))
    assert own.tokenizer.split(LINE) == run.tokenizer.split(LINE)
    assert MixedModel([run, own], WEIGHTS).perplexity(LINES) > 1


def test_weights_are_fitted_for_a_network_too(folder, cli, tmp_path):
    models = ("-m", folder / "run", "-m", folder / "model.lm")
    done = cli("lm", "mix", *models, "--fit", folder / "text", "-o", tmp_path / "fit.toml")
    assert done.code == 0, done.err
    fitted = seqkit.load(tmp_path / "fit.toml", device="cpu")
    best = fitted.perplexity(LINES)
    for weight in (fitted.weights[0] - 0.05, fitted.weights[0] + 0.05):
        inside = min(max(weight, 0.0), 1.0)
        other = MixedModel(fitted.parts, [inside, 1 - inside])
        assert best <= other.perplexity(LINES) + 1e-6

    wrong = cli("lm", "mix", *models, "-o", tmp_path / "x.lm").complaint()
    assert "run is a trained network, which has no n-grams: name a file *.toml" in wrong
    nested = ("-m", folder / "mixed.toml", "-m", folder / "model.lm")
    wrong = cli("lm", "mix", *nested, "-o", tmp_path / "x.toml").complaint()
    assert wrong.endswith("mixed.toml is itself a mixture: name its models")


def test_a_part_that_is_gone_is_named(folder, tmp_path):
    paths = [folder / "model.lm", tmp_path / "run"]
    (tmp_path / "run").mkdir()
    save_mixture(paths, WEIGHTS, tmp_path / "mixed.toml", unknown="share")
    with pytest.raises(DataError, match=r"mixed.toml: model 2: .*run"):
        seqkit.load(tmp_path / "mixed.toml")


def test_what_is_no_model_or_no_weight_is_refused():
    with pytest.raises(WrongValue, match="give models to mix"):
        mixture_of([], [])
    with pytest.raises(WrongType, match="model 2 of the mixture is int: give n-gram models"):
        mixture_of([counted(), 3], WEIGHTS)
    for weights in (None, ["a", "b"]):
        with pytest.raises(WrongType, match="weights are numbers, one for each model"):
            mixture_of([counted(), counted()], weights)
