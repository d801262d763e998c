"""seqkit lm: n-gram models by the command line."""

import json
import math

import pytest

import seqkit
from seqkit import ngram

LINES = [
    "the dog sees the cat",
    "the cat sees a dog",
    "a dog barks",
    "the cat sleeps",
    "a cat sees the dog .",
] * 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cli):
    folder = tmp_path_factory.mktemp("lm")
    (folder / "text").write_text("\n".join(LINES) + "\n")
    (folder / "test").write_text("the dog sleeps\n\na zebra barks\n")
    for name, extra in (
        ("lm.arpa", ()),
        ("wb.lm", ("--smoothing", "witten-bell")),
        ("char.lm", ("--tokenizer", "char")),
    ):
        done = cli("lm", "ngram", "--order", 3, *extra, "-o", folder / name, folder / "text")
        assert done.code == 0, done.err
        assert done.out == ""
    return folder


def test_training_says_what_it_made_and_why_discounts_are_not_the_data_s(folder, cli):
    done = cli("lm", "ngram", "--order", 2, "-o", folder / "other.arpa.gz", input="a b\nb a\n")
    assert "note: order 1: no n-gram has the count" in done.err
    assert (
        f"modified-kneser-ney, order 2, 6 tokens; n-grams 5 6; written to {folder / 'other.arpa.gz'}"
        in done.err
    )
    assert ngram.load(folder / "other.arpa.gz").order == 2


def test_the_json_record_holds_the_library_s_figures(folder, cli):
    record = json.loads(
        cli("lm", "perplexity", "-m", folder / "lm.arpa", "--json", folder / "test").lines[0]
    )
    model = ngram.load(folder / "lm.arpa")
    expected = model.evaluate(["the dog sleeps", "", "a zebra barks"])
    assert record == {"model": str(folder / "lm.arpa"), **expected.record()}
    assert (record["tokens"], record["oov"], record["sentences"]) == (9, 1, 3)
    assert record["perplexity"] == pytest.approx(10 ** (-record["log10_probability"] / 9))


def test_several_models_make_a_table_and_a_mixture_that_is_no_worse(folder, cli):
    paths = [folder / "lm.arpa", folder / "wb.lm"]
    lines = cli("lm", "perplexity", "-m", paths[0], "-m", paths[1], folder / "test").lines
    figures = {line.split()[0]: float(line.split()[1]) for line in lines[1:3]}
    assert figures[str(paths[0])] == pytest.approx(
        ngram.load(paths[0]).evaluate(["the dog sleeps", "", "a zebra barks"]).perplexity, abs=1e-4
    )
    assert lines[3].startswith(str(paths[0]))
    assert "smoothing:arpa" in lines[3]
    assert lines[-1].startswith("mixture, weights fitted on this text: perplexity ")
    assert float(lines[-1].split()[7]) <= min(figures.values()) + 1e-4


def test_weights_are_fitted_on_held_out_text_when_there_is_some(folder, cli):
    models = [ngram.load(folder / name) for name in ("lm.arpa", "wb.lm")]
    args = (
        "-m",
        folder / "lm.arpa",
        "-m",
        folder / "wb.lm",
        "--fit",
        folder / "text",
        "--json",
        folder / "test",
    )
    found = json.loads(cli("lm", "perplexity", *args).lines[-1])

    def logs(path):
        block = path.read_bytes()
        return [model.score_block(block).scores.astype(float) * math.log(10) for model in models]

    mixture = ngram.mix(logs(folder / "text"))
    assert list(found["mixture"].values()) == pytest.approx(mixture.weights)
    assert found["perplexity"] == pytest.approx(
        math.exp(-mixture.log_probability(logs(folder / "test")) / 9)
    )


