"""`seqkit lm perplexity`: records, tables, lines one by one, mixtures."""

import json
import math

import pytest
from language.tiny import LINES, train, write_config, write_text

from seqkit import load, ngram
from seqkit.language.mixtures import mix
from seqkit.language.texts import cut_off

TEST = ["the dog sleeps", "", "a zebra barks"]


def json_record(done):
    return json.loads(done.lines[-1])


def test_the_json_record_holds_the_library_s_figures(counted, cli):
    model = counted / "lm.arpa"
    record = json_record(cli("lm", "perplexity", "-m", model, "--json", counted / "test"))
    assert record == {"model": str(model), **ngram.load(model).evaluate(TEST).record()}
    assert (record["tokens"], record["oov"], record["sentences"]) == (9, 1, 3)
    assert record["perplexity"] == pytest.approx(10 ** (-record["log10_probability"] / 9))


def test_validation_and_the_command_give_one_figure(trained, cli, tmp_path):
    valid = write_text(tmp_path, cut_off(LINES, 0.05)[1])
    record = json_record(cli("lm", "perplexity", "-m", trained.run.folder, "--json", valid))
    assert record["perplexity"] == pytest.approx(trained.run.metrics["perplexity"], rel=1e-5)


def test_several_models_make_a_table_and_a_mixture_that_is_no_worse(counted, cli):
    paths = [counted / "lm.arpa", counted / "wb.lm"]
    lines = cli("lm", "perplexity", "-m", paths[0], "-m", paths[1], counted / "test").lines
    heads = "model perplexity without OOV OOV tokens per word bits/char bits/byte"
    assert " ".join(lines[0].split()) == heads
    figures = {line.split()[0]: float(line.split()[1]) for line in lines[1:3]}
    for path in paths:
        expected = ngram.load(path).evaluate(TEST).perplexity
        assert figures[str(path)] == pytest.approx(expected, abs=1e-4)
    assert lines[3].startswith(str(paths[0]))
    assert "|model:3-gram-" in lines[3]
    assert lines[-1].startswith("mixture, weights fitted on this text: perplexity ")
    assert float(lines[-1].split()[7]) <= min(figures.values()) + 1e-4


def test_weights_are_fitted_on_held_out_text_when_there_is_some(counted, cli):
    names = ("lm.arpa", "wb.lm")
    models = [ngram.load(counted / name) for name in names]
    chosen = [part for name in names for part in ("-m", counted / name)]
    fit = ("--fit", counted / "text")
    found = json_record(cli("lm", "perplexity", *chosen, *fit, "--json", counted / "test"))

    def logs(path):
        block = path.read_bytes()
        return [model.score_block(block).scores.astype(float) * math.log(10) for model in models]

    mixture = mix(logs(counted / "text"))
    total = mixture.log_probability(logs(counted / "test"))
    assert found["mixture"] == {
        str(counted / name): pytest.approx(weight)
        for name, weight in zip(names, mixture.weights, strict=True)
    }
    assert found["perplexity"] == pytest.approx(math.exp(-total / 9))
    assert found["log10_probability"] == pytest.approx(total / math.log(10))
    assert (found["tokens"], found["fitted_on"]) == (9, "held-out text")
    assert found["signatures"] == [model.evaluate(TEST).signature for model in models]


def test_weights_that_were_fitted_on_the_measured_text_are_said_to_be(counted, cli, tmp_path):
    """Whatever the text to fit on is called."""
    copy = tmp_path / "held-out"
    copy.write_bytes((counted / "test").read_bytes())
    chosen = ["lm", "perplexity", "-m", counted / "lm.arpa", "-m", counted / "wb.lm"]
    for fit in ([], ["--fit", counted / "test"], ["--fit", copy]):
        done = cli(*chosen, *fit, counted / "test")
        assert done.lines[-1].startswith("mixture, weights fitted on this text: ")
        assert "note: the weights of the mixture were fitted on the text that it is" in done.err
    done = cli(*chosen, "--fit", counted / "text", counted / "test")
    assert done.lines[-1].startswith("mixture, weights fitted on held-out text: ")
    assert "fitted" not in done.err


