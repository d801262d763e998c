"""`seqkit lm train`: recipes, and texts of one's own."""

from language.tiny import write_text

SMALL = ("model.embedding=8", "model.hidden=8", "train.steps=1", "data.baseline_order=0")
SETTINGS = [part for each in (*SMALL, "data.batch=2", "data.steps=5") for part in ("--set", each)]


def test_own_text_is_read_whole_whatever_the_recipe_says_of_its_own(cli, tmp_path):
    """The recipe has a test file, reads the first column and leaves out equal lines."""
    text = write_text(tmp_path, ["a b\tc d"] * 100)
    how = ("--train", text, "--tokenizer", "whitespace", "--out", tmp_path / "run", *SETTINGS)
    done = cli("lm", "train", "tatoeba-deu-eng/english-lstm-200", *how)
    assert done.code == 0, done.err
    assert "475 training tokens, 25 for validation" in done.err


def test_own_validation_text_leaves_the_training_text_whole(cli, tmp_path):
    text, valid = write_text(tmp_path, ["a b"] * 100), write_text(tmp_path, ["b"] * 5, "valid")
    texts = ("--train", text, "--valid", valid, "--tokenizer", "word")
    done = cli("lm", "train", *texts, "--model", "gru", "--out", tmp_path / "run", *SETTINGS)
    assert done.code == 0, done.err
    assert "300 training tokens, 10 for validation" in done.err
    assert 'name = "gru"' in (tmp_path / "run" / "config.toml").read_text()


def test_validation_text_goes_with_training_text(cli, tmp_path):
    refused = cli("lm", "train", "--valid", tmp_path / "valid").complaint(2)
    assert "--valid goes with --train: the recipe has a corpus of its own" in refused


def test_recipes_of_other_tasks_are_refused(cli):
    assert (
        "is a recipe for 'translation'; this command trains 'language-modelling', "
        "`seqkit train` any task" in cli("lm", "train", "demo/en-de").complaint()
    )
