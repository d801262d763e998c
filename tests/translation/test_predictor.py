"""`Translator` as a predictor: `predict`, `read_test_data`, `evaluate`; metrics of plugins."""

import itertools
import json

import pytest
import torch
from letters import write_config, write_lines, write_pairs
from sacrebleu.metrics import BLEU, CHRF
from translators import LINES, blind

import seqkit
from seqkit import recipes
from seqkit.errors import ConfigError, DataError, UnknownName
from seqkit.metrics import Score, TextMetric
from seqkit.metrics.perplexity import perplexity
from seqkit.runs.build import make_trainer
from seqkit.translation.beam_sweep import measure
from seqkit.translation.evaluation import TestSet


class WrongWords:
    """A metric as plugins write them: the number of words that are not in the reference."""

    name = "wrong-words"
    better = "lower"

    def __call__(self, outputs, references):
        wrong = 0
        for output, reference in zip(outputs, references[0], strict=True):
            wrong += len(set(output.split()) - set(reference.split()))
        return Score(float(wrong), "wrong-words|v:1")


wrong_words: TextMetric = WrongWords()


@pytest.fixture
def metric(registered):
    registered("metrics", "wrong-words", f"{__name__}:wrong_words")


SOURCES = ["das Haus", "der Hund sieht", "rot"]
REFERENCES = ["Haus das", "sieht Hund ein", "rot"]


# predict


def test_each_line_gets_a_prediction_with_the_record_of_its_best_translation(backwards):
    found = list(backwards.predict(LINES[:3]))
    translations = [best for (best,) in backwards.translate_nbest(LINES[:3])]
    assert [str(line) for line in found] == [t.text for t in translations]
    for source, line, best in zip(LINES, found, translations, strict=False):
        assert json.loads(json.dumps(line.record())) == {
            "source": source,
            "translation": best.text,
            "score": best.score,
            "log_probability": best.log_probability,
            "tokens": best.tokens,
            "engine": "torch float32",
        }


def test_predictions_are_lazy_and_in_order(backwards, monkeypatch):
    """500 lines at once for each thread."""
    monkeypatch.setattr("seqkit.translation.translator.threads", lambda: 2)
    lines = (LINES[i % 3] for i in range(2000))
    found = [line.source for line in itertools.islice(backwards.predict(lines), 7)]
    assert found == [LINES[i % 3] for i in range(7)]
    assert len(list(lines)) == 1000, "left to be read"


def test_an_n_best_list_is_in_the_record_if_it_is_asked_for(backwards):
    (line,) = backwards.predict(["das Haus"], nbest=2)
    assert len(line.translations) == 2
    assert [one["translation"] for one in line.record()["nbest"]] == [
        translation.text for translation in line.translations
    ]


def test_alignments_come_with_the_lines_if_they_are_asked_for(backwards, words):
    (line,) = backwards.predict(["das Haus ist"], align=True)
    assert line.record()["alignment"] == line.alignment == [(0, 2), (1, 1), (2, 0)]
    assert "alignment" not in next(backwards.predict(["das Haus"])).record()
    with pytest.raises(ConfigError, match="no attention: there is nothing to align by"):
        blind(words).predict([], align=True)


def test_impossible_settings_are_refused_before_the_first_line_is_read(backwards):
    unread = iter(LINES)
    for settings in ({"beem": 3}, {"must": ["Schloss"]}):
        with pytest.raises(ConfigError):
            backwards.predict(unread, **settings)
    assert list(unread) == LINES
    with pytest.raises(TypeError, match="not one string"):
        backwards.predict("das Haus")


def test_a_translator_and_its_results_have_short_names(backwards):
    (line,) = backwards.predict(["das Haus"])
    assert repr(backwards).startswith("<Translator: Backwards, ")
    assert repr(line.best).startswith("Translation('Haus das', score=")
    assert repr(TestSet(SOURCES, [REFERENCES])) == "TestSet(3 sentences, 1 references)"


# evaluate


def test_test_data_is_a_source_and_its_references_or_one_tsv(backwards, tmp_path):
    source = write_lines(tmp_path / "source", SOURCES)
    reference = write_lines(tmp_path / "reference", REFERENCES)
    pairs = zip(SOURCES, REFERENCES, strict=True)
    table = write_lines(tmp_path / "both.tsv", ["\t".join(pair) for pair in pairs])
    two = backwards.read_test_data([source, reference, reference])
    assert two == TestSet(SOURCES, [REFERENCES, REFERENCES])
    assert backwards.read_test_data([table]) == TestSet(SOURCES, [REFERENCES])
    with pytest.raises(ConfigError, match="name a source file and its references, or one TSV"):
        backwards.read_test_data([])
    with pytest.raises(DataError, match="none"):
        backwards.read_test_data([tmp_path / "none"])


