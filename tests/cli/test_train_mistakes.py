"""What people get wrong in configs and training text, and the one line that tells them."""

import pytest
from letters import write_lines


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
        ("steps = 4", "steps = 0", "train: set steps, epochs or minutes"),
        ("[train]", "[trian]", "task 'translation' has no section [trian]. Did you mean 'train'?"),
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
def test_a_mistake_in_a_config_is_answered_with_the_key_and_a_fix(here, cli, old, new, says):
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


def test_a_vocabulary_too_large_for_the_text_is_answered_with_the_largest_size(here, cli):
    settings = ["--set", "text.tokenizer=sentencepiece", "--set", "text.vocab_size=9000"]
    line = cli("train", "tiny.toml", "--out", "out", *settings).complaint()
    assert "text.vocab_size = 9000 is more than this text can give: set it to " in line


def test_validation_text_is_held_out_of_own_files_unless_there_are_too_few_pairs(here, cli):
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


def test_skipped_pairs_are_counted_and_reported(here, cli):
    for name in ("source", "target"):
        with (here / f"train.{name}").open("a") as file:
            file.write("\n" + "ab" * 30 + "\n")
    assert (
        "skipped 1 with an empty side and 1 over-long"
        in cli("train", "tiny.toml", "--out", "out").err
    )


def test_a_training_file_may_be_given_twice_but_not_three_times(here, cli):
    one = str(here / "train.source")
    assert cli("train", "tiny.toml", "--source", one, "--target", one, "--out", "copy").code == 0
    settings = ("--set", f"data.train=['{one}', '{one}', '{one}']")
    complaint = cli("train", "tiny.toml", *settings, "--out", "run").complaint()
    assert "parallel text is one TSV or two files, not 3" in complaint


def test_an_empty_training_set_is_named(here, cli):
    assert (
        "no training text: set data.train"
        in cli("train", "tiny.toml", "--out", "run", "--set", "data.train=[]").complaint()
    )
    for name in ("source", "target"):
        write_lines(here / f"empty.{name}", [])
    own = ("--source", "empty.source", "--target", "empty.target")
    complaint = cli("train", "tiny.toml", *own, "--out", "run").complaint()
    assert "the training text is empty" in complaint
    assert str(here / "empty.source") in complaint
    assert not (here / "run").exists()
