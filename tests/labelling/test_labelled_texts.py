"""Labelled texts: every way they are written, and what is wrong with a file, by file and line."""

import gzip

import pytest
import zstandard

from seqkit.config import build
from seqkit.errors import ConfigError, DataError
from seqkit.labelling.classification.data_config import TextData
from seqkit.labelling.classification.held_out import notes_on_left_out
from seqkit.labelling.classification.labelled import LabelledTexts
from seqkit.labelling.classification.prepared import read_parts, read_test
from seqkit.labelling.classification.reading import Layout, read_labelled
from seqkit.labelling.classification.texts import cut_off
from seqkit.labelling.numbered import Numbered

EXPECTED = [("good", "a fine film"), ("bad", "dull, very dull")]


def pairs(texts):
    return [(*labels, text) for labels, text in zip(texts.labels, texts.texts, strict=True)]


def write(folder, name, content, encoding="utf-8"):
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "content", "layout"),
    [
        ("x.tsv", "good\ta fine film\nbad\tdull, very dull\n", Layout()),
        ("x.tsv", "good\ta fine film\r\n\r\nbad\tdull, very dull", Layout()),
        ("x.tsv", "a fine film\t4\tgood\ndull, very dull\t1\tbad\n", Layout(label="3", text="1")),
        ("x.csv", 'label,text\ngood,a fine film\nbad,"dull, very dull"\n', Layout()),
        (
            "x.csv",
            'review,y\na fine film,good\n"dull, very dull",bad\n',
            Layout(label="y", text="review"),
        ),
        ("x.csv", 'good,a fine film\nbad,"dull, very dull"\n', Layout(label="1", text="2")),
        (
            "x.jsonl",
            '{"label": "good", "text": "a fine film"}\n'
            '{"text": "dull, very dull", "label": "bad", "id": 7}\n',
            Layout(),
        ),
        ("x.txt", "good a fine film\nbad dull, very dull\n", Layout(format="lines")),
        ("x.ft", "__label__good a fine film\n__label__bad dull, very dull\n", Layout()),
        ("x.txt", "__label__good a fine film\n__label__bad dull, very dull\n", Layout()),
        ("x.tsv", "Text\tlabel\na fine film\tgood\ndull, very dull\tbad\n", Layout()),
        ("x.csv", 'Label,Text\ngood,a fine film\nbad,"dull, very dull"\n', Layout()),
        ("x.csv", "label;text\ngood;a fine film\nbad;dull, very dull\n", Layout()),
        ("x.csv", '\ufefflabel,text\ngood,a fine film\nbad,"dull, very dull"\n', Layout()),
    ],
)
def test_every_format_gives_the_same_texts(name, content, layout, tmp_path):
    path = write(tmp_path, name, content)
    assert pairs(read_labelled([path], layout)) == EXPECTED

    for ending, pack in (("gz", gzip.compress), ("zst", zstandard.ZstdCompressor().compress)):
        packed = tmp_path / f"{name}.{ending}"
        packed.write_bytes(pack(content.encode()))
        assert pairs(read_labelled([packed], layout)) == EXPECTED


def test_a_folder_for_each_class_holds_a_file_for_each_text(tmp_path):
    for label, text in EXPECTED:
        (tmp_path / label).mkdir()
        write(tmp_path / label, "1.txt", text)
    write(tmp_path / "good", ".hidden", "no text")
    assert pairs(read_labelled([tmp_path], Layout())) == sorted(EXPECTED)


def test_what_has_no_place_in_a_folder_of_classes_is_named(tmp_path):
    for folder in ("good", "bad", "good/deeper", "nothing"):
        (tmp_path / folder).mkdir()
    for name in ("good/1.txt", "bad/1.txt", "good/deeper/2.txt", "readme.md"):
        write(tmp_path, name, "a text")
    found = read_labelled([tmp_path], Layout())
    assert len(found) == 2
    expected = ["readme.md", "good/deeper", "nothing"]
    assert found.misplaced == [str(tmp_path / name) for name in expected]
    (note,) = notes_on_left_out(found)
    assert all(name in note for name in expected)


def test_a_quoted_field_of_csv_may_hold_lines(tmp_path):
    path = write(tmp_path, "x.csv", 'label,text\na,"two\nlines"\nb,one\n')
    found = read_labelled([path], Layout())
    assert found.texts == ["two\nlines", "one"]
    assert found.first_place == {"a": f"{path}:2", "b": f"{path}:4"}


def test_latin_1_is_read_where_it_is_asked_for(tmp_path):
    path = write(tmp_path, "x.tsv", "a\tcafé\n", "latin-1")
    assert read_labelled([path], Layout(encoding="latin-1")).texts == ["café"]
    with pytest.raises(DataError, match=r"x\.tsv:1.*UTF-8"):
        read_labelled([path], Layout())


def test_a_text_has_several_labels_or_none_where_it_may(tmp_path):
    tsv = write(tmp_path, "x.tsv", "a,b\tone\n\ttwo\nb, b\tthree\n")
    jsonl = write(tmp_path, "x.jsonl", '{"label": ["a", 1], "text": "four"}\n')
    lines = write(tmp_path, "x.ft", "__label__a __label__b five\n")
    found = read_labelled([tsv, jsonl, lines], Layout(several=","))
    assert [*found.labels] == [("a", "b"), (), ("b",), ("a", "1"), ("a", "b")]


def test_empty_texts_are_left_out_and_counted(tmp_path):
    path = write(tmp_path, "x.tsv", "a\tone\nb\t  \na\t\n")
    found = read_labelled([path], Layout())
    assert found.texts == ["one"]
    assert found.empty == [f"{path}:2", f"{path}:3"]


