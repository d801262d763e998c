"""Bad settings, input and output of `seqkit translate`, each told in one line."""

import pytest

import seqkit


def test_settings_of_the_search_are_checked_before_any_input_is_read(run, cli):
    assert (
        "unknown key 'baem'. Did you mean 'beam'?"
        in cli("translate", "-m", run, "--search", "baem=3").complaint()
    )
    assert (
        "nbest = 9 needs a beam at least as wide"
        in cli("translate", "-m", run, "--nbest", "9", "x").complaint()
    )
    assert (
        "--search 'beam' is not KEY=VALUE"
        in cli("translate", "-m", run, "--search", "beam").complaint()
    )
    with pytest.raises(TypeError, match="give a list of texts"):
        seqkit.load(run).translate("abc")


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--search", "length_penalty=nan"), 1, "length_penalty"),
        (
            ("--search", "top_p=2"),
            1,
            "search settings: top_p should be less than or equal to 1, got 2",
        ),
        (
            ("--search", "sample=maybe"),
            1,
            "search settings: sample should be a valid boolean, got 'maybe'",
        ),
        (("--search", "=3"), 1, "--search '=3' is not KEY=VALUE"),
        (("--beam", "0"), 2, "--beam"),
        (("--beam", "wide"), 2, "'wide' is not a valid integer"),
        (("--threads", "0"), 2, "--threads"),
        (("--device", "gpu"), 1, "device 'gpu' cannot be used"),
    ],
)
def test_a_setting_out_of_its_range_is_named(run, cli, options, code, says):
    assert says in cli("translate", "-m", run, *options, "a").complaint(code)


def test_a_beam_may_be_wider_than_the_vocabulary(run, cli):
    assert (
        len(
            cli(
                "translate",
                "-m",
                run,
                "--beam",
                "50",
                "--nbest",
                "3",
                "--search",
                "split=false",
                "a b",
            ).lines
        )
        == 3
    )


def test_input_that_is_not_utf8_is_named_by_line(run, cli):
    done = cli("translate", "-m", run, input=b"abc\nd\xe9f\n")
    assert done.code == 1
    assert done.err.strip() == (
        "error: stdin:2: not UTF-8: byte 0xe9 at column 2; if the text is in another encoding, "
        "put `iconv -f WINDOWS-1252 -t UTF-8` into the pipe before it"
    )


def test_text_on_the_command_line_that_is_not_utf8_is_refused(run, cli):
    assert cli("translate", "-m", run, "caf\udce9").complaint() == (
        r"TEXT holds half a surrogate pair ('\udce9', the byte 0xe9, which is not UTF-8) "
        "at character 4: repair or remove it"
    )


@pytest.mark.parametrize("size", [1, (1 << 16) + 4], ids=["at once", "after many lines"])
def test_lines_before_one_that_is_not_utf8_are_not_lost(run, cli, tmp_path, size):
    good = b"a b\n" * (size // 4)
    (tmp_path / "in").write_bytes(good + b"\xe9\n")
    done = cli(
        "translate", "-m", run, "-i", tmp_path / "in", "--beam", "1", "--search", "max_length=1"
    )
    assert done.code == 1
    number = size // 4 + 1
    last = done.err.splitlines()[-1]  # on a busy machine, a line on progress comes first
    assert last.startswith(f"error: {tmp_path / 'in'}:{number}: not UTF-8: byte 0xe9 at column 1;")


def test_output_that_cannot_be_written_is_named(run, cli, tmp_path):
    assert (
        cli("translate", "-m", run, "-o", tmp_path, "a").complaint()
        == f"cannot write {tmp_path}: Is a directory"
    )
    full = cli("translate", "-m", run, "-o", "/dev/full", "a")
    assert full.complaint() == "cannot write /dev/full: No space left on device"
