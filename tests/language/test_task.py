"""Neural language models: from a text to a perplexity that depends on nothing but model and text."""

import itertools
import json
import math

import numpy as np
import pytest
import torch

import seqkit
from seqkit import ngram
from seqkit.config import build
from seqkit.errors import ConfigError, DataError
from seqkit.language.language_model import LanguageModel
from seqkit.language.texts import LanguageData, cut_off, read_texts
from seqkit.plugins import components
from seqkit.text import TextConfig, Tokenizer

LINES = [
    f"the {who} {does} the {what} ."
    for who in ("cat", "dog", "man")
    for does in ("sees", "has")
    for what in ("ball", "tree", "bird")
] * 4
UNSEEN = ["the dog sees the zebra .", "", "the man has the ball ."]
SMALL = {
    "lstm": {"embedding": 8, "hidden": 12, "layers": 2},
    "gru": {"embedding": 0, "hidden": 12, "layers": 1},
    "transformer-lm": {"width": 8, "hidden": 16, "heads": 2, "layers": 2, "dropout": 0.0},
}


def write_config(
    folder, model="lstm", *, tokenizer="word", data="", train="steps = 12\neval_every = 6"
):
    sizes = "\n".join(f"{key} = {value}" for key, value in SMALL[model].items())
    path = folder / "lm.toml"
    path.write_text(
        f'task = "language-modelling"\n[data]\ntrain = ["{folder}/text"]\nbatch = 4\nsteps = 6\n{data}\n'
        f'[text]\ntokenizer = "{tokenizer}"\nbyte_fallback = false\n[model]\nname = "{model}"\n{sizes}\n'
        f"[optim]\nlr = 1e-2\n[train]\n{train}\n"
    )
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "text").write_text("\n".join(LINES) + "\n")
    return tmp_path


@pytest.fixture(
    scope="module", params=[(name, precision) for name in SMALL for precision in ("fp32", "bf16")]
)
def trained(request, tmp_path_factory):
    """Trained in either precision on any CPU: figures are computed in float32 all the same."""
    name, precision = request.param
    folder = tmp_path_factory.mktemp("lm")
    (folder / "text").write_text("\n".join(LINES) + "\n")
    config = write_config(folder, name, train="steps = 60\neval_every = 30")
    run = seqkit.train(
        config, out=folder / "run", overrides={"optim.lr": 3e-2, "train.precision": precision}
    )
    return folder, run, seqkit.load(folder / "run")


def untrained(name, **how):
    torch.manual_seed(0)
    tokenizer = Tokenizer.train(LINES, TextConfig(tokenizer="word", normalize=[]))
    cls = components().models.load(name)
    model = cls(build(cls.Config, SMALL[name], name), vocab=len(tokenizer.vocab)).eval()
    return LanguageModel(model, tokenizer, name=name, **{"steps": 8, "stride": 4, **how})


def test_training_validation_and_the_command_give_one_figure(trained, cli):
    folder, run, model = trained
    valid = cut_off(LINES, 0.05)[1]
    assert model.perplexity(valid) == pytest.approx(run.metrics["perplexity"], rel=1e-5)
    (folder / "valid").write_text("\n".join(valid) + "\n")
    record = json.loads(
        cli("lm", "perplexity", "-m", folder / "run", "--json", folder / "valid").lines[0]
    )
    assert record["perplexity"] == pytest.approx(run.metrics["perplexity"], rel=1e-5)


def test_the_floor_is_the_n_gram_model_of_the_same_tokens(trained):
    _, run, model = trained
    train, valid = cut_off(LINES, 0.05)
    floor = ngram.train([" ".join(model.tokenizer.split(line)) for line in train], order=5)
    expected = floor.perplexity([" ".join(model.tokenizer.split(line)) for line in valid])
    assert run.metrics["5-gram"] == pytest.approx(expected)


