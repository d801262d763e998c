"""A language model in use: a perplexity that depends on nothing but model and text, and text."""

import itertools
import json
import math

import numpy as np
import pytest
import torch
from language.tiny import LINES, SMALL, UNSEEN, train, untrained, write_config, write_text

import seqkit
from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.language.held_out import HeldOutText
from seqkit.language.language_model import LanguageModel
from seqkit.language.texts import cut_off

VALID = cut_off(LINES, 0.05)[1]


def in_one_block(lines):
    return "".join(f"{line}\n" for line in lines).encode()


def as_numbers(model, lines):
    """Lines as the n-gram baseline counts them."""
    return [" ".join(map(str, model.tokenizer.encode(line))) for line in lines]


def next_probabilities(model, ids):
    """(V,) what follows `ids`, by the network alone; no `<pad>`, `<bos>` or `<unk>`."""
    with torch.no_grad():
        hidden, _ = model.model(torch.tensor([ids]), None)
        logits = hidden[0, -1] @ model.model.output.t() + model.model.bias
    logits[[0, 1, 2]] = -math.inf
    return logits.softmax(-1)


def test_validation_and_the_predictor_give_one_figure(trained):
    expected = trained.run.metrics["perplexity"]
    assert trained.model.perplexity(VALID) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_a_perplexity_is_what_the_network_says_token_by_token(name):
    model = untrained(name, steps=100)
    ids = [3, *(i for line in UNSEEN for i in model.tokenizer.encode(line, eos=True))]
    total = 0.0
    with torch.no_grad():
        for end in range(1, len(ids)):
            hidden, _ = model.model(torch.tensor([ids[:end]]), None)
            logits = hidden[0, -1] @ model.model.output.t() + model.model.bias
            total += float(logits.log_softmax(-1)[ids[end]])

    record = model.evaluate(UNSEEN)
    assert record.log_probability == pytest.approx(total, rel=1e-5)
    assert (record.tokens, record.oov, record.sentences) == (len(ids) - 1, 1, 3)
    assert record.characters == sum(len(line) + 1 for line in UNSEEN)


def test_a_recurrent_network_carries_its_state_from_token_to_token():
    model = untrained("lstm")
    ids = [3, *model.tokenizer.encode(LINES[0], eos=True)]
    expected, state = [], None
    with torch.no_grad():
        for before, after in itertools.pairwise(ids):
            hidden, state = model.model(torch.tensor([[before]]), state)
            logits = hidden[0, 0] @ model.model.output.t() + model.model.bias
            expected.append(float(logits.log_softmax(-1)[after]))
    assert model.score_block(in_one_block(LINES[:1])).nats == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_recurrent_perplexity_does_not_depend_on_how_the_text_is_cut(size, monkeypatch):
    model = untrained("lstm")
    whole = model.evaluate(LINES).log_probability
    monkeypatch.setattr("seqkit.language.stream.STEPS", size)
    assert model.evaluate(LINES).log_probability == pytest.approx(whole, rel=1e-6)


def test_scores_do_not_depend_on_how_many_logits_are_computed_at_a_time(monkeypatch):
    model = untrained("lstm")
    whole = model.score_block(in_one_block(LINES)).scores
    monkeypatch.setattr("seqkit.language.language_model._ROWS", 7)
    assert model.score_block(in_one_block(LINES)).scores == pytest.approx(whole, rel=1e-5)


def test_a_window_as_long_as_the_text_sees_all_of_it_and_the_batch_does_not_matter(monkeypatch):
    length = len(untrained("transformer-lm").tokens_of(in_one_block(LINES)))
    whole = untrained("transformer-lm", steps=length + 5).evaluate(LINES)
    every = untrained("transformer-lm", steps=length, stride=1).evaluate(LINES)
    assert every.log_probability == pytest.approx(whole.log_probability, rel=1e-5)

    narrow = untrained("transformer-lm", steps=8, stride=4).evaluate(LINES)
    assert "window 8 stride 4" in narrow.signature
    assert narrow.log_probability != pytest.approx(whole.log_probability, rel=1e-4)
    monkeypatch.setattr("seqkit.language.stream.BATCH", 3)
    again = untrained("transformer-lm", steps=8, stride=4).evaluate(LINES)
    assert again.log_probability == pytest.approx(narrow.log_probability, rel=1e-6)


