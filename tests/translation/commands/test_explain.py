"""Alignments and attention maps of `seqkit translate`, and `seqkit explain`."""

import json

import pytest
from letters import LINES, SHORT, write_config, write_lines, write_pairs

import seqkit
from seqkit.translation.explain import alignment

ODD = ["[b]", "[/b]", "[red]x", ":heart:", "\\[c]"]  # what a terminal might take for more than text
HAN = ["你", "好"]
MATHS = ["$$", "$_$"]
REFUSED = "this model has no attention: there is nothing to draw or to align by"


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


def pairs_of(translator, translation):
    return "".join(f" {i}-{j}" for i, j in alignment(translator.explain(translation)))


# translate --alignments


def test_alignments_follow_translations(cli, words):
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
        f"{i} ||| {t.text} ||| {t.score:.6f} |||{pairs_of(translator, t)}"
        for i, each in enumerate(found)
        for t in each
    ]


def test_json_has_the_alignment_of_the_best(cli, words):
    translator = seqkit.load(words, device="cpu")
    lines = cli(
        "translate", "-m", words, "--alignments", "--json", "--nbest", 2, *SHORT, *LINES
    ).lines
    for line, (best, _) in zip(
        lines, translator.translate_nbest(LINES, nbest=2, max_length=6), strict=True
    ):
        record = json.loads(line)
        assert record["alignment"] == [list(pair) for pair in alignment(translator.explain(best))]
        assert len(record["nbest"]) == 2
    assert "alignment" not in json.loads(
        cli("translate", "-m", words, "--json", *SHORT, "a").lines[0]
    )


def test_an_empty_line_has_an_empty_alignment(cli, words):
    assert cli("translate", "-m", words, "--alignments", "").out == " |||\n"
    assert (
        json.loads(cli("translate", "-m", words, "--alignments", "--json", "").out)["alignment"]
        == []
    )


# translate --attention


def test_each_sentence_of_each_line_gets_a_picture(cli, words, tmp_path):
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


def test_the_picture_shows_the_best_translation(cli, words, tmp_path):
    for name, options in (("one", ()), ("two", ("--nbest", 2))):
        done = cli(
            "translate", "-m", words, "--attention", tmp_path / name, *SHORT, *options, "a b"
        )
        assert done.code == 0, done.err
        assert [path.name for path in (tmp_path / name).iterdir()] == ["00001.png"]
    one, two = ((tmp_path / name / "00001.png").read_bytes() for name in ("one", "two"))
    assert one == two


def test_the_heads_of_every_layer_are_drawn_too(cli, shipped, tmp_path):
    done = cli("translate", "--attention", tmp_path, "--beam", 1, "--device", "cpu", "No.")
    assert done.code == 0, done.err
    data = (tmp_path / "00001.png").read_bytes()
    assert int.from_bytes(data[20:24]) > 1200, (
        "pixels: four rows of heads under the mean of them all"
    )


def test_maths_in_tokens_is_drawn_as_text(cli, make, tmp_path):
    """Between two dollars, matplotlib sees a formula, and complains of one that it cannot read."""
    done = cli("translate", "-m", make(MATHS), "--attention", tmp_path, *SHORT, " ".join(MATHS))
    assert done.code == 0
    assert (tmp_path / "00001.png").exists()


@pytest.mark.slow
def test_letters_missing_from_the_font_cause_no_warnings(seqkit_cli, make, tmp_path):
    done = seqkit_cli("translate", "-m", make(HAN), "--attention", tmp_path, *SHORT, "你 好")
    assert (tmp_path / "00001.png").exists()
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("option", ["--alignments", "--attention"])
def test_a_model_without_attention_has_nothing_to_show(cli, blind, tmp_path, option):
    options = (option, tmp_path / "maps") if option == "--attention" else (option,)
    assert cli("translate", "-m", blind, *options, *SHORT, "a").complaint() == REFUSED
    assert cli("translate", "-m", blind, *options, "").complaint() == REFUSED, (
        "before there is anything to explain"
    )


def test_a_picture_folder_that_cannot_be_made_is_reported_before_translating(cli, tmp_path):
    file = write_lines(tmp_path / "file", ["x"])
    for path, why in ((file, "File exists"), (file / "maps", "Not a directory")):
        complaint = cli("translate", "-m", "none", "--attention", path, "a").complaint()
        assert complaint == f"cannot make the folder {path}: {why}"