def test_a_report_has_bleu_and_chrf_with_sacrebleu_s_signatures(backwards):
    report = backwards.evaluate(TestSet(SOURCES, [REFERENCES]))
    outputs = backwards.translate(SOURCES)
    bleu, chrf = BLEU(), CHRF()
    wanted = [metric.corpus_score(outputs, [REFERENCES]).score for metric in (bleu, chrf)]
    assert report.record() == {
        "bleu": wanted[0],
        "bleu_signature": str(bleu.get_signature()),
        "chrf": wanted[1],
        "chrf_signature": str(chrf.get_signature()),
        "sentences": 3,
    }
    assert str(report).splitlines() == [
        f"BLEU {wanted[0]:.2f}  {bleu.get_signature()}",
        f"chrF {wanted[1]:.2f}  {chrf.get_signature()}",
        "3 sentences",
    ]
    assert report.signature == f"BLEU {bleu.get_signature()}; chrF {chrf.get_signature()}"


def test_a_search_that_is_not_the_model_s_own_is_part_of_the_signature(backwards):
    own = backwards.evaluate(TestSet(SOURCES, [REFERENCES]))
    same = backwards.evaluate(TestSet(SOURCES, [REFERENCES]), beam=backwards.search.beam)
    assert same.signature == own.signature
    assert "search" not in same.record()

    other = backwards.evaluate(TestSet(SOURCES, [REFERENCES]), max_length=1, beam=1)
    assert other.signature == f"{own.signature}; search beam:1|max_length:1"
    assert other.record()["search"] == "beam:1|max_length:1"
    assert str(other).splitlines()[2:] == ["search beam:1|max_length:1", "3 sentences"]


def test_a_metric_of_a_plugin_is_evaluated_by_name(backwards, metric):
    report = backwards.evaluate(TestSet(SOURCES, [REFERENCES]), metrics=["wrong-words"])
    assert report.record() == {
        "wrong-words": 1.0,
        "wrong-words_signature": "wrong-words|v:1",
        "sentences": 3,
    }
    with pytest.raises(UnknownName, match=r"no metric 'wrong-word'. Did you mean 'wrong-words'\?"):
        backwards.evaluate(TestSet(SOURCES, [REFERENCES]), metrics=["wrong-word"])


def test_a_metric_of_a_plugin_takes_part_in_a_beam_sweep(backwards, metric):
    test_set = TestSet(SOURCES, [REFERENCES])
    (result,) = measure(backwards, test_set, [2], metrics=["wrong-words"], settings={})
    record = result.record()
    assert record["wrong-words"] == 1.0
    assert "bleu" not in record
    assert record["length_ratio"] == 1.0


def test_the_command_takes_metrics_by_name(cli, beginner, tmp_path, metric):
    write_lines(tmp_path / "source", ["a b"])
    write_lines(tmp_path / "reference", ["b a"])
    files = ("--source", tmp_path / "source", "--reference", tmp_path / "reference")
    command = ("evaluate", "-m", beginner, *files, "--search", "max_length=3", "--json")
    (line,) = cli(*command, "--metric", "chrf", "--metric", "wrong-words").lines
    assert json.loads(line).keys() == {
        "chrf",
        "chrf_signature",
        "wrong-words",
        "wrong-words_signature",
        "sentences",
        "search",
    }
    assert "no metric 'blue'. Did you mean 'bleu'?" in cli(*command, "--metric", "blue").complaint()


# Figures of a run


def test_a_metric_of_a_plugin_can_pick_the_best_checkpoint(tmp_path, metric):
    write_pairs(tmp_path)
    config = recipes.load(write_config(tmp_path / "c.toml"), {"data.goal": "wrong-words"})
    trainer = make_trainer(config, device="cpu")
    assert trainer.task.goal == ("wrong-words", "lower")
    assert trainer.task.goal.improves(1.0, 2.0)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_perplexity_of_a_run_is_computed_in_float32(tmp_path, precision):
    """Whatever precision trains: it is the one that the trained model gives in use."""
    write_pairs(tmp_path)
    config = write_config(tmp_path / "c.toml", optim="lr = 1e-2")
    overrides = {"train.precision": precision}
    run = seqkit.train(config, out=tmp_path / "run", device="cpu", overrides=overrides)

    translator = seqkit.load(run.folder, device="cpu")
    sources, targets = (
        (tmp_path / f"valid.{side}").read_text().splitlines() for side in ("source", "target")
    )
    logs = translator.token_scores(sources, targets)
    total = -sum(sum(row) for row in logs)
    wanted = perplexity(total, sum(len(row) for row in logs))
    assert run.metrics["perplexity"] == pytest.approx(wanted, rel=1e-5)
    assert next(translator.model.parameters()).dtype == torch.float32
