"""The texts of a run: read from files, cut apart, checked."""

import pytest
from language.tiny import read_texts, train, write_config

from seqkit.config import build
from seqkit.errors import ConfigError, DataError, RenamedWarning
from seqkit.language.data_config import LanguageData
from seqkit.language.texts import cut_off


def test_shares_are_cut_off_the_end_of_a_text_in_whole_lines():
    lines = [f"{i:02}" for i in range(100)]
    rest, test = cut_off(lines, 0.1)
    assert (rest[-1], test) == ("89", lines[90:])
    assert cut_off(lines, 0) == (lines, [])
    assert cut_off([], 0.5) == ([], [])


def test_shares_are_of_characters_not_of_lines():
    short = ["00", "01", "02", "03"]
    assert cut_off(["x" * 90, *short], 0.1) == (["x" * 90], short)


def test_at_least_one_line_is_cut_off():
    lines = ["a", "b" * 99]
    for share in (0.001, 1e-20):  # 1 - 1e-20 is 1
        assert cut_off(lines, share) == (["a"], ["b" * 99])


def test_a_text_of_one_line_is_cut_between_characters():
    assert cut_off(["abcdefghij"], 0.3) == (["abcdefg"], ["hij"])


def test_lines_are_made_unique_and_read_from_a_column(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\nc\td\na\tb\n")
    data = LanguageData(train=[str(path)], valid=[str(path)], column=2, unique=True)
    assert read_texts(data)[:2] == (["b", "d"], ["b", "d"])
    with pytest.raises(DataError, match=r"x.tsv:1: 2 columns, so no column 3"):
        read_texts(LanguageData(train=[str(path)], column=3))


def test_joined_text_is_normalised_before_it_is_cut(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\nc\td\na\tb\n")
    data = LanguageData(train=[str(path)], lines="join", test_share=0.5, valid_share=0.5)
    assert [len(part[0]) for part in read_texts(data)] == [3, 3, 5]
    assert read_texts(data, ["letters"]).test == ["d a b"]  # of "a b c d a b"


def test_the_test_text_is_cut_off_before_the_validation_text(tmp_path):
    path = tmp_path / "x"
    path.write_text("".join(f"{i:02}\n" for i in range(100)))
    texts = read_texts(LanguageData(train=[str(path)], test_share=0.1, valid_share=0.5))
    assert [(part[0], part[-1]) for part in texts] == [("00", "44"), ("45", "89"), ("90", "99")]


def test_a_file_of_validation_text_leaves_the_training_text_whole(tmp_path):
    (tmp_path / "x").write_text("a\nb\n")
    (tmp_path / "y").write_text("c\n")
    data = LanguageData(train=[str(tmp_path / "x")], valid=[str(tmp_path / "y")])
    assert read_texts(data) == (["a", "b"], ["c"], [])


def spoil_nothing(text):
    pass


def empty_text(text):
    text.write_text("")


def short_text(text):
    text.write_text("a b\n" * 8)


def empty_validation_text(text):
    text.with_name("v").write_text("\n")


@pytest.mark.parametrize(
    ("spoil", "data", "says"),
    [
        (empty_text, "", "text: the training text is empty"),
        (short_text, "", "too few for one batch of 4 sequences of 6"),
        (spoil_nothing, "valid = []\ntrain = []", "no training text: set data.train"),
        (empty_validation_text, 'valid = ["{folder}/v"]', "v: the validation text is empty"),
    ],
)
def test_text_that_cannot_be_used_is_named(folder, spoil, data, says):
    spoil(folder / "text")
    config = write_config(folder, data=data.format(folder=folder))
    if "train = []" in data:
        config.write_text(config.read_text().replace(f'train = ["{folder}/text"]\n', ""))
    with pytest.raises((DataError, ConfigError), match=says):
        train(config, folder / "run")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"stride": 9, "steps": 6}, "stride = 9 is more than steps = 6: it would leave tokens out"),
        ({"test": ["x"], "test_share": 0.1}, "choose one of test and test_share"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        build(LanguageData, settings, "[data]")


def test_a_window_slides_by_half_of_it_unless_told_otherwise():
    assert LanguageData(steps=6).scored_steps == 3
    assert LanguageData(steps=7).scored_steps == 3
    assert LanguageData(steps=1).scored_steps == 1
    assert LanguageData(steps=6, stride=6).scored_steps == 6


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [("floor", "baseline_order", 3), ("sampled_words", "sampled_softmax", 7)],
)
def test_a_renamed_key_still_works_and_says_its_new_name_once(old, new, value):
    with pytest.warns(RenamedWarning) as warned:
        data = build(LanguageData, {old: value}, "[data]")
    assert getattr(data, new) == value
    assert [str(each.message) for each in warned] == [f"[data]: {old!r} is now called {new!r}"]