def test_a_picture_that_cannot_be_written_is_reported(cli, words, tmp_path):
    (tmp_path / "00001.png").mkdir()
    done = cli("translate", "-m", words, "--attention", tmp_path, *SHORT, "a")
    assert (done.code, done.err) == (
        1,
        f"error: cannot write {tmp_path / '00001.png'}: Is a directory\n",
    )


# explain


def rows_of(table):
    return [line.split() for line in table]


def test_explain_shows_each_token_and_how_sure_it_was(cli, words):
    translator = seqkit.load(words, device="cpu")
    ((best,),) = translator.translate_nbest(["a b c"], max_length=6)
    (explanation,) = translator.explain(best)
    done = cli("explain", "-m", words, *SHORT, "a b c")
    text, total, empty, head, *rows = done.lines
    assert (text, empty) == (best.text, "")
    assert total == f"log probability {best.log_probability:.4f} nats, {len(best.tokens)} tokens"
    assert head.split() == ["output", "p", "a", "b", "c", "<eos>", "or"]
    assert len(rows) == len(best.tokens) + 1
    shown = zip(
        explanation.target,
        explanation.probabilities,
        explanation.mean_attention.tolist(),
        explanation.runners_up,
        strict=True,
    )
    for row, (token, p, weights, others) in zip(rows_of(rows), shown, strict=True):
        assert row[:2] == [token, f"{p:.2f}"]
        assert row[2:6] == [f"{100 * weight:.0f}" for weight in weights]
        assert row[6:] == [word for name, value in others for word in (name, f"{value:.2f}")]


def test_explain_takes_a_given_translation(cli, words):
    translator = seqkit.load(words, device="cpu")
    given = translator.force("a b c", "j i")
    text, total, _, _, *rows = cli(
        "explain", "-m", words, "--device", "cpu", "a b c", "--as", "j i"
    ).lines
    assert text == "j i"
    assert total == f"log probability {given.log_probability:.4f} nats, 2 tokens"
    assert [row[0] for row in rows_of(rows)] == ["j", "i", "<eos>"]
    assert [row[1] for row in rows_of(rows)] == [
        f"{p:.2f}" for p in translator.explain(given)[0].probabilities
    ]


def test_explain_has_a_table_for_each_sentence(cli, words):
    lines = cli("explain", "-m", words, *SHORT, "a b ! J").lines
    heads = [line.split() for line in lines if line.split()[:1] == ["output"]]
    assert heads == [
        ["output", "p", *source, "<eos>", "or"] for source in (["a", "b", "<unk>"], ["<unk>"])
    ]


def test_explain_works_without_attention(cli, blind):
    _, _, _, head, *rows = cli("explain", "-m", blind, "a b", "--as", "b").lines
    assert head.split() == ["output", "p", "or"]
    assert [row[0] for row in rows_of(rows)] == ["b", "<eos>"]


@pytest.mark.parametrize("token", ODD)
def test_explain_shows_tokens_verbatim(cli, odd, token):
    text, _, _, head, first, _ = cli("explain", "-m", odd, token, "--as", token).lines
    assert text == token
    assert head.split() == ["output", "p", token, "<eos>", "or"]
    assert first.split()[0] == token


def test_explain_shows_runners_up_verbatim(cli, odd):
    (explanation,) = (t := seqkit.load(odd, device="cpu")).explain(t.force("", ""))
    *_, row = cli("explain", "-m", odd, "", "--as", "").lines
    assert row.split()[-6::2] == [name for name, _ in explanation.runners_up[0]]
    assert any(name in ODD for name, _ in explanation.runners_up[0])


def test_explain_takes_settings_of_the_search(cli, words):
    forced = cli("explain", "-m", words, *SHORT, "--search", "prefix=j i ", "a b").lines
    assert forced[0].startswith("j i")
    assert "'beem'" in cli("explain", "-m", words, "--search", "beem=2", "a").complaint()
    assert "choose one of --as and --search" in cli("explain", *SHORT, "a", "--as", "b").complaint(
        2
    )
