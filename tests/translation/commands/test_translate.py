"""`seqkit translate`."""

import json
import re
import select
import subprocess
import sys

import pytest
from letters import some_lines, write_lines

import seqkit

LINES = some_lines(8, seed=7)


def test_texts_on_the_command_line_are_several_inputs(cli, run, translator):
    assert cli("translate", "-m", run, *LINES).lines == translator.translate(LINES)


def test_lines_of_stdin_are_answered_in_order_whatever_their_lengths(cli, run, translator):
    lines = [*LINES, "a", "", "c b a d e", "b"]
    assert cli("translate", "-m", run, input="\n".join(lines)).lines == [
        translator.translate([line])[0] for line in lines
    ]


def test_an_empty_line_gives_an_empty_line(cli, run):
    assert cli("translate", "-m", run, input="\na b\n\n\n").lines[::2] == ["", ""]
    assert cli("translate", "-m", run, "").out == "\n"
    assert cli("translate", "-m", run, "--nbest", "2", "").out == "0 |||  ||| 0.000000\n"


def test_no_input_gives_no_output(cli, run):
    assert cli("translate", "-m", run, input="").out == ""


def test_a_line_written_to_a_pipe_is_answered_before_the_pipe_is_closed(run, translator):
    command = [sys.executable, "-m", "seqkit", "translate", "-m", run, "--device", "cpu"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        for line in ("a b c", "d"):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            assert select.select([process.stdout], [], [], 60)[0], "no answer in a minute"
            assert process.stdout.readline() == translator.translate([line])[0] + "\n"
        process.stdin.close()
    assert process.returncode == 0


def test_nbest_lists_have_the_format_of_moses(cli, run, translator):
    lines = cli("translate", "-m", run, "--nbest", "3", *LINES[:2]).lines
    wanted = translator.translate_nbest(LINES[:2], nbest=3)
    assert lines == [
        f"{i} ||| {t.text} ||| {t.score:.6f}" for i, found in enumerate(wanted) for t in found
    ]
    assert [re.match(r"\d+", line)[0] for line in lines] == ["0", "0", "0", "1", "1", "1"]


def test_nbest_may_be_asked_for_as_a_search_setting(cli, run):
    assert (
        cli("translate", "-m", run, "--search", "nbest=2", "a b").lines
        == cli("translate", "-m", run, "--nbest", "2", "a b").lines
    )


def test_json_has_the_translation_and_its_scores(cli, run, translator):
    records = [json.loads(line) for line in cli("translate", "-m", run, "--json", *LINES).lines]
    for record, source, (wanted,) in zip(
        records, LINES, translator.translate_nbest(LINES), strict=True
    ):
        figures = {"score", "log_probability"}
        assert record.keys() == {"source", "translation", "tokens", "engine"} | figures
        assert (record["source"], record["translation"], record["tokens"]) == (
            source,
            wanted.text,
            wanted.tokens,
        )
        assert record["log_probability"] == pytest.approx(wanted.log_probability, abs=1e-4)
        assert record["score"] == pytest.approx(
            record["log_probability"] / (len(record["tokens"]) + 1), abs=1e-6
        )


def test_json_holds_the_nbest_list_when_it_is_asked_for(cli, run):
    (line,) = cli("translate", "-m", run, "--json", "--nbest", "3", "a b c").lines
    record = json.loads(line)
    assert len(record["nbest"]) == 3
    assert all(one.keys() == {"translation", "score", "log_probability"} for one in record["nbest"])
    assert record["nbest"][0]["translation"] == record["translation"]
    scores = [one["score"] for one in record["nbest"]]
    assert scores == sorted(scores, reverse=True)


def test_json_of_an_empty_line_is_a_whole_record(cli, run):
    (line,) = cli("translate", "-m", run, "--json", input="\n").lines
    assert json.loads(line) == {
        "source": "",
        "translation": "",
        "score": 0.0,
        "log_probability": 0.0,
        "tokens": [],
    }


def test_files_go_in_and_out(cli, run, translator, tmp_path):
    source = write_lines(tmp_path / "in", LINES)
    done = cli("translate", "-m", run, "-i", source, "-o", tmp_path / "out")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "out").read_text(encoding="utf-8").splitlines() == translator.translate(
        LINES
    )


def test_the_name_of_a_file_is_not_taken_for_text(cli, run, tmp_path, monkeypatch):
    source = write_lines(tmp_path / "in.txt", LINES)
    said = cli("translate", "-m", run, LINES[0], source).complaint(2)
    assert said == f"{source} is a file: give it as --input {source}"
    monkeypatch.chdir(tmp_path)
    assert (
        cli("translate", "-m", run, "in.txt").complaint(2)
        == "in.txt is a file: give it as --input in.txt"
    )
    assert len(cli("translate", "-m", run, "in", "no.txt").lines) == 2


def test_input_and_output_in_one_file_are_refused_and_nothing_is_lost(cli, run, tmp_path):
    source = write_lines(tmp_path / "both", LINES)
    assert "is an input file: write to another file" in cli(
        "translate", "-m", run, "-i", source, "-o", source
    ).complaint(2)
    assert source.read_text(encoding="utf-8").splitlines() == LINES


def test_a_file_of_many_chunks_keeps_every_line(cli, run, tmp_path):
    """Chunks of 64 KiB end within lines and within characters."""
    filling = "ü" * 40_000  # one unknown token
    source = write_lines(tmp_path / "in", ["a b", filling, "", filling, "b a"])
    lines = cli("translate", "-m", run, "--beam", "1", "-i", source).lines
    assert len(lines) == 5
    assert (lines[2], lines[1]) == ("", lines[3])
    assert lines[0] == cli("translate", "-m", run, "--beam", "1", "a b").lines[0]