def test_a_mixture_of_models_that_find_a_text_impossible_is_null_in_json(tmp_path, cli):
    (tmp_path / "text").write_text("a b\nb a\n")
    model = tmp_path / "ml.lm"
    assert (
        cli(
            "lm",
            "ngram",
            "--order",
            2,
            "--smoothing",
            "maximum-likelihood",
            "-o",
            model,
            tmp_path / "text",
        ).code
        == 0
    )
    done = cli("lm", "perplexity", "-m", model, "-m", model, "--json", input="a a\n")
    record = json.loads(
        done.lines[-1], parse_constant=lambda name: pytest.fail(f"{name} is no JSON")
    )
    assert (record["perplexity"], record["log10_probability"], record["tokens"]) == (None, None, 3)
    shown = cli("lm", "perplexity", "-m", model, "-m", model, input="a a\n").lines[-1]
    assert shown.startswith("mixture, weights fitted on this text: perplexity inf")


def test_models_of_different_words_are_compared_but_not_mixed(folder, cli):
    done = cli(
        "lm", "perplexity", "-m", folder / "lm.arpa", "-m", folder / "char.lm", folder / "test"
    )
    assert (
        "no mixture, for the vocabularies differ; bits/char compare where there is no OOV"
        in done.err
    )
    assert len(done.lines) == 5


def test_sentences_one_by_one(folder, cli):
    done = cli("lm", "perplexity", "-m", folder / "lm.arpa", "--per-sentence", folder / "test")
    model = ngram.load(folder / "lm.arpa")
    for line, text in zip(done.lines, ["the dog sleeps", "", "a zebra barks"], strict=True):
        perplexity, score, tokens, oov, shown = line.split("\t")
        assert shown == text
        assert float(score) == pytest.approx(model.score(text), abs=1e-5)
        assert float(perplexity) == pytest.approx(model.perplexity(text), rel=1e-4)
        assert int(tokens) == len(text.split()) + 1
        assert int(oov) == text.count("zebra")


def test_scores_of_lines_and_of_tokens(folder, cli):
    model = ngram.load(folder / "lm.arpa")
    lines = cli(
        "lm", "score", "-m", folder / "lm.arpa", input="the dog sleeps\n\na zebra barks"
    ).lines
    assert [float(line) for line in lines] == pytest.approx(
        [model.score(t) for t in ("the dog sleeps", "", "a zebra barks")], abs=1e-5
    )
    natural = cli(
        "lm", "score", "-m", folder / "lm.arpa", "--base", "e", input="the dog sleeps\n"
    ).lines
    assert float(natural[0]) == pytest.approx(
        model.score("the dog sleeps") * math.log(10), abs=1e-5
    )
    rows = [
        line.split("\t")
        for line in cli(
            "lm", "score", "-m", folder / "lm.arpa", "--tokens", input="a zebra\n"
        ).lines
    ]
    assert [(row[0], row[-1]) for row in rows[:3]] == [("a", ""), ("zebra", "OOV"), ("</s>", "")]
    assert [(float(row[1]), int(row[2])) for row in rows[:3]] == [
        (pytest.approx(score, abs=1e-5), length)
        for score, length, _ in model.full_scores("a zebra")
    ]


def test_characters_are_scored_as_the_binary_remembers(folder, cli):
    record = json.loads(
        cli("lm", "perplexity", "-m", folder / "char.lm", "--json", input="a cat\n").lines[0]
    )
    assert record["tokens"] == 6
    assert record["bits_per_char"] == pytest.approx(math.log2(record["perplexity"]))
    assert "unit:char" in record["signature"]


def test_text_is_continued_by_a_seed(folder, cli):
    def generated(*args):
        return cli("lm", "generate", "-m", folder / "lm.arpa", *args).lines

    assert generated("--seed", 1) == generated("--seed", 1)
    assert generated("--prompt", "the dog", "--seed", 2)[0].startswith("the dog ")
    assert len({tuple(generated("--seed", seed)) for seed in range(8)}) > 1
    assert len(generated("--length", 1, "--temperature", 0)[0].split()) == 1
    (text,) = cli(
        "lm", "generate", "-m", folder / "char.lm", "--prompt", "the c", "--temperature", 0
    ).lines
    assert text.startswith("the cat")


