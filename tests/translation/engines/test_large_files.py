"""Long texts through CTranslate2: in order, a part at a time, whole lines whatever happens."""

import signal
import subprocess
import sys
from itertools import cycle, islice

import pytest

import seqkit

pytest.importorskip("ctranslate2")

LINES = [
    "Where is the station?",
    "The dog is in the garden, and the cat sleeps on the old chair by the window.",
    "",
    "No.",
    "Tom bought a new car last week. He is happy.",
    "I have no time today.",
]
AHEAD = 1_000  # lines that may be read before the first translation is there


@pytest.fixture(scope="module")
def expected(shipped):
    translator = seqkit.load(shipped, device="cpu", engine="ctranslate2")
    return translator.translate(LINES, beam=1)


def test_lines_are_read_as_they_are_needed_and_come_out_in_order(shipped, expected):
    read = 0

    def source():
        nonlocal read
        for read, line in enumerate(cycle(LINES), 1):  # noqa: B007
            yield line

    translator = seqkit.load(shipped, device="cpu", engine="ctranslate2")
    outputs = translator.predict(source(), beam=1)
    most = 0
    for number, output in enumerate(islice(outputs, 2 * AHEAD)):
        assert str(output) == expected[number % len(LINES)]
        most = max(most, read - number)
    assert most <= AHEAD


@pytest.mark.parametrize("compute", ["float32", "int8"])
def test_several_batches_at_once_say_what_one_says(cli, tmp_path, compute):
    text = tmp_path / "text.en"
    text.write_text("".join(f"{line}\n" for line in islice(cycle(LINES), 300)))
    options = ["translate", "-i", text, "--beam", "2", "--compute", compute, "--json"]
    one = cli(*options, "--threads", "1").lines
    several = cli(*options, "--threads", "3").lines
    assert len(one) == 300
    assert several == one


def hear_ctrl_c():
    """What a shell starts in the background ignores it, and so do the children of that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_is_one_line_and_leaves_whole_lines(tmp_path, expected):
    text = tmp_path / "text.en"
    text.write_text("".join(f"{line}\n" for line in islice(cycle(LINES), 200_000)))
    command = [sys.executable, "-m", "seqkit", "translate", "-i", str(text), "--beam", "1"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        preexec_fn=hear_ctrl_c,
    )
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, complaint = process.communicate(timeout=120)

    assert process.returncode == 130
    assert complaint.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in complaint
    written = first + rest
    assert written.endswith("\n")
    lines = written.removesuffix("\n").split("\n")
    assert len(lines) < 200_000
    assert lines == list(islice(cycle(expected), len(lines)))
