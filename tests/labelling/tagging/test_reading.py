import gzip
from pathlib import Path

import pytest

from seqkit.errors import ConfigError, DataError
from seqkit.labelling.tagging.reading import Columns, format_of, read_sentences


@pytest.fixture
def file(tmp_path):
    def write(text, name="a.conll"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_columns_stand_between_blanks_or_tabs_and_empty_lines_end_sentences(file):
    path = file("He PRP B-NP\nruns VBZ B-VP\n\n\nNew York\tNNP\tB-NP\n \n")
    assert read_sentences([path]) == [
        (["He", "runs"], ["B-NP", "B-VP"]),
        (["New York"], ["B-NP"]),
    ]


def test_any_column_can_be_chosen(file):
    path = file("He PRP B-NP\nruns VBZ B-VP\n")
    assert read_sentences([path], columns=Columns(tag=2)) == [(["He", "runs"], ["PRP", "VBZ"])]
    assert read_sentences([path], columns=Columns(word=3, tag=1))[0].words == ["B-NP", "B-VP"]


def test_line_ends_of_windows_byte_order_marks_and_packed_files_are_read(tmp_path):
    path = tmp_path / "a.conll.gz"
    path.write_bytes(gzip.compress("\ufeffHe PRP\r\n\r\nruns VBZ\r\n".encode()))
    assert read_sentences([path]) == [(["He"], ["PRP"]), (["runs"], ["VBZ"])]


def test_documents_of_conll_2003_are_no_words(file):
    path = file("-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\n")
    assert read_sentences([path]) == [(["EU"], ["I-ORG"])]


CONLLU = """\
# sent_id = 1
# text = vámonos al mar
1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tvamos\tir\tVERB\t_\t_\t_\t_\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t_\t_\t_\t_
2.1\tghost\t_\tX\t_\t_\t_\t_\t_\t_
3\tmar\tmar\tNOUN\tNN\t_\t_\t_\t_\t_
"""


def test_conllu_is_read_without_ranges_and_empty_nodes(file):
    path = file(CONLLU, "a.conllu")
    assert read_sentences([path]) == [(["vamos", "nos", "mar"], ["VERB", "PRON", "NOUN"])]
    assert read_sentences([path], columns=Columns(tag=5))[0].tags == ["_", "_", "NN"]


def test_words_with_tags_may_hold_slashes(file):
    path = file("1/2/m  的/u\n\n世纪/n\n")
    assert read_sentences([path], "word/tag") == [(["1/2", "的"], ["m", "u"]), (["世纪"], ["n"])]


def test_segmented_text_is_words_without_tags(file):
    path = file("上海  推  “\n本 报\n")
    assert read_sentences([path], "segmented") == [(["上海", "推", "“"], []), (["本", "报"], [])]


@pytest.mark.parametrize(
    ("text", "form", "message"),
    [
        ("a X\nb\n", "conll", ":2: 1 columns, and 2 in the rows before"),
        ("a\tX\n\n\tX\n", "conll", ":3: column 1 is empty"),
        ("a\tX\nb\t\n", "conll", ":2: column 2 is empty"),
        ("a\nb\n", "conll", ':1: one column, .* set data.format = "segmented"'),
        ("1\ta\tb\n", "conllu", ":1: 3 columns between tabs; CoNLL-U has 10"),
        ("a/X b\n", "word/tag", ":1: 'b' is not WORD/TAG"),
        ("a/X /X\n", "word/tag", ":1: '/X' is not WORD/TAG"),
        ("\n \n", "conll", "there is no sentence in it"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(file, text, form, message):
    with pytest.raises(DataError, match=f"a.conll:? ?{message}|a.conll{message}"):
        read_sentences([file(text)], form)


def test_a_column_that_is_not_there_is_named(file):
    with pytest.raises(DataError, match=r"a.conll:1: 2 columns, so there is no column 4"):
        read_sentences([file("a X\n")], columns=Columns(tag=4))
    with pytest.raises(ConfigError, match=r"has no columns: set data.word and data.tag to 0"):
        read_sentences([file("a/X\n")], "word/tag", Columns(tag=2))


def test_a_format_is_never_guessed_from_the_text():
    for ending in ("gz", "bz2", "xz", "zst"):
        assert format_of(Path(f"x.train.conllu.{ending}")) == "conllu"
    assert format_of(Path("x.iob2")) == "conll"
    said = r"train.txt: its name does not say its format: name it \*.conllu, .* one of conll,"
    with pytest.raises(ConfigError, match=said):
        format_of(Path("train.txt"))


def test_a_word_that_occurs_often_is_in_memory_once(file):
    path = file("the D\ncat N\n\nthe D\n")
    first, second = read_sentences([path])
    assert first.words[0] is second.words[0]
    assert first.tags[0] is second.tags[0]
