"""The whole path, as a newcomer walks it: two files of text, three commands."""

import json
import shlex
import subprocess
import sys

from letters import some_lines, write_config, write_lines, write_pairs


def test_reversing_is_learnt_translated_and_scored_through_the_command_line(seqkit_cli, tmp_path):
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
        train="steps = 400",
        every=200,
    )
    known = {
        line
        for name in ("train", "valid")
        for line in (tmp_path / f"{name}.source").read_text().splitlines()
    }
    lines = [line for line in some_lines(seen + 4 * unseen, seed=4) if line not in known][:unseen]
    assert len(lines) == unseen

    assert seqkit_cli("train", config, "--out", tmp_path / "run").code == 0
    answers = seqkit_cli("translate", "-m", tmp_path / "run", input="\n".join(lines)).lines
    right = sum(answer == line[::-1] for answer, line in zip(answers, lines, strict=True))
    assert right > 0.95 * unseen

    source = write_lines(tmp_path / "test.source", lines)
    reference = write_lines(tmp_path / "test.target", [line[::-1] for line in lines])
    done = seqkit_cli(
        "evaluate", "-m", tmp_path / "run", "--source", source, "--reference", reference, "--json"
    )
    assert json.loads(done.out)["bleu"] > 90
    assert json.loads(done.out)["sentences"] == unseen


def test_closed_and_full_streams_are_no_tracebacks(tmp_path):
    seqkit = f"{shlex.quote(sys.executable)} -m seqkit"
    for command, code, says in (
        ("lm stats <&-", 1, "the text holds no words"),
        ("lm stats 2>&- <&-", 1, ""),
        ("config >/dev/full", 1, "No space left on device"),
        ("config >&-", 0, ""),
    ):
        done = subprocess.run(
            f"{seqkit} {command}", shell=True, capture_output=True, text=True, check=False
        )
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), (
            command,
            done.stderr,
        )
        assert says in done.stderr