def test_statistics_count_words_and_draw_them(folder, cli):
    found = json.loads(
        cli(
            "lm", "stats", "--json", "--top", 1, "--plot", folder / "zipf.svg", folder / "text"
        ).lines[0]
    )
    words = " ".join(LINES).split()
    assert (found["sentences"], found["tokens"]) == (15, len(words))
    assert found["orders"][0]["types"] == len(set(words))
    assert found["orders"][0]["commonest"] == [["the", words.count("the")]]
    assert found["orders"][1]["commonest"] == [["the cat", "\n".join(LINES).count("the cat")]]
    assert (folder / "zipf.svg").read_text().startswith("<?xml")
    assert "seen once" in cli("lm", "stats", folder / "text").out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            ("ngram", "-o", "{out}", "{folder}/none"),
            "cannot read {folder}/none: No such file or directory",
        ),
        (
            ("ngram", "--smoothing", "kats", "-o", "{out}"),
            "no smoothing 'kats'. Did you mean 'katz'?",
        ),
        (("ngram", "--prune", "1,0", "-o", "{out}"), "prune 1,0 is not a list of at most 5 rising numbers"),
        (
            ("ngram", "--prune", "a", "-o", "{out}"),
            "--prune 'a' is not a list of numbers such as 0,0,1",
        ),
        (
            ("ngram", "--memory", "lots", "-o", "{out}"),
            "--memory 'lots' is no size such as 500M or 4G",
        ),
        (
            ("ngram", "--tokenizer", "chars", "-o", "{out}"),
            "no tokenizer 'chars'. Did you mean 'char'?",
        ),
        (
            ("ngram", "--tokenizer", "sentencepiece", "-o", "{out}"),
            "must be trained: give the folder of a trained one",
        ),
        (("ngram", "-o", "{folder}"), "cannot write {folder}: it is a folder"),
        (("ngram", "-o", "{folder}/no/lm"), "cannot write {folder}/no/lm: there is no such folder"),
        (
            ("ngram", "--smoothing", "add-k", "-o", "{folder}/x.arpa"),
            "add-k cannot be written as ARPA",
        ),
        (
            ("ngram", "-o", "{out}"),
            "stdin:1: the text holds the special word <unk>; --unk skip takes it for white space",
        ),
        (
            ("train", "demo/en-de"),
            "is for 'translation'; this command trains for 'language-modelling', `seqkit train` for any task",
        ),
        (
            ("perplexity", "-m", "{folder}/text"),
            "{folder}/text:1: an ARPA file begins with \\data\\",
        ),
        (("perplexity", "-m", "{folder}/none"), "no model at {folder}/none"),
        (
            ("stats", "--plot", "{folder}/x.bmp", "{folder}/text"),
            "cannot draw {folder}/x.bmp: name it *.png",
        ),
    ],
)
def test_a_mistake_is_one_line(folder, cli, args, says, tmp_path):
    args = [arg.format(folder=folder, out=tmp_path / "lm.arpa") for arg in args]
    text = (
        "a b <unk> c d e\n"
        if args[-1].endswith("lm.arpa") and len(args) == 3
        else "a b c d e\n" * 3
    )
    assert says.format(folder=folder) in cli("lm", *args, input=text).complaint()
    assert not (tmp_path / "lm.arpa").exists()
    assert not (folder / "x.arpa").exists()


def test_what_is_read_is_not_written_over(folder, cli, tmp_path):
    text = tmp_path / "text"
    text.write_text("the cat sees the dog\n" * 3)
    before = text.read_bytes()
    for args in (
        ("ngram", "-o", text, text),
        ("ngram", "--vocab", text, "-o", text, folder / "text"),
        ("score", "-m", folder / "lm.arpa", "--html", text, text),
        ("score", "-m", folder / "lm.arpa", "-o", text, text),
    ):
        assert cli("lm", *args).complaint(2) == f"{text} is an input file: write to another file"
        assert text.read_bytes() == before


