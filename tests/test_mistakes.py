"""What people get wrong, and the one line that tells them."""

import pytest

import seqkit


def replace(here, old, new):
    text = (here / "tiny.toml").read_text()
    assert old in text
    (here / "tiny.toml").write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("lr = 1e-3", "lrr = 1e-3", "tiny.toml: unknown key 'optim.lrr'. Did you mean 'lr'?"),
        ("lr = 1e-3", 'lr = "1e-3"', "optim.lr should be a valid number, got '1e-3'"),
        ("lr = 1e-3", "lr = -1", "optim.lr should be greater than 0, got -1"),
        (
            "lr = 1e-3",
            'decay = "cosin"',
            "'linear', 'cosine', 'rsqrt' or 'plateau', got 'cosin'",
        ),
        ("steps = 4", "steps = true", "train.steps should be a valid integer, got True"),
        ("steps = 4", "steps = 0", "train: set steps or epochs"),
        ("[train]", "[trian]", "unknown key 'trian'. Did you mean 'train'?"),
        (
            "width = 8",
            "widht = 8",
            "[model] transformer: unknown key 'widht'. Did you mean 'width'?",
        ),
        (
            "width = 8",
            "width = 9",
            "[model] transformer: width = 9 must be even and a multiple of heads = 2",
        ),
        ("width = 8", 'preset = "tinny"', "has no preset 'tinny'. Did you mean 'tiny'?"),
        (
            'name = "transformer"',
            'name = "transfomer"',
            "no model 'transfomer'. Did you mean 'transformer'?",
        ),
        ('name = "transformer"', "", "[model] needs a name"),
        (
            'task = "translation"',
            'task = "translate"',
            "no task 'translate'. Did you mean 'translation'?",
        ),
        ('task = "translation"', "", "missing key 'task'"),
        ('task = "translation"', "task = ", "tiny.toml: Invalid value (at line 1, column 8)"),
        ('tokenizer = "char"', 'tokenizer = "chars"', "no tokenizer 'chars'. Did you mean 'char'?"),
        ('"nfc"', '"nfd"', "no normalisation step 'nfd'. Did you mean 'nfc'?"),
        (
            "max_length = 30",
            "max_lenght = 30",
            "[data]: unknown key 'max_lenght'. Did you mean 'max_length'?",
        ),
        ("max_length = 30", 'corpus = "multi3k"', "no corpus 'multi3k'. Did you mean 'multi30k'?"),
    ],
)
def test_a_mistake_in_a_config_names_the_key_and_the_way_out(here, cli, old, new, says):
    replace(here, old, new)
    assert says in cli("train", "tiny.toml", "--out", "out").complaint()
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda source: source.unlink(), "cannot read {source}: No such file or directory"),
        (lambda source: (source.unlink(), source.mkdir()), "cannot read {source}: Is a directory"),
        (
            lambda source: source.write_text("one\n"),
            "not parallel: {source} has 1 lines, {target} has 40",
        ),
        (
            lambda source: source.write_bytes(b"fine\nb\xffd\n"),
            "{source}:2: not UTF-8: byte 0xff at column 2",
        ),
        (lambda source: source.write_text("\n" * 40), "the training text is empty"),
        (lambda source: source.write_text(f"{'x' * 99}\n" * 40), "no pair of 1 to 30 tokens"),
    ],
    ids=["missing", "folder", "unequal", "not UTF-8", "empty", "too long"],
)
def test_training_text_that_cannot_be_used_is_named(here, cli, spoil, says):
    source, target = here / "train.source", here / "train.target"
    spoil(source)
    assert (
        says.format(source=source, target=target)
        in cli("train", "tiny.toml", "--out", "out").complaint()
    )


def test_a_vocabulary_larger_than_the_text_can_give_says_how_large_it_may_be(here, cli):
    settings = ["--set", "text.tokenizer=sentencepiece", "--set", "text.vocab_size=9000"]
    line = cli("train", "tiny.toml", "--out", "out", *settings).complaint()
    assert "text.vocab_size = 9000 is more than this text can give: set it to " in line


def test_files_without_validation_text_are_cut_and_too_few_pairs_are_refused(here, cli):
    done = cli(
        "train", "tiny.toml", "--source", "train.source", "--target", "train.target", "--out", "own"
    )
    assert done.code == 0
    assert "36 training pairs, 4 for validation" in done.err
    done = cli("train", "tiny.toml", "--source", "train.source", "--out", "one")
    assert "--source and --target go together" in done.complaint()
    for name in ("source", "target"):
        (here / name).write_text("abc\nde\n")
    done = cli("train", "tiny.toml", "--source", "source", "--target", "target", "--out", "few")
    assert "2 pairs are too few to cut validation text off" in done.complaint()


def test_skipped_pairs_are_counted_and_said(here, cli):
    for name in ("source", "target"):
        with (here / f"train.{name}").open("a") as file:
            file.write("\n" + "ab" * 30 + "\n")
    assert (
        "skipped 1 with an empty side and 1 over-long"
        in cli("train", "tiny.toml", "--out", "out").err
    )


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["trian"], 2, "no command 'trian'. Did you mean 'train'?"),
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


def test_input_that_is_not_utf8_is_named_by_line(run, cli):
    done = cli("translate", "-m", run, input=b"abc\nd\xe9f\n")
    assert done.code == 1
    assert done.err.strip() == "error: stdin:2: not UTF-8: byte 0xe9 at column 2"