@pytest.mark.parametrize("how", ["a share", "a file"])
def test_the_text_held_out_is_measured_beside_the_floor(folder, cli, how):
    rest, held = (LINES, UNSEEN) if how == "a file" else cut_off(LINES, 0.25)
    (folder / "held").write_text("\n".join(held) + "\n")
    part = f'test = ["{folder}/held"]' if how == "a file" else "test_share = 0.25"
    run = seqkit.train(write_config(folder, data=part), out=folder / "run").folder
    record = json.loads(cli("lm", "perplexity", "-m", run, "--test", "--json").lines[0])
    model = seqkit.load(run)
    assert record["perplexity"] == pytest.approx(model.perplexity(held))
    split = lambda lines: [" ".join(map(str, model.tokenizer.encode(line))) for line in lines]  # noqa: E731
    floor = ngram.train(split(cut_off(rest, 0.05)[0]), order=5).perplexity(split(held))
    assert record["5-gram"] == pytest.approx(floor)
    shown = cli("lm", "perplexity", "-m", run, "--test").lines
    assert shown[-1] == f"5-gram of the same tokens, modified Kneser-Ney: perplexity {floor:.4f}"
    refused = cli("lm", "perplexity", "-m", run, "--test", folder / "held").complaint(2)
    assert "choose one of --test and FILE" in refused


def test_a_run_without_test_text_and_a_counted_model_have_nothing_held_out(trained, cli, tmp_path):
    folder, _, _ = trained
    assert (
        "held no test text out"
        in cli("lm", "perplexity", "-m", folder / "run", "--test").complaint()
    )
    ngram.save(ngram.train(["a b"], order=1), tmp_path / "x.arpa")
    refused = cli("lm", "perplexity", "-m", tmp_path / "x.arpa", "--test").complaint(2)
    assert "--test needs a run folder first" in refused


def test_a_perplexity_is_what_the_model_says_token_by_token():
    model = untrained("lstm")
    ids = [3, *(i for line in UNSEEN for i in model.tokenizer.encode(line, eos=True))]
    total, state = 0.0, None
    with torch.no_grad():
        for before, after in itertools.pairwise(ids):
            hidden, state = model.model(torch.tensor([[before]]), state)
            logits = hidden[0, 0] @ model.model.output.t() + model.model.bias
            total += float(logits.log_softmax(-1)[after])
    record = model.evaluate(UNSEEN)
    assert record.log_probability == pytest.approx(total, rel=1e-5)
    assert (record.tokens, record.oov, record.sentences) == (len(ids) - 1, 1, 3)
    assert record.characters == sum(len(line) + 1 for line in UNSEEN)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_recurrent_perplexity_does_not_depend_on_how_the_text_is_cut(size, monkeypatch):
    model = untrained("lstm")
    whole = model.evaluate(LINES).log_probability
    monkeypatch.setattr("seqkit.language.stream.STEPS", size)
    assert model.evaluate(LINES).log_probability == pytest.approx(whole, rel=1e-6)


def test_a_window_as_long_as_the_text_sees_all_of_it_and_the_batch_does_not_matter(monkeypatch):
    length = len(
        untrained("transformer-lm").tokens_of(b"\n".join(line.encode() for line in LINES) + b"\n")
    )
    whole = untrained("transformer-lm", steps=length + 5).evaluate(LINES)
    every = untrained("transformer-lm", steps=length, stride=1).evaluate(LINES)
    assert every.log_probability == pytest.approx(whole.log_probability, rel=1e-5)
    narrow = untrained("transformer-lm", steps=8, stride=4).evaluate(LINES)
    assert "window 8 stride 4" in narrow.signature
    monkeypatch.setattr("seqkit.language.stream.BATCH", 3)
    again = untrained("transformer-lm", steps=8, stride=4).evaluate(LINES)
    assert again.log_probability == pytest.approx(narrow.log_probability, rel=1e-6)
    assert narrow.log_probability != pytest.approx(whole.log_probability, rel=1e-4)