def test_the_mixture_of_models_that_find_a_text_impossible_is_null_in_json(tmp_path, cli):
    text = write_text(tmp_path, ["a b", "b a"])
    model = tmp_path / "ml.lm"
    how = ("--order", 2, "--smoothing", "maximum-likelihood", "-o", model)
    assert cli("lm", "ngram", *how, text).code == 0

    done = cli("lm", "perplexity", "-m", model, "-m", model, "--json", input="a a\n")
    record = json.loads(
        done.lines[-1], parse_constant=lambda name: pytest.fail(f"{name} is not JSON")
    )
    assert (record["perplexity"], record["log10_probability"], record["tokens"]) == (None, None, 3)
    shown = cli("lm", "perplexity", "-m", model, "-m", model, input="a a\n").lines[-1]
    assert shown.startswith("mixture, weights fitted on this text: perplexity inf")
    alone = cli("lm", "perplexity", "-m", model, "--per-sentence", input="a a\n").lines
    assert alone == ["inf\t-inf\t3\t0\ta a"]


def test_models_of_different_words_are_compared_but_not_mixed(counted, cli):
    paths = (counted / "lm.arpa", counted / "char.lm")
    done = cli("lm", "perplexity", "-m", paths[0], "-m", paths[1], counted / "test")
    assert (
        "note: no mixture: the vocabularies differ; bits/char compare where there is no OOV\n"
        in done.err
    )
    assert len(done.lines) == 5


def test_scores_that_are_no_probabilities_are_not_mixed_and_come_with_a_note(counted, cli):
    path = counted / "stupid.lm"
    done = cli("lm", "perplexity", "-m", path, "-m", path, input="the cat\n")
    assert "note: no mixture: stupid backoff gives no probabilities\n" in done.err
    assert f"note: {path} gives scores, not probabilities: its perplexity does not" in done.err
    assert "mixture" not in done.out


def test_models_are_mixed_if_they_score_the_same_tokens_whatever_kind_they_are(letters, cli):
    kept, joined, counted = letters / "kept", letters / "joined", letters / "counted.lm"
    both = cli("lm", "perplexity", "-m", kept, "-m", counted, letters / "text")
    assert both.lines[-1].startswith("mixture, weights fitted on this text: perplexity ")
    other = cli("lm", "perplexity", "-m", kept, "-m", joined, letters / "text")
    assert "mixture" not in other.out
    assert "note: no mixture: the models split this text into different tokens" in other.err


def test_networks_and_counts_are_mixed_if_they_know_the_same_words(trained, cli, tmp_path):
    text = write_text(tmp_path)
    words = write_text(tmp_path, sorted(trained.model.known_words), "words")
    how = ("--order", 3, "--tokenizer", "word", "--vocab", words, "-o", tmp_path / "n.lm")
    assert cli("lm", "ngram", *how, text).code == 0

    models = ("-m", trained.run.folder, "-m", tmp_path / "n.lm")
    lines = cli("lm", "perplexity", *models, text).lines
    values = [float(line.split()[1]) for line in lines[1:3]]
    assert float(lines[-1].split()[7]) <= min(values) + 1e-3


def test_sentences_are_measured_one_by_one(counted, cli):
    how = ("-m", counted / "lm.arpa", "--per-sentence", counted / "test")
    model = ngram.load(counted / "lm.arpa")
    for line, text in zip(cli("lm", "perplexity", *how).lines, TEST, strict=True):
        perplexity, score, tokens, oov, shown = line.split("\t")
        assert shown == text
        assert float(score) == pytest.approx(model.score(text), abs=1e-5)
        assert float(perplexity) == pytest.approx(model.perplexity(text), rel=1e-4)
        assert int(tokens) == len(text.split()) + 1
        assert int(oov) == text.count("zebra")

    records = [json.loads(line) for line in cli("lm", "perplexity", "--json", *how).lines]
    expected = [{"text": text, **model.evaluate([text]).record()} for text in TEST]
    assert records == expected


