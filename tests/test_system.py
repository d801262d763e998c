"""The whole path that a newcomer takes: two files of text, three commands."""

import json
import shlex
import subprocess
import sys

import pytest
from letters import some_lines, write_config, write_lines, write_pairs


@pytest.mark.slow
def test_reversing_is_learned_translated_and_scored_on_the_command_line(seqkit_cli, tmp_path):
    unseen, seen = 200, 4000
    write_pairs(tmp_path, train=seen, valid=100, seed=3)
    config = write_config(
        tmp_path / "reverse.toml",
        tokenizer="whitespace",
        width=64,
        hidden=128,
        heads=4,
        dropout=0.0,
        optim='lr = 4e-3\nwarmup = 50\ndecay = "cosine"',
        train="steps = 350",
        every=175,
    )
    lines = unseen_lines(tmp_path, unseen)

    one_thread = ("--device", "cpu", "--threads", "1")
    assert seqkit_cli("train", config, "--out", tmp_path / "run", *one_thread).code == 0
    answers = seqkit_cli(
        "translate", "-m", tmp_path / "run", *one_thread, input="\n".join(lines)
    ).lines
    right = sum(answer == line[::-1] for answer, line in zip(answers, lines, strict=True))
    assert right > 0.95 * unseen

    source = write_lines(tmp_path / "test.source", lines)
    reference = write_lines(tmp_path / "test.target", [line[::-1] for line in lines])
    files = ("--source", source, "--reference", reference)
    done = seqkit_cli("evaluate", "-m", tmp_path / "run", *files, *one_thread, "--json")
    record = json.loads(done.out)
    assert record["bleu"] > 90
    assert record["sentences"] == unseen


def unseen_lines(folder, count):
    """Lines that are in neither part of the training data."""
    known = set()
    for name in ("train", "valid"):
        known.update((folder / f"{name}.source").read_text().splitlines())
    drawn = some_lines(4800, seed=4)
    lines = [line for line in drawn if line not in known][:count]
    assert len(lines) == count
    return lines


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("lm stats <&-", 1, "the text holds no words"),
        ("lm stats 2>&- <&-", 1, ""),
        ("config >/dev/full", 1, "No space left on device"),
        ("config >&-", 0, ""),
    ],
)
def test_a_closed_or_full_stream_causes_no_traceback(command, code, says):
    seqkit = f"{shlex.quote(sys.executable)} -m seqkit"
    done = subprocess.run(
        f"{seqkit} {command}", shell=True, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert says in done.stderr
