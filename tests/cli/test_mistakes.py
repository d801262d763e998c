"""What people get wrong on the command line, and the one line that tells them."""

import pytest

import seqkit


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["trian"], 2, "no command 'trian'. Did you mean 'train'?"),
        (["parse"], 2, ". A plugin's are there once it is installed."),
        (
            ["train", "multi30k/en-de", "--out", "x"],
            1,
            "no config file or recipe 'multi30k/en-de'. Did you mean",
        ),
        (["train", "none.toml", "--out", "x"], 1, "no config file none.toml"),
        (
            ["train", "demo/en-de", "--out", "x", "--set", "steps"],
            1,
            "--set 'steps' is not KEY=VALUE",
        ),
        (
            ["train", "demo/en-de", "--out", "x", "--device", "quantum"],
            1,
            "device 'quantum' cannot be used",
        ),
        (["config", "demo/ende"], 1, "Did you mean 'demo/en-de'?"),
        (["corpora", "show", "multi"], 1, "no corpus 'multi'. Did you mean 'multi30k'?"),
        (["translate", "-i", "none.txt"], 1, "cannot read none.txt: No such file or directory"),
        (["translate", "-i", "none.txt", "text"], 2, "give TEXT or --input, not both"),
        (["evaluate"], 2, "give --source F --reference F, or --data TSV"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(here, cli, args, code, says):
    assert says in cli(*args).complaint(code)


def test_a_model_that_does_not_exist_is_answered_with_those_that_do(cli, here):
    assert (
        "no folder and no shipped model 'en-dd'" in cli("translate", "-m", "en-dd", "a").complaint()
    )
    assert (
        "no model at runs/mine: give a run folder"
        in cli("translate", "-m", "runs/mine", "a").complaint()
    )
    with pytest.raises(seqkit.SeqkitError, match="is not a run folder"):
        seqkit.load(here)


@pytest.mark.parametrize("command", ["complete", "decode", "generate", "score"])
def test_a_second_language_model_is_refused(cli, command):
    told = cli("lm", command, "-m", "runs/a", "-m", "runs/b", "x").complaint()
    assert told == "one model is asked here: choose one of runs/a, runs/b"
