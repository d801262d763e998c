"""Texts that come in parts: what is scored does not depend on where they are cut."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from language.tiny import LINES, untrained

from seqkit import ngram
from seqkit.data.windows import Reader, Slider, sliding, whole
from seqkit.language.mixtures import log_probabilities
from seqkit.ngram.text import block_of

NETWORKS = {
    "lstm": {},
    "gru": {},
    "transformer-lm": {"steps": 8, "stride": 3},
}


def cuts(lines, sizes):
    """The lines in blocks of so many lines each; the last size repeats."""
    blocks, at = [], 0
    sizes = list(sizes)
    while at < len(lines):
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        blocks.append(block_of(lines[at : at + size]))
        at += size
    return blocks


def scores(pairs):
    return np.concatenate([found.scores for _, found in pairs])


@pytest.mark.parametrize("sizes", [[1], [3, 1, 7], [100], [1, 100]])
@pytest.mark.parametrize("name", NETWORKS)
def test_scores_do_not_depend_on_how_a_text_is_cut(name, sizes):
    model = untrained(name, **NETWORKS[name])
    blocks = cuts(LINES, sizes)
    pairs = list(model.score_blocks(blocks, at_once=True))
    assert [block for block, _ in pairs] == blocks
    assert [int(found.ends.sum()) for _, found in pairs] == [b.count(b"\n") for b in blocks]

    uncut = scores(model.score_blocks([block_of(LINES)], at_once=True))
    assert scores(pairs) == pytest.approx(uncut, rel=1e-4)
    exact = model.score_block(block_of(LINES)).scores
    assert scores(model.score_blocks(blocks)) == pytest.approx(exact, rel=1e-4)
    assert uncut[:-3] == pytest.approx(exact[:-3], rel=1e-4)  # but for the last window


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("joined", [False, True])
def test_the_figure_of_a_text_does_not_depend_on_how_it_is_cut(name, joined):
    model = untrained(name, joined=joined, **NETWORKS[name])
    expected = model.evaluate(LINES)
    for sizes in ([1], [5, 2]):
        found = model.evaluate_blocks(cuts(LINES, sizes))
        assert found.tokens == expected.tokens
        assert found.perplexity == pytest.approx(expected.perplexity, rel=1e-5)
        assert found.bits_per_char == pytest.approx(expected.bits_per_char, rel=1e-5)
    assert len(log_probabilities(model, LINES)) == expected.tokens


def test_joined_text_is_one_line_however_it_is_cut():
    model = untrained("lstm", joined=True)
    ((block, found),) = model.score_blocks(cuts(LINES, [1]), at_once=True)
    assert block == block_of(LINES)
    assert found.ends.sum() == 1
    assert list(model.score_blocks([])) == []


@pytest.mark.parametrize("stride", [1, 3, 8])
@pytest.mark.parametrize("parts", [[1] * 40, [7, 1, 30, 2], [40], [8, 8, 24], [0, 40]])
def test_a_slider_scores_every_target_once_by_the_same_windows_whatever_the_parts(stride, parts):
    window = 8
    ids = np.arange(41, dtype=np.int32)
    slider, at, seen = Slider(0, window, stride, batch=4), 1, []
    for size in parts:
        for batch in slider.add(ids[at : at + size]):
            assert (batch.inputs + 1 == batch.targets).all()
            scored = batch.targets[batch.scored].tolist()
            first = batch.inputs[:, 0].tolist()
            each = batch.scored.sum(1).tolist()
            starts = [start for start, count in zip(first, each, strict=True) for _ in range(count)]
            seen += zip(scored, starts, strict=True)
        at += size

    assert [target for target, _ in seen] == list(range(1, 41))
    for target, start in seen:
        beyond = target - 1 - window
        assert start == (0 if beyond < 0 else (beyond // stride + 1) * stride)

    regular = [
        (target, int(row[0]))
        for batch in sliding(ids, window, stride, 4)
        for row, marks, goals in zip(
            batch.inputs,
            batch.targets > 0 if batch.scored is None else batch.scored,
            batch.targets,
            strict=True,
        )
        for target in goals[marks].tolist()
    ]
    assert seen[: 40 - stride] == regular[: 40 - stride]


def test_a_reader_carries_one_state_through_all_parts():
    ids = np.arange(12, dtype=np.int32)
    reader = Reader(0, steps=4)
    found = [batch for part in (ids[1:3], ids[3:3], ids[3:]) for batch in reader.add(part)]
    assert [batch.fresh for batch in found] == [True, False, False, False]
    assert [i for batch in found for i in batch.targets[0].tolist()] == list(range(1, 12))
    assert [i for batch in whole(ids, 4) for i in batch.inputs[0].tolist()] == [
        i for batch in found for i in batch.inputs[0].tolist()
    ]


COMMANDS = {
    "score": ("lm", "score", "-m"),
    "score --tokens": ("lm", "score", "--tokens", "-m"),
    "perplexity --per-sentence": ("lm", "perplexity", "--per-sentence", "-m"),
    "perplexity --per-sentence --json": ("lm", "perplexity", "--per-sentence", "--json", "-m"),
}


@pytest.mark.parametrize("kind", ["counted", "lstm"])
@pytest.mark.parametrize("command", COMMANDS)
def test_each_line_is_answered_before_the_next_one_is_there(tmp_path, request, command, kind):
    """With a real pipe: a program that waits for the answer must not wait for ever."""
    if kind == "counted":
        model = tmp_path / "lm.arpa"
        ngram.save(ngram.train(LINES, order=2), model)
    else:
        model = request.getfixturevalue("lstm").run.folder

    arguments = [sys.executable, "-m", "seqkit", *COMMANDS[command], str(model)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(arguments, env=environment, **pipes) as process:
        stop = threading.Timer(120, process.kill)
        stop.start()
        try:
            for line in ("the cat", "a zebra sees", ""):
                process.stdin.write(f"{line}\n".encode())
                process.stdin.flush()
                answer = process.stdout.readline()
                assert answer.endswith(b"\n")
                while "--tokens" in arguments and answer != b"\n":
                    answer = process.stdout.readline()
                    assert answer
            process.stdin.close()
            assert process.stdout.read() == b""
            assert process.wait() == 0
        finally:
            stop.cancel()
            process.kill()


def test_an_empty_text_has_no_lines_to_measure(cli, tmp_path):
    ngram.save(ngram.train(LINES, order=2), tmp_path / "lm.arpa")
    refused = cli("lm", "perplexity", "--per-sentence", "-m", tmp_path / "lm.arpa").complaint()
    assert refused == "stdin: the text is empty"
    done = cli("lm", "score", "-m", tmp_path / "lm.arpa")
    assert (done.code, done.out) == (0, "")
