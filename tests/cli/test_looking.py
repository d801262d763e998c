"""Looking into models: `seqkit explain`, `score`, `compare`, alignments and attention maps, widths of the beam."""

import json
import math
import re

import pytest
from letters import some_lines, write_config, write_lines, write_pairs
from sacrebleu.metrics import BLEU, CHRF

import seqkit
from seqkit.tasks.looking import alignment
from seqkit.tasks.translator import Translator

LINES = ["a b c", "j", "e f g h i"]
ODD = ["[b]", "[/b]", "[red]x", ":heart:", "\\[c]"]  # what a terminal might take for more than text
HAN = ["你", "好"]
MATHS = ["$$", "$_$"]
REFUSED = "this model has no attention: there is nothing to draw or to align by"
SHORT = ("--search", "max_length=6", "--device", "cpu")


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """`make(tokens, …)` trains a translator of tokens between spaces for next to nothing: its run folder."""

    def train(tokens, **settings):
        folder = tmp_path_factory.mktemp("looking")
        write_pairs(folder, letters=tokens, shortest=3, longest=6)
        for part in ("train", "valid"):
            (folder / f"{part}.target").write_bytes((folder / f"{part}.source").read_bytes())
        config = write_config(folder / "config.toml", tokenizer="whitespace", **settings)
        return seqkit.train(config, out=folder / "run", device="cpu").folder

    return train


@pytest.fixture(scope="module")
def words(make):
    return make(list("abcdefghij"))