def test_figures_that_unknown_words_or_marks_of_sentences_spoil_come_with_a_note(folder, cli):
    known, unknown, marked = ("the cat\n", "the unheard\n", "<s> the cat </s>\n")
    model = folder / "lm.arpa"
    assert cli("lm", "perplexity", "-m", model, input=known).err == ""
    assert (
        "so with OOV, per word, bits/char and bits/byte are too low"
        in cli("lm", "perplexity", "-m", model, input=unknown).err
    )
    assert "holds <s> or </s> 2 times" in cli("lm", "perplexity", "-m", model, input=marked).err
    assert "holds <s>" not in cli("lm", "perplexity", "-m", folder / "char.lm", input=marked).err, (
        "they are letters"
    )


@pytest.fixture(scope="module")
def letters(tmp_path_factory):
    """A folder with a text, networks that read it by character, its lines kept or joined, and counts of characters."""
    folder = tmp_path_factory.mktemp("letters")
    (folder / "text").write_text("the cat sat\non the mat\n" * 40)
    small = {
        "model.embedding": 8,
        "model.hidden": 8,
        "train.steps": 2,
        "data.baseline_order": 0,
        "data.batch": 2,
    }
    small |= {
        "text.normalize": [],
        "data.corpus": "",
        "data.train": [str(folder / "text")],
        "text.tokenizer": "char",
        "text.byte_fallback": False,
    }
    for name, lines in (("kept", "keep"), ("joined", "join")):
        seqkit.train(
            "demo/story", out=folder / name, overrides=small | {"data.lines": lines}, device="cpu"
        )
    model = ngram.train((folder / "text").read_text().splitlines(), order=2, tokenizer="char")
    ngram.save(model, folder / "counted.lm")
    return folder


def test_models_are_mixed_if_they_score_the_same_tokens_whatever_kind_they_are(letters, cli):
    both = cli(
        "lm", "perplexity", "-m", letters / "kept", "-m", letters / "counted.lm", letters / "text"
    )
    assert both.lines[-1].startswith("mixture, weights fitted on this text: perplexity ")
    other = cli(
        "lm", "perplexity", "-m", letters / "kept", "-m", letters / "joined", letters / "text"
    )
    assert "mixture" not in other.out
    assert "note: no mixture, for the models make other tokens of this text" in other.err


def test_a_prompt_of_several_lines_is_read_line_by_line(letters, cli):
    how = ("--length", "3", "--seed", "1", "--threads", "1")
    said = cli("lm", "generate", "-m", letters / "kept", "--prompt", "the cat\non", *how)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("the cat\non")
    refused = cli("lm", "generate", "-m", letters / "counted.lm", "--prompt", "the cat\non")
    assert "line" in refused.complaint()


def test_own_text_is_read_whole_whatever_the_recipe_says_of_its_own(cli, tmp_path):
    """tatoeba-deu-eng/english-lstm-200 has a test file, reads the first column and leaves out equal lines."""
    text = tmp_path / "text"
    text.write_text("a b\tc d\n" * 100)
    small = [
        "model.embedding=8",
        "model.hidden=8",
        "train.steps=1",
        "data.baseline_order=0",
        "data.batch=2",
        "data.steps=5",
    ]
    settings = [part for setting in small for part in ("--set", setting)]
    recipe = "tatoeba-deu-eng/english-lstm-200"
    done = cli(
        "lm",
        "train",
        recipe,
        "--train",
        text,
        "--tokenizer",
        "whitespace",
        "--out",
        tmp_path / "r",
        *settings,
    )
    assert done.code == 0, done.err
    assert "475 training tokens, 25 for validation" in done.err