def test_a_window_slides_by_half_unless_the_recipe_says_otherwise(folder):
    config = write_config(
        folder, "transformer-lm", data="baseline_order = 0", train="steps = 2\neval_every = 2"
    )
    for stride, shown in ((0, 3), (2, 2)):
        run = seqkit.train(config, out=folder / f"run{stride}", overrides={"data.stride": stride})
        model = seqkit.load(run.folder)
        record = model.evaluate(cut_off(LINES, 0.05)[1])
        assert f"|context:window 6 stride {shown}|" in record.signature
        assert record.perplexity == pytest.approx(run.metrics["perplexity"], rel=1e-5)


def test_a_trained_model_beats_an_untrained_one_and_its_vocabulary(trained):
    _, run, model = trained
    assert run.metrics["perplexity"] < len(model.tokenizer.vocab) / 2


def test_text_is_drawn_by_a_seed_and_goes_on_from_the_prompt(trained):
    _, _, model = trained
    drawn = [
        "".join(model.generate(prompt="the cat", length=5, seed=seed)) for seed in (1, 1, 2, 3, 4)
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1
    greedy = "".join(model.generate(prompt="the cat", length=3, temperature=0))
    assert greedy == "".join(model.generate(prompt="the cat", length=3, top_k=1, seed=9))
    assert "<unk>" not in "".join(model.generate(length=200, seed=5, stop=False, temperature=3.0))


def test_what_cannot_be_drawn_is_refused_before_anything_is(trained):
    _, _, model = trained
    with pytest.raises(ConfigError, match="temperature and top_k are 0 or more"):
        model.generate(temperature=-5)


def test_one_line_is_one_and_lines_are_a_list():
    model = untrained("lstm")
    for method in (model.score, model.perplexity):
        with pytest.raises(DataError, match="line break"):
            method("the cat\nthe dog")
    assert model.score("the cat\n") == model.score("the cat")
    with pytest.raises(TypeError, match="give a list of texts, not one string"):
        model.evaluate("the cat")


def test_the_commonest_draw_is_what_the_model_finds_likeliest():
    model = untrained("lstm")
    with torch.no_grad():
        hidden, _ = model.model(torch.tensor([[3]]), None)
        logits = hidden[0, 0] @ model.model.output.t() + model.model.bias
    logits[[0, 1, 2]] = -math.inf
    share = logits.softmax(-1)
    drawn = ["".join(model.generate(length=1, seed=seed, stop=False)) for seed in range(600)]
    for token in model.tokenizer.vocab.tokens[4:7]:
        word = model.tokenizer.decode([model.tokenizer.vocab[token]])
        assert drawn.count(word) / 600 == pytest.approx(
            float(share[model.tokenizer.vocab[token]]), abs=0.06
        )


@pytest.mark.parametrize("data", ["", "sampled_softmax = 2"])
def test_a_run_killed_between_batches_goes_on_with_its_state(folder, data):
    config = write_config(folder, data=data, train="steps = 11\neval_every = 4\naverage = 0.9")
    whole = seqkit.train(config, out=folder / "whole")
    part = seqkit.train(config, out=folder / "part", overrides={"train.steps": 7})
    assert part.step == 7
    again = seqkit.train(config, out=folder / "part", resume=True)
    assert again.metrics == whole.metrics


def test_a_sampled_loss_learns_the_same_and_is_measured_over_the_whole_vocabulary(folder):
    rare = [
        f"the cat sees the thing{i} ." for i in range(150)
    ]  # more words than the samples of a few batches
    (folder / "text").write_text("\n".join(LINES * 3 + rare) + "\n")
    train = "steps = 150\neval_every = 150"
    found = {}
    for words in (0, 20):
        config = write_config(
            folder, data=f"order = 'random'\nsampled_softmax = {words}", train=train
        )
        run = seqkit.train(config, out=folder / f"run{words}", overrides={"optim.lr": 2e-2})
        found[words] = run.metrics["perplexity"]
        model = seqkit.load(run.folder)
        valid = read_texts(build(LanguageData, {"train": [str(folder / "text")]}, "[data]"))[1]
        assert model.perplexity(valid) == pytest.approx(found[words], rel=1e-4)
    assert found[20] != found[0]
    assert found[20] == pytest.approx(found[0], rel=0.15)


def test_random_windows_train_too_and_carry_nothing(folder):
    run = seqkit.train(
        write_config(folder, data='order = "random"\nbaseline_order = 0'), out=folder / "run"
    )
    assert set(run.metrics) == {"perplexity"}


def test_a_text_is_cut_at_its_end_into_training_validation_and_test():
    lines = [f"{i:02}" for i in range(100)]
    rest, test = cut_off(lines, 0.1)
    assert (rest[-1], test) == ("89", lines[90:])
    assert cut_off(["x" * 90, *lines[:4]], 0.1) == (
        ["x" * 90],
        lines[:4],
    )  # shares are of characters, not of lines
    assert cut_off(["abcdefghij"], 0.3) == (["abcdefg"], ["hij"])
    assert cut_off(lines, 0) == (lines, [])


def test_lines_can_be_joined_made_unique_and_read_from_a_column(tmp_path):
    (tmp_path / "x.tsv").write_text("a\tb\nc\td\na\tb\n")
    data = LanguageData(
        train=[str(tmp_path / "x.tsv")], valid=[str(tmp_path / "x.tsv")], column=2, unique=True
    )
    assert read_texts(data)[:2] == (["b", "d"], ["b", "d"])
    joined = LanguageData(
        train=[str(tmp_path / "x.tsv")], lines="join", test_share=0.5, valid_share=0.5
    )
    assert [len(part[0]) for part in read_texts(joined)] == [3, 3, 5]
    texts = read_texts(joined, ["letters"])
    assert texts[2] == ["d a b"]  # cut after normalisation: of "a b c d a b"
    with pytest.raises(DataError, match=r"x.tsv:1: 2 columns, so no column 3"):
        read_texts(LanguageData(train=[str(tmp_path / "x.tsv")], column=3))


@pytest.mark.parametrize(
    ("spoil", "data", "says"),
    [
        (lambda text: text.write_text(""), "", "the training text is empty"),
        (
            lambda text: text.write_text("a b\n" * 8),
            "",
            "too few for one batch of 4 sequences of 6",
        ),
        (lambda text: None, "valid = []\ntrain = []", "no training text: set data.train"),
        (
            lambda text: text.with_name("v").write_text("\n"),
            'valid = ["{folder}/v"]',
            "the validation text is empty",
        ),
    ],
)
def test_text_that_cannot_be_used_is_named(folder, spoil, data, says):
    spoil(folder / "text")
    config = write_config(folder, data=data.format(folder=folder))
    text = config.read_text()
    if "train = []" in data:
        config.write_text(text.replace(f'train = ["{folder}/text"]\n', ""))
    with pytest.raises((DataError, ConfigError), match=says):
        seqkit.train(config, out=folder / "run")


def test_subword_sampling_is_refused(folder):
    with pytest.raises(ConfigError, match=r"text\.sampling is for translation"):
        seqkit.train(
            write_config(folder), out=folder / "run", overrides={"text.subword_regularization": 0.1}
        )


def test_a_translator_is_no_language_model(cli, shipped):
    assert (
        "is a model for 'translation'"
        in cli("lm", "perplexity", "-m", shipped, input="a\n").complaint()
    )


def test_networks_and_counts_mix_if_they_know_the_same_words(trained, cli):
    folder, _, model = trained
    (folder / "words").write_text("\n".join(sorted(model.known_words)) + "\n")
    made = cli(
        "lm",
        "ngram",
        "--order",
        3,
        "--tokenizer",
        "word",
        "--vocab",
        folder / "words",
        "-o",
        folder / "n.lm",
        folder / "text",
    )
    assert made.code == 0, made.err
    lines = cli(
        "lm", "perplexity", "-m", folder / "run", "-m", folder / "n.lm", folder / "text"
    ).lines
    values = [float(line.split()[1]) for line in lines[1:3]]
    assert float(lines[-1].split()[7]) <= min(values) + 1e-3


def test_scores_are_coloured_on_a_page(trained, cli):
    folder, _, _ = trained
    done = cli(
        "lm",
        "score",
        "-m",
        folder / "run",
        "--html",
        folder / "page.html",
        input="the cat <sees>\nzebra\n",
    )
    assert done.code == 0, done.err
    page = (folder / "page.html").read_text()
    assert page.count("bits") >= 7
    assert "&lt;sees" in page or "sees" in page
    assert "unknown" in page
    assert page.count("<p><span") == 2


def test_one_score_a_line_sums_to_the_record(trained, cli):
    folder, _, model = trained
    scores = [
        float(line) for line in cli("lm", "score", "-m", folder / "run", folder / "text").lines
    ]
    assert len(scores) == len(LINES)
    assert sum(scores) == pytest.approx(
        model.evaluate(LINES).log_probability / math.log(10), rel=1e-4
    )
    assert np.isfinite(scores).all()


def test_generation_can_go_on_after_the_end_of_a_line_but_not_for_counted_models(trained, cli):
    folder, _, _ = trained
    args = ("lm", "generate", "--length", 60, "--seed", 1)
    assert len(cli(*args, "-m", folder / "run", "--go-on").lines) > 1
    made = cli("lm", "ngram", "--order", 2, "-o", folder / "two.lm", folder / "text")
    assert made.code == 0
    assert "--go-on needs a network" in cli(*args, "-m", folder / "two.lm", "--go-on").complaint()


def test_unknown_words_of_a_prompt_are_counted(trained, cli):
    folder, _, _ = trained
    ran = cli(
        "lm", "generate", "-m", folder / "run", "--prompt", "the zebra sees quaggas", "--seed", 1
    )
    assert ran.code == 0
    assert (
        ran.err
        == "note: the model does not know 2 of the prompt's tokens and reads <unk> for them\n"
    )
    assert cli("lm", "generate", "-m", folder / "run", "--prompt", "the cat", "--seed", 1).err == ""


def test_generation_shows_the_prompt_as_the_model_sees_it_and_whole_characters_only(folder):
    tokenizer = Tokenizer.train(LINES, TextConfig(tokenizer="char", normalize=["lower", "squeeze"]))
    cls = components().models.load("lstm")
    torch.manual_seed(0)
    model = cls(build(cls.Config, SMALL["lstm"], "lstm"), vocab=len(tokenizer.vocab)).eval()
    drawn = list(
        LanguageModel(model, tokenizer, name="lstm", steps=8, stride=4).generate(
            prompt="The ", length=60, seed=3
        )
    )
    assert drawn[0] == "the"
    assert not any(piece.endswith("\ufffd") for piece in drawn)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (
            {"model.name": "transformer"},
            "'transformer' is no language model. Known: gru, lstm, rnn, transformer-lm",
        ),
        ({"data.stride": 9}, "stride = 9 is more than steps = 6"),
        (
            {"optim.label_smoothing": 0.1, "data.sampled_softmax": 5},
            "choose one of optim.label_smoothing",
        ),
        (
            {"optim.decay": "cosine", "train.steps": 0, "train.epochs": 2},
            "'cosine' needs train.steps",
        ),
    ],
)
def test_settings_that_would_go_wrong_later_are_refused_at_once(folder, overrides, says):
    config = write_config(folder)
    if "model.name" in overrides:
        config.write_text(
            config.read_text().replace('name = "lstm"\n', 'name = "lstm"\n').split("[model]")[0]
            + '[model]\nname = "transformer"\n[train]\nsteps = 2\n'
        )
        overrides = {}
    with pytest.raises(ConfigError, match=says):
        seqkit.train(config, out=folder / "run", overrides=overrides)