@pytest.fixture(scope="module")
def odd(make):
    return make(ODD)


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    """The run folder of a model without attention."""
    folder = tmp_path_factory.mktemp("blind")
    write_pairs(folder)
    config = write_config(folder / "config.toml")
    before, after = config.read_text().split("[model]")
    sizes = 'name = "rnn-seq2seq"\nattention = "none"\nembedding = 8\nhidden = 8\n\n'
    config.write_text(f"{before}[model]\n{sizes}[optim]{after.split('[optim]')[1]}")
    return seqkit.train(config, out=folder / "run", device="cpu").folder


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A folder with source, reference, and other: finished translations, a third of them wrong."""
    folder = tmp_path_factory.mktemp("texts")
    sources = some_lines(12, seed=3, shortest=4, longest=6)
    write_lines(folder / "source", sources)
    write_lines(folder / "reference", [line[::-1] for line in sources])
    write_lines(folder / "other", [line if i % 3 == 0 else line[::-1] for i, line in enumerate(sources)])
    return folder


def test_set(texts):
    return "--source", texts / "source", "--reference", texts / "reference"


test_set.__test__ = False


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def pairs_of(translator, translation):
    return "".join(f" {i}-{j}" for i, j in alignment(translator.look(translation)))


# translate --alignments


def test_alignments_stand_behind_translations(cli, words):
    translator = seqkit.load(words, device="cpu")
    found = [each[0] for each in translator.translate_nbest([*LINES, "a b ! C d"], max_length=6)]
    lines = cli("translate", "-m", words, "--alignments", *SHORT, *LINES, "a b ! C d").lines
    assert lines == [f"{t.text} |||{pairs_of(translator, t)}" for t in found]
    assert any(line[-1].isdigit() for line in lines)


def test_the_shipped_model_aligns_word_by_word(cli, shipped):
    (line,) = cli("translate", "--alignments", "Where is my book?").lines
    text, pairs = line.split(" ||| ")
    assert text.split()[3] == "Buch?"
    assert "3-3" in pairs.split()


def test_each_of_several_translations_has_its_alignment(cli, words):
    translator = seqkit.load(words, device="cpu")
    lines = cli("translate", "-m", words, "--alignments", "--nbest", 2, *SHORT, *LINES).lines
    found = translator.translate_nbest(LINES, nbest=2, max_length=6)
    assert lines == [
        f"{i} ||| {t.text} ||| {t.score:.6f} |||{pairs_of(translator, t)}" for i, each in enumerate(found) for t in each
    ]


def test_json_has_the_alignment_of_the_best(cli, words):
    translator = seqkit.load(words, device="cpu")
    lines = cli("translate", "-m", words, "--alignments", "--json", "--nbest", 2, *SHORT, *LINES).lines
    for line, (best, _) in zip(lines, translator.translate_nbest(LINES, nbest=2, max_length=6), strict=True):
        record = json.loads(line)
        assert record["alignment"] == [list(pair) for pair in alignment(translator.look(best))]
        assert len(record["nbest"]) == 2
    assert "alignment" not in json.loads(cli("translate", "-m", words, "--json", *SHORT, "a").lines[0])


def test_an_empty_line_has_an_empty_alignment(cli, words):
    assert cli("translate", "-m", words, "--alignments", "").out == " |||\n"
    assert json.loads(cli("translate", "-m", words, "--alignments", "--json", "").out)["alignment"] == []


# translate --attention


def test_a_picture_is_drawn_of_each_sentence_of_each_line(cli, words, tmp_path):
    folder = tmp_path / "new" / "maps"
    texts = ("a b c", "a b ! C d", "", "j")
    done = cli("translate", "-m", words, "--attention", folder, *SHORT, *texts)
    assert sorted(path.name for path in folder.iterdir()) == [
        "00001.png",
        "00002-1.png",
        "00002-2.png",
        "00004.png",
    ]
    assert {path.read_bytes()[:8] for path in folder.iterdir()} == {b"\x89PNG\r\n\x1a\n"}
    assert done.lines == cli("translate", "-m", words, *SHORT, *texts).lines


def test_the_picture_is_of_the_best(cli, words, tmp_path):
    for name, options in (("one", ()), ("two", ("--nbest", 2))):
        done = cli("translate", "-m", words, "--attention", tmp_path / name, *SHORT, *options, "a b")
        assert done.code == 0, done.err
        assert [path.name for path in (tmp_path / name).iterdir()] == ["00001.png"]
    one, two = ((tmp_path / name / "00001.png").read_bytes() for name in ("one", "two"))
    assert one == two


def test_the_heads_of_every_layer_are_drawn_too(cli, shipped, tmp_path):
    done = cli("translate", "--attention", tmp_path, "--beam", 1, "--device", "cpu", "No.")
    assert done.code == 0, done.err
    data = (tmp_path / "00001.png").read_bytes()
    assert int.from_bytes(data[20:24]) > 1200, "pixels: four rows of heads under the mean of them all"


def test_maths_in_tokens_is_drawn_as_text(cli, make, tmp_path):
    """Between two dollars, matplotlib sees a formula, and complains of one that it cannot read."""
    done = cli("translate", "-m", make(MATHS), "--attention", tmp_path, *SHORT, " ".join(MATHS))
    assert done.code == 0
    assert (tmp_path / "00001.png").exists()


def test_letters_that_the_font_lacks_are_no_noise_on_stderr(seqkit_cli, make, tmp_path):
    done = seqkit_cli("translate", "-m", make(HAN), "--attention", tmp_path, *SHORT, "你 好")
    assert (tmp_path / "00001.png").exists()
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("option", ["--alignments", "--attention"])
def test_a_model_without_attention_has_nothing_to_show(cli, blind, tmp_path, option):
    options = (option, tmp_path / "maps") if option == "--attention" else (option,)
    assert cli("translate", "-m", blind, *options, *SHORT, "a").complaint() == REFUSED


def test_a_folder_for_pictures_that_cannot_be_made_is_told_before_the_work(cli, tmp_path):
    file = write_lines(tmp_path / "file", ["x"])
    for path, why in ((file, "File exists"), (file / "maps", "Not a directory")):
        complaint = cli("translate", "-m", "none", "--attention", path, "a").complaint()
        assert complaint == f"cannot make the folder {path}: {why}"


def test_a_picture_that_cannot_be_written_is_told(cli, words, tmp_path):
    (tmp_path / "00001.png").mkdir()
    done = cli("translate", "-m", words, "--attention", tmp_path, *SHORT, "a")
    assert (done.code, done.err) == (1, f"error: cannot write {tmp_path / '00001.png'}: Is a directory\n")


# explain


def rows_of(table):
    return [line.split() for line in table]


def test_explain_shows_each_token_and_how_sure_it_was(cli, words):
    translator = seqkit.load(words, device="cpu")
    ((best,),) = translator.translate_nbest(["a b c"], max_length=6)
    (look,) = translator.look(best)
    done = cli("explain", "-m", words, *SHORT, "a b c")
    text, total, empty, head, *rows = done.lines
    assert (text, empty) == (best.text, "")
    assert total == f"log probability {best.log_probability:.4f} nats, {len(best.tokens)} tokens"
    assert head.split() == ["output", "p", "a", "b", "c", "<eos>", "or"]
    assert len(rows) == len(best.tokens) + 1
    shown = zip(look.target, look.probabilities, look.mean_attention.tolist(), look.runners_up, strict=True)
    for row, (token, p, weights, others) in zip(rows_of(rows), shown, strict=True):
        assert row[:2] == [token, f"{p:.2f}"]
        assert row[2:6] == [f"{100 * weight:.0f}" for weight in weights]
        assert row[6:] == [word for name, value in others for word in (name, f"{value:.2f}")]


def test_explain_looks_at_a_translation_that_is_given(cli, words):
    translator = seqkit.load(words, device="cpu")
    given = translator.given("a b c", "j i")
    text, total, _, _, *rows = cli("explain", "-m", words, "--device", "cpu", "a b c", "--as", "j i").lines
    assert text == "j i"
    assert total == f"log probability {given.log_probability:.4f} nats, 2 tokens"
    assert [row[0] for row in rows_of(rows)] == ["j", "i", "<eos>"]
    assert [row[1] for row in rows_of(rows)] == [f"{p:.2f}" for p in translator.look(given)[0].probabilities]


def test_explain_has_a_table_for_each_sentence(cli, words):
    lines = cli("explain", "-m", words, *SHORT, "a b ! J").lines
    heads = [line.split() for line in lines if line.split()[:1] == ["output"]]
    assert heads == [["output", "p", *source, "<eos>", "or"] for source in (["a", "b", "<unk>"], ["<unk>"])]


def test_explain_works_without_attention(cli, blind):
    _, _, _, head, *rows = cli("explain", "-m", blind, "a b", "--as", "b").lines
    assert head.split() == ["output", "p", "or"]
    assert [row[0] for row in rows_of(rows)] == ["b", "<eos>"]


@pytest.mark.parametrize("token", ODD)
def test_explain_shows_tokens_as_they_are(cli, odd, token):
    text, _, _, head, first, _ = cli("explain", "-m", odd, token, "--as", token).lines
    assert text == token
    assert head.split() == ["output", "p", token, "<eos>", "or"]
    assert first.split()[0] == token


def test_explain_shows_other_candidates_as_they_are(cli, odd):
    (look,) = (t := seqkit.load(odd, device="cpu")).look(t.given("", ""))
    *_, row = cli("explain", "-m", odd, "", "--as", "").lines
    assert row.split()[-6::2] == [name for name, _ in look.runners_up[0]]
    assert any(name in ODD for name, _ in look.runners_up[0])


def test_explain_takes_settings_of_the_search(cli, words):
    forced = cli("explain", "-m", words, *SHORT, "--search", "prefix=j i ", "a b").lines
    assert forced[0].startswith("j i")
    assert "'beem'" in cli("explain", "-m", words, "--search", "beem=2", "a").complaint()
    assert "choose one of --as and --search" in cli("explain", *SHORT, "a", "--as", "b").complaint(2)


# score


def score(cli, model, texts, *options):
    return cli("score", "-m", model, "--source", texts / "source", "--target", texts / "reference", *options)


def test_a_score_a_line_is_the_library_s(cli, words, texts):
    wanted = seqkit.load(words, device="cpu").score(lines_of(texts / "source"), lines_of(texts / "reference"))
    assert score(cli, words, texts).lines == [f"{value:.6f}" for value in wanted]
    assert len(set(wanted)) == len(wanted)


def test_scores_of_tokens_stand_a_token_a_line_and_add_up(cli, words, texts):
    translator, targets = seqkit.load(words, device="cpu"), lines_of(texts / "reference")
    logs = translator.token_scores(lines_of(texts / "source"), targets)
    blocks = score(cli, words, texts, "--tokens").out.removesuffix("\n\n").split("\n\n")
    assert blocks == [
        "\n".join(f"{token}\t{value:.6f}" for token, value in zip([*line.split(), "<eos>"], row, strict=True))
        for line, row in zip(targets, logs, strict=True)
    ]


def test_every_token_has_its_score_where_letters_are_spelt_in_bytes(cli, beginner, tmp_path):
    source, target = write_lines(tmp_path / "source", ["a b"]), write_lines(tmp_path / "target", ["ü b"])
    files = ("-m", beginner, "--source", source, "--target", target)
    rows = [line.split("\t") for line in cli("score", *files, "--tokens").out.rstrip("\n").split("\n")]
    assert [name for name, _ in rows] == ["<0xC3>", "<0xBC>", " ", "b", "<eos>"]
    (total,) = cli("score", *files).lines
    assert math.fsum(float(value) for _, value in rows) == pytest.approx(float(total), abs=1e-4)


def test_scores_as_json(cli, words, texts):
    records = [json.loads(line) for line in score(cli, words, texts, "--json").lines]
    sources, targets = lines_of(texts / "source"), lines_of(texts / "reference")
    assert [record["source"] for record in records] == sources
    assert [record["target"] for record in records] == targets
    assert [record["tokens"] for record in records] == [len(line.split()) + 1 for line in targets]
    assert [f"{record['log_probability']:.6f}" for record in records] == score(cli, words, texts).lines
    for line, record in zip(score(cli, words, texts, "--json", "--tokens").lines, records, strict=True):
        scored = json.loads(line).pop("token_scores")
        assert [token for token, _ in scored] == [*record["target"].split(), "<eos>"]
        assert math.fsum(value for _, value in scored) == pytest.approx(record["log_probability"])


def test_scores_go_to_a_file(cli, words, texts, tmp_path):
    done = score(cli, words, texts, "-o", tmp_path / "scores")
    assert (done.code, done.out) == (0, "")
    assert lines_of(tmp_path / "scores") == score(cli, words, texts).lines


def test_empty_lines_are_scored_too(cli, words, tmp_path):
    source, target = write_lines(tmp_path / "source", ["a", "", "b"]), write_lines(tmp_path / "target", ["", "a", "b"])
    values = cli("score", "-m", words, "--source", source, "--target", target).lines
    wanted = seqkit.load(words, device="cpu").score(["a", "", "b"], ["", "a", "b"])
    assert values == [f"{value:.6f}" for value in wanted]


def test_files_of_unequal_length_are_not_scored(cli, words, texts, tmp_path):
    short = write_lines(tmp_path / "short", ["a"])
    complaint = cli("score", "-m", words, "--source", texts / "source", "--target", short).complaint()
    assert complaint == f"not parallel: {short} has 1 lines, {texts / 'source'} has 12"


@pytest.mark.parametrize("name", ["source", "reference"])
def test_scores_never_replace_what_they_are_of(cli, words, texts, name):
    before = (texts / name).read_bytes()
    complaint = score(cli, words, texts, "-o", texts / name).complaint(2)
    assert complaint == f"{texts / name} is read from: the scores need another file"
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
    says = "models vote together only if they share vocabulary, tokenizer and normalisation"
    assert score(cli, words, texts, "-m", beginner).complaint() == says
    assert cli("translate", "-m", words, "-m", beginner, "a").complaint() == says


# compare


def compare(cli, first, second, texts, *options):
    return cli("compare", first, second, *test_set(texts), *options)


def test_files_of_translations_are_compared(cli, texts):
    lines = compare(cli, texts / "other", texts / "reference", texts, "--show", 2).lines
    references, others = lines_of(texts / "reference"), lines_of(texts / "other")
    for line, name, outputs in zip(lines, ("other", "reference"), (others, references), strict=False):
        scores = [metric.corpus_score(outputs, [references]).score for metric in (BLEU(), CHRF())]
        assert line.startswith(str(texts / name))
        assert f"BLEU {scores[0]:.2f} (" in line
        assert f"chrF2 {scores[1]:.2f} (" in line
    p_values = r"BLEU 0\.0\d{3}, chrF2 0\.0\d{3}"
    assert re.fullmatch(rf"p-value of the difference, paired bootstrap of 1,000 samples \(.*\): {p_values}", lines[2])
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


def test_a_run_a_shipped_model_and_a_file_are_compared_with_each_other(cli, words, shipped, texts, tmp_path):
    outputs = seqkit.load(words, device="cpu").translate(lines_of(texts / "source"), max_length=6)
    file = write_lines(tmp_path / "file", outputs)
    one, two, *_ = compare(cli, words, file, texts, *SHORT, "--show", 9).lines
    assert one.removeprefix(str(words)).split() == two.removeprefix(str(file)).split()
    one, two, *_ = compare(cli, shipped.name, file, texts, *SHORT, "--search", "beam=1", "--show", 0).lines
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
        assert (sentence["first"], sentence["references"]) == (sentence["source"], [sentence["second"]])


def test_what_cannot_be_compared_is_named(cli, texts, tmp_path):
    short = write_lines(tmp_path / "short", ["a"])
    complaint = compare(cli, texts / "other", short, texts).complaint()
    assert complaint == f"{short} has 1 lines, the test set 12 sentences"
    assert compare(cli, "en-dee", texts / "other", texts).complaint().startswith("no folder and no shipped model 'en-d")
    assert cli("compare", "a", "b").complaint(2) == "give --source F --reference F, or --data TSV"
    assert "Missing argument 'SECOND'" in cli("compare", "a").complaint(2)


def test_nothing_is_shown_of_equal_translations(cli, texts):
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
    head, *rows, about, bleu, chrf, _ = cli("evaluate", "-m", words, *test_set(texts), *SHORT, "--beam", "1,3").lines
    assert head.split() == ["beam", "BLEU", "chrF", "length", "sentences/s", "search", "errors"]
    assert [row.split()[0] for row in rows] == ["1", "3"]
    for row in rows:
        wanted = cli("evaluate", "-m", words, *test_set(texts), *SHORT, "--beam", row.split()[0]).lines
        assert [f"BLEU {row.split()[1]}", f"chrF {row.split()[2]}"] == [line.split("  ")[0] for line in wanted[:2]]
        assert row.endswith("%")
    assert about == "12 sentences"
    assert (bleu, chrf) == tuple(f"{name} {metric.get_signature()}" for name, metric in signed(texts))


def test_widths_of_the_beam_as_json(cli, words, texts):
    lines = cli("evaluate", "-m", words, *test_set(texts), *SHORT, "--beam", "1, 3", "--json").lines
    records = [json.loads(line) for line in lines]
    assert [record["beam"] for record in records] == [1, 3]
    for record in records:
        search = ("--search", f"beam={record['beam']}", "--json")
        whole = json.loads(cli("evaluate", "-m", words, *test_set(texts), *SHORT, *search).lines[0])
        assert {key: record[key] for key in whole if key != "sentences"} == {
            key: value for key, value in whole.items() if key != "sentences"
        }
        assert 0 <= record["search_errors"] <= 1
        assert record["sentences_per_second"] > 0


def test_one_width_is_a_setting_and_its_translations_can_be_kept(cli, words, texts, tmp_path):
    where = ("evaluate", "-m", words, *test_set(texts), *SHORT)
    found = cli(*where, "--beam", 2, "-o", tmp_path / "out").lines
    assert found == cli(*where, "--search", "beam=2").lines
    sources = lines_of(texts / "source")
    assert lines_of(tmp_path / "out") == seqkit.load(words, device="cpu").translate(sources, beam=2, max_length=6)


@pytest.mark.parametrize("beams", ["x", "1,x", "0", "1,", "-1,2", "1.5"])
def test_what_is_no_width_is_refused(cli, beams):
    complaint = cli("evaluate", f"--beam={beams}", "--source", "none", "--reference", "none").complaint()
    assert complaint == f"--beam {beams!r} is not a list of widths such as 1,2,4,8"


def test_translations_of_several_widths_have_no_one_file(cli, texts, tmp_path):
    complaint = cli("evaluate", *test_set(texts), "--beam", "1,2", "-o", tmp_path / "out").complaint(2)
    assert complaint == "--output keeps the translations of one width: give one to --beam"
    assert not (tmp_path / "out").exists()