def test_windows_line_ends_are_not_part_of_the_text(cli, run):
    assert (
        cli("translate", "-m", run, input="a b\r\n").lines
        == cli("translate", "-m", run, input="a b\n").lines
    )


def test_search_options_and_search_settings_mean_the_same(cli, run):
    options = ("--beam", "3", "--search", "length_penalty=0.5", "--max-length", "3")
    settings = [
        part for s in ("beam=3", "length_penalty=0.5", "max_length=3") for part in ("--search", s)
    ]
    command = ("translate", "-m", run, "--json", *LINES)
    assert cli(*command, *options).lines == cli(*command, *settings).lines


def test_max_length_is_a_limit_in_tokens(cli, run):
    limit = ("--search", "max_length=2")
    for line in cli("translate", "-m", run, *limit, "--json", *LINES).lines:
        assert len(json.loads(line)["tokens"]) <= 2


def test_max_length_still_works_as_an_option_and_names_its_setting(cli, run):
    done = cli("translate", "-m", run, "--max-length", "2", *LINES)
    assert done.lines == cli("translate", "-m", run, "--search", "max_length=2", *LINES).lines
    assert done.err == "note: --max-length is now called --search max_length=2\n"
    assert "--max-length" not in cli("translate", "--help").out


def test_the_size_of_batches_does_not_change_translations(cli, run):
    command = ("translate", "-m", run, *LINES)
    assert cli(*command, "--batch-tokens", "1").lines == cli(*command).lines


def test_sampling_is_repeated_by_its_seed(cli, beginner):
    draw = (
        "translate",
        "-m",
        beginner,
        "--search",
        "sample=true",
        "--search",
        "max_length=8",
        "ab",
        "--search",
    )
    assert cli(*draw, "seed=3").lines == cli(*draw, "seed=3").lines
    assert cli(*draw, "seed=3").lines != cli(*draw, "seed=4").lines


def test_sentences_of_a_line_are_translated_one_by_one_and_joined_again(cli, run, translator):
    first, second, third = translator.translate(["a b c !", "D e .", "F g"])
    assert cli("translate", "-m", run, "a b c !  D e . F g").lines == [f"{first}  {second} {third}"]


def test_split_off_translates_the_line_as_one(cli, run, translator):
    line = "a b c ! D e . F g"
    (whole,) = cli("translate", "-m", run, "--search", "split=false", line).lines
    assert whole == translator.translate([line], split=False)[0]
    assert whole != cli("translate", "-m", run, line).lines[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["a b c d e " * 10_000, "a" * 100_000], ids=["many words", "one word"]
)
def test_a_line_of_100_000_characters_is_translated(cli, run, line):
    done = cli(
        "translate",
        "-m",
        run,
        "--beam",
        "1",
        "--batch-tokens",
        "100000",
        input=f"a b\n{line}\nb a\n",
    )
    lines = done.lines
    assert len(lines) == 3
    assert [lines[0], lines[2]] == cli("translate", "-m", run, "--beam", "1", "a b", "b a").lines
    assert lines[1]


@pytest.mark.parametrize("model", ["run", "beginner"])
def test_emoji_are_translated_without_errors(cli, model, request):
    lines = ["👩‍👩‍👧‍👦🏳️‍🌈🙂" * 5, "🙂", "a 🙂 b"]
    done = cli(
        "translate",
        "-m",
        request.getfixturevalue(model),
        "--max-length",
        "20",
        "--json",
        input="\n".join(lines),
    )
    assert [json.loads(line)["source"] for line in done.lines] == lines


def test_a_translation_never_breaks_its_line(monkeypatch, cli, run, translator):
    best = translator.translate_nbest(["a"])[0][0]
    broken = type(best)(
        "one\ntwo\u2028three", best.score, best.log_probability, best.tokens, best.parts
    )
    monkeypatch.setattr(
        type(translator),
        "translate_nbest",
        lambda self, texts, **settings: [[broken] for _ in texts],
    )
    assert cli("translate", "-m", run, "a", "b").out == "one two three\n" * 2


def test_a_closed_stdout_ends_the_command_silently(run):
    command = [sys.executable, "-m", "seqkit", "translate", "-m", run, "--device", "cpu"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(b"a b\n")
        process.stdin.flush()
        assert select.select([process.stdout], [], [], 60)[0], "no answer in a minute"
        assert process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"b a\n")
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141, "as if ended by SIGPIPE, like other commands"


def test_the_best_and_the_last_step_can_be_named(cli, run):
    last = run / (run / "last").read_text(encoding="utf-8").strip()
    assert cli("translate", "-m", last, "a b c").code == 0


def test_the_same_things_work_in_python(run, translator):
    assert isinstance(seqkit.load(str(run)), seqkit.Translator)
    assert translator.translate(LINES, beam=5) == [
        found[0].text for found in translator.translate_nbest(LINES)
    ]
    (found,) = translator.translate_nbest(["a b c"], beam=5, nbest=3)
    assert len(found) == 3
    with pytest.raises(TypeError, match="not one string"):
        translator.translate("a b c")
    with pytest.raises(seqkit.SeqkitError, match=r"unknown key 'beem'\. Did you mean 'beam'\?"):
        translator.translate(["a"], beem=5)


def test_the_shipped_model_is_the_default_and_translates_english_to_german(cli, shipped):
    (hello,) = cli("translate", "Where is my book?").lines
    assert "Buch" in hello
    assert cli("translate", "-m", shipped.name, "Where is my book?").lines == [hello]