def test_characters_are_scored_as_the_binary_remembers(counted, cli):
    record = json_record(
        cli("lm", "perplexity", "-m", counted / "char.lm", "--json", input="a cat\n")
    )
    assert record["tokens"] == 6
    assert record["bits_per_char"] == pytest.approx(math.log2(record["perplexity"]))
    assert "unit:char" in record["signature"]


def test_the_text_held_out_is_measured_beside_its_baseline(tmp_path, cli):
    write_text(tmp_path)
    config = write_config(tmp_path, data="test_share = 0.25")
    run = train(config, tmp_path / "run").folder
    model = load(run)
    baseline = model.read_test_data([]).baseline

    record = json_record(cli("lm", "perplexity", "-m", run, "--test", "--json"))
    assert record["perplexity"] == pytest.approx(model.perplexity(cut_off(LINES, 0.25)[1]))
    assert record["5-gram"] == pytest.approx(baseline.perplexity)
    shown = cli("lm", "perplexity", "-m", run, "--test").lines
    assert shown[-1] == (
        f"5-gram of the same tokens, modified Kneser-Ney: perplexity {baseline.perplexity:.4f}"
    )
    refused = cli("lm", "perplexity", "-m", run, "--test", tmp_path / "text").complaint(2)
    assert "choose one of --test and FILE" in refused


def test_nothing_is_held_out_by_a_run_without_test_text_and_by_a_counted_model(lstm, counted, cli):
    refused = cli("lm", "perplexity", "-m", lstm.run.folder, "--test").complaint()
    assert "this run has no test text" in refused
    refused = cli("lm", "perplexity", "-m", counted / "lm.arpa", "--test").complaint(2)
    assert "--test needs a run folder first" in refused


def test_figures_that_unknown_words_or_marks_of_sentences_spoil_come_with_a_note(counted, cli):
    known, unknown, marked = "the cat\n", "the unheard\n", "<s> the cat </s>\n"

    def notes(name, text):
        return cli("lm", "perplexity", "-m", counted / name, input=text).err

    assert notes("lm.arpa", known) == ""
    assert "per word, bits/char and bits/byte are too low" in notes("lm.arpa", unknown)
    assert "holds <s> or </s> 2 times, and they are scored as words" in notes("lm.arpa", marked)
    assert "holds <s>" not in notes("char.lm", marked)  # these are letters


def test_marks_of_sentences_are_words_to_networks_too_but_not_easy_ones(lstm, cli):
    """A network adds none of its own, so that <s> is not what every line begins with."""
    done = cli("lm", "perplexity", "-m", lstm.run.folder, input="<s> the cat </s>\n")
    assert "holds <s>" not in done.err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("-m", "{folder}/text"), "{folder}/text:1: an ARPA file begins with \\data\\"),
        (("-m", "{folder}/none"), "no model at {folder}/none"),
        (("-m", "{folder}/lm.arpa", "{folder}/empty"), "{folder}/empty: the text is empty"),
        (("-m", "{folder}/lm.arpa"), "stdin: the text is empty"),
    ],
)
def test_a_mistake_is_one_line(counted, cli, args, says):
    (counted / "empty").write_text("")
    args = [arg.format(folder=counted) for arg in args]
    assert says.format(folder=counted) in cli("lm", "perplexity", *args).complaint()


def test_several_models_are_not_measured_sentence_by_sentence(counted, cli):
    model = counted / "lm.arpa"
    refused = cli("lm", "perplexity", "-m", model, "-m", model, "--per-sentence", input="a\n")
    assert "--per-sentence takes one model" in refused.complaint(2)


def test_a_translator_is_not_a_language_model(cli, shipped):
    refused = cli("lm", "perplexity", "-m", shipped, input="a\n").complaint()
    assert "is a model for 'translation'" in refused