def test_each_token_is_scored_from_the_window_that_ends_with_its_stride():
    steps, stride = 8, 3
    model = untrained("transformer-lm", steps=steps, stride=stride)
    lines = LINES[:5]
    ids = [3, *(i for line in lines for i in model.tokenizer.encode(line, eos=True))]

    expected = []
    with torch.no_grad():
        for target in range(1, len(ids)):
            windows_before = max(0, -(-(target - steps) // stride))
            end = min(steps + windows_before * stride, len(ids) - 1)
            begin = max(0, end - steps)
            hidden, _ = model.model(torch.tensor([ids[begin:target]]), None)
            logits = hidden[0, -1] @ model.model.output.t() + model.model.bias
            expected.append(float(logits.log_softmax(-1)[ids[target]]))
    assert model.score_block(in_one_block(lines)).nats == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("stride", "shown"), [(0, 3), (2, 2)])
def test_a_run_scores_by_its_own_stride(folder, stride, shown):
    data = f"baseline_order = 0\nstride = {stride}"
    config = write_config(folder, "transformer-lm", data=data, train="steps = 2\neval_every = 2")
    run = train(config, folder / "run")
    record = seqkit.load(run.folder).evaluate(VALID)
    assert f"|context:window 6 stride {shown}|" in record.signature
    assert record.perplexity == pytest.approx(run.metrics["perplexity"], rel=1e-5)


def test_joined_text_is_one_line_with_one_end():
    kept, joined = untrained("lstm"), untrained("lstm", joined=True)
    block = b"the cat\nthe dog\n"
    assert kept.tokens_of(block) == ["the", "cat", "</s>", "the", "dog", "</s>"]
    assert joined.tokens_of(block) == ["the", "cat", "the", "dog", "</s>"]
    assert joined.score_block(block).ends.tolist() == [False, False, False, False, True]
    assert "|lines:joined|" in joined.evaluate(["the cat"]).signature


def test_lines_are_predicted_one_by_one_lazily_and_in_order(trained):
    given = iter(["the cat sees", "the zebra sees", "\N{SNOWMAN}"])
    found = trained.model.predict(given)
    first = next(found)
    assert next(given) == "the zebra sees"  # not read yet
    assert first.text == "the cat sees"
    assert first.log10_probability == pytest.approx(trained.model.score("the cat sees"))
    assert first.perplexity == pytest.approx(trained.model.perplexity("the cat sees"))
    assert (first.tokens, first.oov) == (4, 0)
    (last,) = found
    assert (last.tokens, last.oov) == (2, 1)


def test_predictions_and_evaluations_take_lists_of_single_lines_and_no_settings():
    model = untrained("lstm")
    for method in (model.predict, model.evaluate):
        with pytest.raises(TypeError, match="give a list of texts, not one string"):
            method("the cat")
        with pytest.raises(ConfigError, match="a language model takes no settings, such as 'beam'"):
            method([], beam=2)
    for method in (model.score, model.perplexity, lambda text: list(model.predict([text]))):
        with pytest.raises(DataError, match="line break"):
            method("the cat\nthe dog")
    assert model.score("the cat\n") == model.score("the cat")


def test_a_text_of_no_lines_has_no_tokens():
    model = untrained("lstm")
    assert model.evaluate([]).tokens == 0
    assert list(model.predict([])) == []


@pytest.mark.parametrize("how", ["a share", "a file"])
def test_the_text_held_out_is_measured_beside_its_baseline(folder, cli, how):
    rest, held = (LINES, UNSEEN) if how == "a file" else cut_off(LINES, 0.25)
    write_text(folder, held, "held")
    data = f'test = ["{folder}/held"]' if how == "a file" else "test_share = 0.25"
    run = train(write_config(folder, data=data), folder / "run").folder
    model = seqkit.load(run)

    text = model.read_test_data([])
    assert list(text) == held
    counted = ngram.train(as_numbers(model, cut_off(rest, 0.05)[0]), order=5)
    expected = counted.perplexity(as_numbers(model, held))
    assert text.baseline.perplexity == pytest.approx(expected)

    report = model.evaluate(text)
    assert report.perplexity == pytest.approx(model.perplexity(held))
    assert report.record()["5-gram"] == pytest.approx(expected)
    shown = cli("evaluate", "-m", run, "--device", "cpu").lines
    assert shown == str(report).split("\n")
    record = json.loads(cli("evaluate", "-m", run, "--device", "cpu", "--json").out)
    assert record == report.record()


def test_the_held_out_text_of_a_run_without_baseline_has_none(folder):
    config = write_config(folder, data="baseline_order = 0\ntest_share = 0.2")
    model = seqkit.load(train(config, folder / "run").folder)
    text = model.read_test_data([])
    assert text == HeldOutText(cut_off(LINES, 0.2)[1], None)
    assert model.evaluate(text) == model.evaluate(text.lines)
    assert repr(text) == f"<HeldOutText: {len(text)} lines>"


def test_test_data_are_the_lines_of_files_or_else_what_the_run_held_out(lstm, tmp_path):
    paths = [write_text(tmp_path, lines, name) for lines, name in ((UNSEEN, "x"), (LINES, "y"))]
    assert list(lstm.model.read_test_data(paths)) == [*UNSEEN, *LINES]
    with pytest.raises(DataError, match="cannot read"):
        lstm.model.read_test_data([tmp_path / "missing"])
    with pytest.raises(ConfigError, match="this run has no test text"):
        lstm.model.read_test_data([])
    with pytest.raises(ConfigError, match="does not know its run: name a file to measure"):
        untrained("lstm").read_test_data([])


def test_the_commands_for_every_task_evaluate_and_predict(lstm, cli, tmp_path):
    path = write_text(tmp_path, UNSEEN)
    report = lstm.model.evaluate(UNSEEN)
    shown = cli("evaluate", "-m", lstm.run.folder, "--device", "cpu", path).lines
    assert shown == str(report).split("\n")
    record = cli("evaluate", "-m", lstm.run.folder, "--device", "cpu", "--json", path).out
    assert json.loads(record) == pytest.approx(report.record())

    text = "".join(f"{line}\n" for line in UNSEEN)
    found = list(lstm.model.predict(UNSEEN))
    shown = cli("predict", "-m", lstm.run.folder, "--device", "cpu", input=text).lines
    assert shown == [str(each) for each in found]
    lines = cli("predict", "-m", lstm.run.folder, "--device", "cpu", "--json", input=text).lines
    assert [json.loads(line) for line in lines] == [each.record() for each in found]
    refused = cli("predict", "-m", lstm.run.folder, "--set", "beam=2", input="a\n").complaint()
    assert "'beam'" in refused


def test_a_notebook_shows_what_a_model_is(lstm):
    assert repr(lstm.model) == ("<LanguageModel lstm: 14 tokens (word), context carried, on cpu>")
    assert "context window 8 stride 4" in repr(untrained("transformer-lm"))


def test_text_is_drawn_by_a_seed_and_continues_the_prompt(trained):
    model = trained.model
    drawn = [
        "".join(model.generate(prompt="the cat", length=5, seed=seed)) for seed in (1, 1, 2, 3, 4)
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1
    assert all(text.startswith("the cat") for text in drawn)
    assert "<unk>" not in "".join(model.generate(length=200, seed=5, stop=False, temperature=3.0))


def test_a_temperature_of_0_takes_the_most_probable_token(trained):
    model = trained.model
    greedy = "".join(model.generate(prompt="the cat", length=3, temperature=0))
    assert greedy == "".join(model.generate(prompt="the cat", length=3, top_k=1, seed=9))

    ids = [3, *model.tokenizer.encode("the cat")]
    for _ in range(3):
        ids.append(int(next_probabilities(model, ids).argmax()))
    assert greedy == model.tokenizer.decode(ids[1:])


def test_text_ends_with_its_line_or_after_length_tokens(trained):
    model = trained.model
    whole = "".join(model.generate(prompt="the", length=50, temperature=0))
    assert "\n" not in whole
    assert whole.endswith(".")
    beyond = "".join(model.generate(prompt="the", length=50, temperature=0, stop=False))
    assert beyond.startswith(f"{whole}\n")
    short = "".join(model.generate(prompt="the", length=2, temperature=0))
    assert len(short.split()) == 3
    assert whole.startswith(short)


def watch(model, monkeypatch):
    """The ids that the network reads, call by call."""
    read = []
    name = "forward" if model.carries_state else "extend"
    method = getattr(model.model, name)

    def watched(ids, state=None):
        read.append(ids.tolist()[0])
        return method(ids, state)

    monkeypatch.setattr(model.model, name, watched)
    return read


def test_a_window_forgets_what_is_further_back(monkeypatch):
    model = untrained("transformer-lm", steps=3, stride=1)
    read = watch(model, monkeypatch)
    list(model.generate(prompt="the cat sees", length=3, temperature=0, stop=False))
    assert [len(ids) for ids in read] == [3, 3, 3]
    assert read[0] == model.tokenizer.encode("the cat sees")
    assert read[1][:2] == read[0][1:]


def test_a_window_is_read_anew_only_where_the_next_one_begins(monkeypatch):
    model = untrained("transformer-lm", steps=5, stride=2)
    read = watch(model, monkeypatch)
    list(model.generate(prompt="the cat sees", length=6, temperature=0, stop=False))
    assert [len(ids) for ids in read] == [4, 1, 4, 1, 4, 1]


class OnlyWindows(torch.nn.Module):
    """A network that reads nothing but whole windows."""

    carries_state = False

    def __init__(self, network):
        super().__init__()
        self.network, self.output, self.bias = network, network.output, network.bias

    def forward(self, ids, state):
        return self.network(ids, state)


def test_a_network_that_cannot_go_on_in_its_window_says_the_same():
    model = untrained("transformer-lm", steps=5, stride=2)
    said = "".join(model.generate(prompt="the cat", length=9, seed=1, stop=False))
    slow = LanguageModel(
        OnlyWindows(model.model), model.tokenizer, name="windows", steps=5, stride=2
    )
    assert "".join(slow.generate(prompt="the cat", length=9, seed=1, stop=False)) == said


def test_a_recurrent_network_reads_every_token_once(monkeypatch):
    model = untrained("lstm")
    read = watch(model, monkeypatch)
    list(model.generate(prompt="the cat sees", length=3, temperature=0, stop=False))
    assert read[0] == [3, *model.tokenizer.encode("the cat sees")]
    assert [len(ids) for ids in read] == [4, 1, 1]


def test_tokens_are_drawn_as_often_as_the_network_finds_them_probable():
    model = untrained("lstm")
    share = next_probabilities(model, [3])
    drawn = ["".join(model.generate(length=1, seed=seed, stop=False)) for seed in range(600)]
    for token in model.tokenizer.vocab.tokens[4:7]:
        place = model.tokenizer.vocab[token]
        word = model.tokenizer.decode([place])
        assert drawn.count(word) / 600 == pytest.approx(float(share[place]), abs=0.06)


def test_settings_that_nothing_can_be_drawn_by_are_refused_before_anything_is_drawn():
    with pytest.raises(ConfigError, match="temperature and top_k are 0 or more"):
        untrained("lstm").generate(temperature=-5)


def test_generation_shows_the_prompt_as_the_model_sees_it_and_whole_characters_only():
    model = untrained("lstm", tokenizer="char", normalize=["lower", "squeeze"])
    drawn = list(model.generate(prompt="The ", length=60, seed=3))
    assert drawn[0] == "the"
    assert not any(piece.endswith("\N{REPLACEMENT CHARACTER}") for piece in drawn)


def test_unknown_tokens_and_ends_are_marked_where_they_stand():
    found = untrained("lstm").score_block(b"zebra the\ncat zebra\n")
    assert found.oov.tolist() == [True, False, False, False, True, False]
    assert found.ends.tolist() == [False, False, True, False, False, True]


def test_scores_are_finite_and_sum_to_the_record(trained):
    found = trained.model.score_block(in_one_block(LINES))
    assert np.isfinite(found.scores).all()
    assert found.nats.sum() == pytest.approx(trained.model.evaluate(LINES).log_probability)
    assert found.ends.sum() == len(LINES)
