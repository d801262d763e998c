"""Scores and comparisons: `seqkit score`, several models, `seqkit compare`, widths of the beam."""

import json
import math
import re

import pytest
from letters import LINES, SHORT, some_lines, write_lines
from sacrebleu.metrics import BLEU, CHRF

import seqkit
from seqkit.translation.translator import Translator


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A folder with source, reference, and other: finished translations, a third of them wrong."""
    folder = tmp_path_factory.mktemp("texts")
    sources = some_lines(12, seed=3, shortest=4, longest=6)
    write_lines(folder / "source", sources)
    write_lines(folder / "reference", [line[::-1] for line in sources])
    write_lines(
        folder / "other", [line if i % 3 == 0 else line[::-1] for i, line in enumerate(sources)]
    )
    return folder


def test_set(texts):
    return "--source", texts / "source", "--reference", texts / "reference"


test_set.__test__ = False


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


# score


def score(cli, model, texts, *options):
    return cli(
        "score",
        "-m",
        model,
        "--source",
        texts / "source",
        "--target",
        texts / "reference",
        *options,
    )


def test_the_scores_of_lines_are_those_of_the_library(cli, words, texts):
    wanted = seqkit.load(words, device="cpu").score(
        lines_of(texts / "source"), lines_of(texts / "reference")
    )
    assert score(cli, words, texts).lines == [f"{value:.6f}" for value in wanted]
    assert len(set(wanted)) == len(wanted)


def test_scores_of_tokens_take_a_line_each_and_add_up(cli, words, texts):
    translator, targets = seqkit.load(words, device="cpu"), lines_of(texts / "reference")
    logs = translator.token_scores(lines_of(texts / "source"), targets)
    blocks = score(cli, words, texts, "--tokens").out.removesuffix("\n\n").split("\n\n")
    assert blocks == [
        "\n".join(
            f"{token}\t{value:.6f}"
            for token, value in zip([*line.split(), "<eos>"], row, strict=True)
        )
        for line, row in zip(targets, logs, strict=True)
    ]


def test_every_byte_token_has_its_own_score(cli, beginner, tmp_path):
    source, target = (
        write_lines(tmp_path / "source", ["a b"]),
        write_lines(tmp_path / "target", ["ü b"]),
    )
    files = ("-m", beginner, "--source", source, "--target", target)
    rows = [
        line.split("\t") for line in cli("score", *files, "--tokens").out.rstrip("\n").split("\n")
    ]
    assert [name for name, _ in rows] == ["<0xC3>", "<0xBC>", " ", "b", "<eos>"]
    (total,) = cli("score", *files).lines
    assert math.fsum(float(value) for _, value in rows) == pytest.approx(float(total), abs=1e-4)


def test_scores_as_json(cli, words, texts):
    records = [json.loads(line) for line in score(cli, words, texts, "--json").lines]
    sources, targets = lines_of(texts / "source"), lines_of(texts / "reference")
    assert [record["source"] for record in records] == sources
    assert [record["target"] for record in records] == targets
    assert [record["tokens"] for record in records] == [len(line.split()) + 1 for line in targets]
    assert [f"{record['log_probability']:.6f}" for record in records] == score(
        cli, words, texts
    ).lines
    for line, record in zip(
        score(cli, words, texts, "--json", "--tokens").lines, records, strict=True
    ):
        scored = json.loads(line).pop("token_scores")
        assert [token for token, _ in scored] == [*record["target"].split(), "<eos>"]
        assert math.fsum(value for _, value in scored) == pytest.approx(record["log_probability"])


def test_scores_go_to_a_file(cli, words, texts, tmp_path):
    done = score(cli, words, texts, "-o", tmp_path / "scores")
    assert (done.code, done.out) == (0, "")
    assert lines_of(tmp_path / "scores") == score(cli, words, texts).lines


def test_empty_lines_are_scored_too(cli, words, tmp_path):
    source, target = (
        write_lines(tmp_path / "source", ["a", "", "b"]),
        write_lines(tmp_path / "target", ["", "a", "b"]),
    )
    values = cli("score", "-m", words, "--source", source, "--target", target).lines
    wanted = seqkit.load(words, device="cpu").score(["a", "", "b"], ["", "a", "b"])
    assert values == [f"{value:.6f}" for value in wanted]


def test_files_of_unequal_length_are_not_scored(cli, words, texts, tmp_path):
    short = write_lines(tmp_path / "short", ["a"])
    complaint = cli(
        "score", "-m", words, "--source", texts / "source", "--target", short
    ).complaint()
    assert complaint == f"not parallel: {short} has 1 lines, {texts / 'source'} has 12"


@pytest.mark.parametrize("name", ["source", "reference"])
def test_scores_never_overwrite_their_input(cli, words, texts, name):
    before = (texts / name).read_bytes()
    complaint = score(cli, words, texts, "-o", texts / name).complaint(2)
    assert complaint == f"{texts / name} is an input file: write to another file"
    assert (texts / name).read_bytes() == before


# Several models


def test_several_models_vote(cli, make, words, texts):
    other = make(list("abcdefghij"), width=16)
    ensemble = Translator.ensemble([seqkit.load(run, device="cpu") for run in (words, other)])
    wanted = ensemble.score(lines_of(texts / "source"), lines_of(texts / "reference"))
    assert score(cli, words, texts, "-m", other).lines == [f"{value:.6f}" for value in wanted]
    alone = score(cli, words, texts).lines
    assert not any(f"{value:.2f}" == other[:-4] for value, other in zip(wanted, alone, strict=True))
    translated = cli("translate", "-m", words, "-m", other, *SHORT, *LINES).lines
    assert translated == ensemble.translate(LINES, max_length=6)
    cli("evaluate", "-m", words, "-m", other, *test_set(texts), *SHORT, "-o", texts / "voted")
    assert lines_of(texts / "voted") == ensemble.translate(lines_of(texts / "source"), max_length=6)


def test_models_of_different_vocabularies_do_not_vote(cli, words, beginner, texts):
    needed = "models can decode together only if they share vocabulary, tokenizer and normalisation"
    says = f"{words}+{beginner}: {needed}"
    assert score(cli, words, texts, "-m", beginner).complaint() == says
    assert cli("translate", "-m", words, "-m", beginner, "a").complaint() == says


# compare


def compare(cli, first, second, texts, *options):
    return cli("compare", first, second, *test_set(texts), *options)


def test_files_of_translations_are_compared(cli, texts):
    lines = compare(cli, texts / "other", texts / "reference", texts, "--show", 2).lines
    references, others = lines_of(texts / "reference"), lines_of(texts / "other")
    for line, name, outputs in zip(
        lines, ("other", "reference"), (others, references), strict=False
    ):
        scores = [metric.corpus_score(outputs, [references]).score for metric in (BLEU(), CHRF())]
        assert line.startswith(str(texts / name))
        assert f"BLEU {scores[0]:.2f} (" in line
        assert f"chrF2 {scores[1]:.2f} (" in line
    p_values = r"BLEU 0\.0\d{3}, chrF2 0\.0\d{3}"
    assert re.fullmatch(
        rf"p-value of the difference, paired bootstrap of 1,000 samples \(.*\): {p_values}",
        lines[2],
    )
    assert [line.split("|")[0] for line in lines[3:5]] == ["nrefs:1", "nrefs:1"]
    shown = [line for line in lines if line.startswith("chrF +")]
    assert len(shown) == 2
    place = lines_of(texts / "source").index(shown[0].split("  ")[1])
    at = lines.index(shown[0])
    assert lines[at + 1 : at + 4] == [
        f"  reference  {references[place]}",
        f"  first      {others[place]}",
        f"  second     {references[place]}",
    ]


def test_a_run_a_shipped_model_and_a_file_are_compared_with_each_other(
    cli, words, shipped, texts, tmp_path
):
    outputs = seqkit.load(words, device="cpu").translate(lines_of(texts / "source"), max_length=6)
    file = write_lines(tmp_path / "file", outputs)
    one, two, *_ = compare(cli, words, file, texts, *SHORT, "--show", 9).lines
    assert one.removeprefix(str(words)).split() == two.removeprefix(str(file)).split()
    one, two, *_ = compare(
        cli, shipped.name, file, texts, *SHORT, "--search", "beam=1", "--show", 0
    ).lines
    assert one.startswith("en-de ")
    assert two.removeprefix(str(file)).split()[:2] == one_score(cli, words, texts)


def one_score(cli, model, texts):
    return cli("evaluate", "-m", model, *test_set(texts), *SHORT).lines[0].split()[:2]


def test_a_comparison_as_json(cli, texts):
    (line,) = compare(cli, texts / "other", texts / "reference", texts, "--json", "--show", 3).lines
    record = json.loads(line)
    assert record.keys() == {"first", "second", "p_values", "signatures", "samples", "sentences"}
    assert record["second"]["BLEU"]["score"] == pytest.approx(100)
    assert len(record["sentences"]) == 3
    for sentence in record["sentences"]:
        assert sentence["chrf_difference"] > 0
        assert (sentence["first"], sentence["references"]) == (
            sentence["source"],
            [sentence["second"]],
        )


def test_inputs_that_cannot_be_compared_are_named(cli, texts, tmp_path):
    short = write_lines(tmp_path / "short", ["a"])
    complaint = compare(cli, texts / "other", short, texts).complaint()
    assert complaint == f"{short} has 1 lines, the test set 12 sentences"
    assert (
        compare(cli, "en-dee", texts / "other", texts)
        .complaint()
        .startswith("no folder and no shipped model 'en-d")
    )
    ours = cli("compare", "en-de", "en-de")
    assert ours.complaint(2) == "give --source F --reference F, or --data TSV"
    missing = "no folder and no shipped model 'a'. Known: en-de."
    assert cli("compare", "a", "b").complaint() == missing
    assert "no model at runs/a: give a run folder" in cli("compare", "runs/a", "b").complaint()
    assert "Missing argument 'SECOND'" in cli("compare", "a").complaint(2)


def test_no_sentences_are_shown_for_equal_translations(cli, texts):
    lines = compare(cli, texts / "other", texts / "other", texts).lines
    assert not any(line.startswith("chrF ") for line in lines)
    assert len(lines) == 5


# evaluate --beam


def signed(texts):
    """Metrics that have been used, so that they know their signature."""
    for name, metric in (("BLEU", BLEU()), ("chrF", CHRF())):
        metric.corpus_score(lines_of(texts / "other"), [lines_of(texts / "reference")])
        yield name, metric


def test_widths_of_the_beam_are_compared_in_a_table(cli, words, texts):
    head, *rows, about, bleu, chrf, _ = cli(
        "evaluate", "-m", words, *test_set(texts), *SHORT, "--beam", "1,3"
    ).lines
    assert head.split() == ["beam", "BLEU", "chrF", "length", "sentences/s", "search", "errors"]
    assert [row.split()[0] for row in rows] == ["1", "3"]
    for row in rows:
        wanted = cli(
            "evaluate", "-m", words, *test_set(texts), *SHORT, "--beam", row.split()[0]
        ).lines
        assert [f"BLEU {row.split()[1]}", f"chrF {row.split()[2]}"] == [
            line.split("  ")[0] for line in wanted[:2]
        ]
        assert row.endswith("%")
    assert about == "12 sentences"
    assert (bleu, chrf) == tuple(
        f"{name} {metric.get_signature()}" for name, metric in signed(texts)
    )


def test_widths_of_the_beam_as_json(cli, words, texts):
    done = cli("evaluate", "-m", words, *test_set(texts), *SHORT, "--beam", "1, 3", "--json")
    assert "note: the best of several widths is a little too good on the sentences" in done.err
    lines = done.lines
    records = [json.loads(line) for line in lines]
    assert [record["beam"] for record in records] == [1, 3]
    for record in records:
        search = ("--search", f"beam={record['beam']}", "--json")
        whole = json.loads(cli("evaluate", "-m", words, *test_set(texts), *SHORT, *search).lines[0])
        scores = {key: value for key, value in whole.items() if key not in ("sentences", "search")}
        assert {key: record[key] for key in scores} == scores
        assert 0 <= record["search_errors"] <= 1
        assert record["sentences_per_second"] > 0


def test_a_single_width_is_a_search_setting_and_its_translations_can_be_kept(
    cli, words, texts, tmp_path
):
    where = ("evaluate", "-m", words, *test_set(texts), *SHORT)
    found = cli(*where, "--beam", 2, "-o", tmp_path / "out").lines
    assert found == cli(*where, "--search", "beam=2").lines
    sources = lines_of(texts / "source")
    assert lines_of(tmp_path / "out") == seqkit.load(words, device="cpu").translate(
        sources, beam=2, max_length=6
    )


@pytest.mark.parametrize("beams", ["x", "1,x", "0", "1,", "-1,2", "1.5"])
def test_an_invalid_width_is_refused(cli, beams):
    complaint = cli(
        "evaluate", f"--beam={beams}", "--source", "none", "--reference", "none"
    ).complaint()
    assert complaint == f"--beam {beams!r} is not a list of widths such as 1,2,4,8"


def test_translations_of_several_widths_cannot_go_to_one_file(cli, texts, tmp_path):
    complaint = cli(
        "evaluate", *test_set(texts), "--beam", "1,2", "-o", tmp_path / "out"
    ).complaint(2)
    assert complaint == "--output keeps the translations of one width: give one to --beam"
    assert not (tmp_path / "out").exists()