@pytest.mark.parametrize(
    ("name", "content", "layout", "message"),
    [
        ("x.tsv", "a\tone\nb\n", {}, r"x\.tsv:2: a line of 1 columns, and the first has 2"),
        ("x.tsv", "a\tone\nb\ttwo\tthree\n", {}, r"x\.tsv:2: a line of 3 columns"),
        ("x.tsv", "one\n", {}, r"x\.tsv:1: data\.text = 2, and a line has 1 column"),
        ("x.tsv", "", {}, "is empty"),
        ("x.tsv", " \tone\n", {}, r"x\.tsv:1: no label"),
        ("x.csv", "y,text\na,one\n", {}, r"no column 'label' among: y, text\. Set data\.label"),
        ("x.csv", 'label,text\na,"one" two\n', {}, r"x\.csv:2: not a row of CSV"),
        ("x.csv", 'label,text\na,"one\nb,two\n', {}, r"x\.csv:2: not a row .* quotes"),
        ("x.jsonl", '{"label": "a"}\n', {}, r"x\.jsonl:1: no 'text' in the object"),
        ("x.jsonl", "a one\n", {}, r"x\.jsonl:1: not JSON"),
        ("x.jsonl", "3\n", {}, r"x\.jsonl:1: not an object"),
        ("x.json", '[{"label": "a",\n', {}, r"x\.json:1: an array; write an object a line"),
        ("x.jsonl", '{"label": 1.5, "text": "one"}\n', {}, "a label is a string or a whole"),
        ("x.jsonl", '{"label": ["a"], "text": "one"}\n', {}, r"set data\.several"),
        ("x.jsonl", '{"label": "a", "text": 3}\n', {}, "'text' is not a string"),
        ("x.ft", "__label__a __label__b one\n", {}, r"2 labels: set data\.several"),
        ("x.txt", "a one\n", {}, r"name it \*.tsv, .* or train with data\.format"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(name, content, layout, message, tmp_path):
    path = write(tmp_path, name, content)
    with pytest.raises(DataError, match=message):
        read_labelled([path], Layout(**layout))


def test_a_folder_without_folders_is_refused(tmp_path):
    with pytest.raises(DataError, match="one for each class"):
        read_labelled([tmp_path], Layout())


# Parts


def some(count, labels=("a", "b")):
    of_text = [labels[number % len(labels)] for number in range(count)]
    first = {label: f"x.tsv:{of_text.index(label) + 1}" for label in of_text}
    texts = [f"text {number}" for number in range(count)]
    return LabelledTexts(texts, Numbered.of((label,) for label in of_text), first)


def test_a_share_of_each_class_is_cut_off_whatever_the_order_of_the_file():
    texts = some(100, labels="aaab")
    rest, cut = cut_off(texts, 0.2)
    assert len(rest) + len(cut) == 100
    assert [cut.labels.count((name,)) for name in "ab"] == [15, 5]

    labels = Numbered.of([*texts.labels][::-1])
    backwards = LabelledTexts(texts.texts[::-1], labels, texts.first_place)
    _, again = cut_off(backwards, 0.2)
    assert set(again.texts) == set(cut.texts)


def test_equal_texts_are_on_the_same_side():
    texts = some(40)
    texts.texts = [f"text {number // 4}" for number in range(40)]
    rest, cut = cut_off(texts, 0.3)
    assert len(cut)
    assert not set(rest.texts) & set(cut.texts)


def test_where_all_texts_are_repeated_one_is_cut_off_with_all_that_equal_it():
    texts = some(40)
    texts.texts = [f"text {number % 4}" for number in range(40)]
    rest, cut = cut_off(texts, 0.1)
    assert (len(rest), len(cut)) == (20, 20)
    assert len(set(cut.texts)) == 2  # one of each class


def test_a_class_keeps_a_text_and_one_with_a_single_text_loses_none():
    rest, cut = cut_off(some(3, labels="aab"), 0.9)
    assert rest.first_place.keys() == {"a", "b"}
    assert [label for (label,) in cut.labels] == ["a"]


def parts_of(folder, content, **settings):
    path = write(folder, "x.tsv", content)
    return read_parts(build(TextData, {"train": [str(path)], **settings}, "[data]"))


MANY = "".join(f"{'ab'[i % 2]}\ttext {i}\n" for i in range(20))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tone\na\ttwo\n", "every text has the label 'a'"),
        ("a\tone\nb\ttwo\n", "every class needs at least two texts"),
        ("a\t \nb\t \n", "no texts with a label"),
        ("".join(f"text {i}\t{i % 2}\n" for i in range(50)), "is another column the label"),
    ],
)
def test_texts_that_teach_nothing_are_refused(content, message, tmp_path):
    with pytest.raises(DataError, match=message):
        parts_of(tmp_path, content)


def test_a_class_of_the_validation_that_was_never_trained_on_is_named(tmp_path):
    valid = write(tmp_path, "valid.tsv", "a\tone\nc\ttwo\n")
    with pytest.raises(DataError, match=r"valid\.tsv:2: the validation text has the label 'c'"):
        parts_of(tmp_path, MANY, valid=[str(valid)])


def test_without_files_and_without_a_test_one_line_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"set data\.train"):
        read_parts(TextData())
    with pytest.raises(ConfigError, match=r"without data\.test and data\.test_share"):
        read_test(TextData(train=["x.tsv"]))
    with pytest.raises(ConfigError, match="choose one of test"):
        build(TextData, {"test": ["x"], "test_share": 0.1}, "[data]")


def test_the_test_part_is_none_of_the_training(tmp_path):
    parts = parts_of(tmp_path, MANY, test_share=0.2)
    assert [len(part) for part in (parts.train, parts.valid, parts.test)] == [14, 2, 4]
    assert not set(parts.test.texts) & {*parts.train.texts, *parts.valid.texts}
