"""`seqkit evaluate`, against sacrebleu called directly."""

import json

import pytest
from letters import some_lines, write_lines
from sacrebleu.metrics import BLEU, CHRF

SOURCES = some_lines(40, seed=11, shortest=4, longest=5)
REFERENCES = [line[::-1] for line in SOURCES]
OTHERS = [line[::-1].replace("a", "b") for line in SOURCES]


@pytest.fixture
def texts(tmp_path):
    """A folder with source, reference, and other, a second reference."""
    for name, lines in (("source", SOURCES), ("reference", REFERENCES), ("other", OTHERS)):
        write_lines(tmp_path / name, lines)
    return tmp_path


def wanted(outputs, *references):
    bleu, chrf = BLEU(), CHRF()
    return {
        "bleu": bleu.corpus_score(outputs, list(references)).score,
        "bleu_signature": str(bleu.get_signature()),
        "chrf": chrf.corpus_score(outputs, list(references)).score,
        "chrf_signature": str(chrf.get_signature()),
        "sentences": len(outputs),
    }


def test_the_figures_equal_sacrebleu(cli, run, translator, texts):
    done = cli(
        "evaluate",
        "-m",
        run,
        "--source",
        texts / "source",
        "--reference",
        texts / "reference",
        "--json",
    )
    (line,) = done.lines
    record = json.loads(line)
    assert record == wanted(translator.translate(SOURCES), REFERENCES)
    assert 20 < record["bleu"] < 100
    assert done.err == (  # these words are short, and some occur in both
        "note: 5 of 40 sources (12.50%) are in the training text, byte for byte\n"
        "note: 5 of 40 pairs (12.50%) are in the training text, byte for byte\n"
    )


def test_without_json_each_figure_stands_before_its_signature(cli, run, translator, texts):
    expected = wanted(translator.translate(SOURCES), REFERENCES)
    assert cli(
        "evaluate", "-m", run, "--source", texts / "source", "--reference", texts / "reference"
    ).lines == [
        f"BLEU {expected['bleu']:.2f}  {expected['bleu_signature']}",
        f"chrF {expected['chrf']:.2f}  {expected['chrf_signature']}",
        "40 sentences",
    ]


def test_several_references_are_all_right_answers(cli, run, translator, texts):
    references = ("--reference", texts / "reference", "--reference", texts / "other")
    (line,) = cli("evaluate", "-m", run, "--source", texts / "source", *references, "--json").lines
    assert json.loads(line) == wanted(translator.translate(SOURCES), REFERENCES, OTHERS)
    assert "nrefs:2" in json.loads(line)["bleu_signature"]


def test_the_references_of_equal_sources_in_a_tsv_are_grouped(cli, run, translator, tmp_path):
    rows = [
        f"{i}\t{reference}\t{source}"
        for i, (source, reference) in enumerate(zip(SOURCES, REFERENCES, strict=True))
    ]
    rows += [
        f"x\t{other}\t{source}" for source, other in list(zip(SOURCES, OTHERS, strict=True))[:9]
    ]
    data = write_lines(tmp_path / "data.tsv", rows)
    (line,) = cli("evaluate", "-m", run, "--data", data, "--columns", "3,2", "--json").lines
    assert json.loads(line) == wanted(
        translator.translate(SOURCES), REFERENCES, [*OTHERS[:9], *[None] * 31]
    )


def test_settings_of_the_search_count_and_translations_can_be_kept(cli, run, translator, texts):
    where = (
        "--source",
        texts / "source",
        "--reference",
        texts / "reference",
        "-o",
        texts / "out",
        "--json",
    )
    (line,) = cli(
        "evaluate", "-m", run, *where, "--search", "beam=1", "--search", "max_length=3"
    ).lines
    outputs = (texts / "out").read_text(encoding="utf-8").splitlines()
    assert outputs == translator.translate(SOURCES, beam=1, max_length=3)
    assert json.loads(line) == wanted(outputs, REFERENCES) | {"search": "beam:1|max_length:3"}


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--source", "source"),
        ("--reference", "reference"),
        ("--source", "source", "--reference", "reference", "--data", "data"),
        ("--reference", "reference", "--data", "data"),
    ],
    ids=" ".join,
)
def test_missing_or_superfluous_file_options_are_a_usage_error(cli, options):
    assert cli("evaluate", *options).complaint(2) == "give --source F --reference F, or --data TSV"


def test_files_that_do_not_fit_are_named(cli, run, texts):
    short = write_lines(texts / "short", REFERENCES[:-1])
    source = texts / "source"
    complaint = cli("evaluate", "-m", run, "--source", source, "--reference", short).complaint()
    assert complaint == f"not parallel: {short} has 39 lines, {source} has 40"
    empty = write_lines(texts / "empty", [])
    assert (
        cli("evaluate", "-m", run, "--data", empty).complaint()
        == f"{empty} is empty: there is nothing to score"
    )
    complaint = cli("evaluate", "-m", run, "--data", source, "--columns", "1,3").complaint()
    assert complaint == f"{source}:1: expected tab-separated columns 1 and 3, found 1 column"
    complaint = cli("evaluate", "-m", run, "--data", source, "--columns", "0,1").complaint()
    assert complaint == "--columns '0,1' is not two numbers from 1, such as 1,2"


def test_an_unwritable_output_is_reported_before_translating(cli, run, texts):
    where = ("--source", texts / "source", "--reference", texts / "reference")
    done = cli("evaluate", "-m", run, *where, "-o", texts / "none" / "out")
    assert done.complaint() == f"cannot write {texts / 'none' / 'out'}: No such file or directory"
    assert "Is a directory" in cli("evaluate", "-m", run, *where, "-o", texts).complaint()


def test_translations_never_overwrite_their_input(cli, run, texts):
    where = ("--source", texts / "source", "--reference", texts / "reference")
    assert "is an input file" in cli(
        "evaluate", "-m", run, *where, "-o", texts / "reference"
    ).complaint(2)
    assert (texts / "reference").read_text(encoding="utf-8").splitlines() == REFERENCES
