import gzip

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqkit.data import read_lines, read_parallel
from seqkit.data.parallel import Skipped, read_references
from seqkit.errors import DataError

QUICK = settings(deadline=None, database=None)
LINE = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\n"),
        st.sampled_from("\u2028\r\x85\x0b a"),
    )
)


def write(path, *lines):
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["text", "text.gz"])
def test_the_lines_read_are_those_that_were_written(tmp_path, name):
    @QUICK
    @given(st.lists(LINE))
    @example(["a\u2028b", "c\rd\r", "e\x85f\x0bg\x0ch\x1ci"])
    def check(lines):
        assert list(read_lines(write(tmp_path / name, *lines))) == lines

    check()


def test_a_last_line_without_an_end_is_a_line_and_an_empty_file_has_none(tmp_path):
    (tmp_path / "a").write_bytes(b"one\ntwo")
    (tmp_path / "b").write_bytes(b"")
    assert list(read_lines(tmp_path / "a")) == ["one", "two"]
    assert list(read_lines(tmp_path / "b")) == []


def test_the_error_for_bytes_that_are_not_utf8_names_file_line_and_column(tmp_path):
    for path in (tmp_path / "latin", tmp_path / "latin.gz"):
        data = "gut\nschön\n".encode("latin-1")
        path.write_bytes(gzip.compress(data) if path.suffix else data)
        with pytest.raises(
            DataError, match=rf"{path.name}:2: not UTF-8: byte 0xf6 at column 4; if"
        ):
            list(read_lines(path))


def test_lines_before_an_invalid_one_are_read(tmp_path):
    (tmp_path / "text").write_bytes(b"good\n\xff\n")
    lines = read_lines(tmp_path / "text")
    assert next(lines) == "good"
    with pytest.raises(DataError, match=r"text:2: not UTF-8"):
        next(lines)


def test_errors_for_a_missing_file_and_for_a_folder_name_them(tmp_path):
    for name in ("none", "none.gz"):
        with pytest.raises(DataError, match=rf"cannot read .*/{name}: No such file or directory$"):
            list(read_lines(tmp_path / name))
    (tmp_path / "folder.gz").mkdir()
    for path in (tmp_path, tmp_path / "folder.gz"):
        with pytest.raises(DataError, match=rf"cannot read .*{path.name}: Is a directory$"):
            list(read_lines(path))


def test_the_error_for_a_truncated_or_damaged_gzip_file_names_it(tmp_path):
    whole = gzip.compress("".join(f"line {i * i}\n" for i in range(999)).encode())
    path = tmp_path / "text.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"text\.gz is damaged: it is not a whole gzip file"):
        list(read_lines(path))
    path.write_bytes(whole[:30] + bytes(255 - byte for byte in whole[30:60]) + whole[60:])
    with pytest.raises(DataError, match=r"text\.gz is damaged|cannot read .*text\.gz: "):
        list(read_lines(path))


@pytest.mark.parametrize(("left", "right"), [("s", "t"), ("s.gz", "t"), ("s.gz", "t.gz")])
def test_two_files_give_pairs_of_their_lines(tmp_path, left, right):
    files = [
        write(tmp_path / left, "ein\u2028s", "zwei\r"),
        write(tmp_path / right, "one", "two\x85"),
    ]
    text = read_parallel(files)
    assert (text.sources, text.targets) == (["ein\u2028s", "zwei\r"], ["one", "two\x85"])
    assert len(text) == 2
    assert str(text.skipped) == ""


@pytest.mark.parametrize("name", ["pairs.tsv", "pairs.tsv.gz"])
def test_a_tsv_gives_the_columns_asked_for(tmp_path, name):
    path = write(tmp_path / name, "one\teins\tA. N.", "two\tzwei\tcc by")
    assert read_parallel([path]).targets == ["eins", "zwei"]
    swapped = read_parallel([path], (2, 1))
    assert (swapped.sources, swapped.targets) == (["eins", "zwei"], ["one", "two"])
    assert read_parallel([path], (3, 2)).sources == ["A. N.", "cc by"]


@pytest.mark.parametrize(("short", "long"), [("s", "t"), ("t", "s")])
def test_the_error_for_files_of_unequal_length_gives_their_line_counts(tmp_path, short, long):
    write(tmp_path / short, *["x"] * 3)
    write(tmp_path / long, *["x"] * 1205)
    with pytest.raises(
        DataError, match=rf"not parallel: .*/{short} has 3 lines, .*/{long} has 1,205$"
    ):
        read_parallel([tmp_path / "s", tmp_path / "t"])


def test_an_empty_file_beside_a_full_one_is_not_parallel(tmp_path):
    files = [write(tmp_path / "s"), write(tmp_path / "t", "x")]
    with pytest.raises(DataError, match=r"not parallel: .*/s has 0 lines, .*/t has 1$"):
        read_parallel(files)


def test_pairs_with_an_empty_side_are_left_out_and_counted(tmp_path):
    files = [
        write(tmp_path / "s", "a", "", "c", " \t", "e"),
        write(tmp_path / "t", "A", "B", "\u00a0", "", "E"),
    ]
    text = read_parallel(files)
    assert (text.sources, text.targets) == (["a", "e"], ["A", "E"])
    assert text.skipped.empty == 3
    assert str(text.skipped) == "skipped 3 with an empty side"


def test_the_report_counts_each_reason():
    assert str(Skipped(long=2)) == "skipped 2 over-long"
    assert str(Skipped(empty=1, long=1234)) == "skipped 1 with an empty side and 1,234 over-long"


@pytest.mark.parametrize(
    ("line", "found"), [("only one", "1 column"), ("", "1 column"), ("a\tb", "2 columns")]
)
def test_the_error_for_a_tsv_line_without_the_columns_names_it(tmp_path, line, found):
    path = write(tmp_path / "pairs.tsv", "a\tb\tc", line)
    with pytest.raises(
        DataError, match=rf"pairs\.tsv:2: expected tab-separated columns 1 and 3, found {found}$"
    ):
        read_parallel([path], (1, 3))


@pytest.mark.parametrize("columns", [(0, 1), (1, -1)])
def test_columns_are_counted_from_1(tmp_path, columns):
    with pytest.raises(DataError, match=r"columns of .*pairs\.tsv are counted from 1, not (0|-1)$"):
        read_parallel([write(tmp_path / "pairs.tsv", "a\tb")], columns)


@pytest.mark.parametrize("n", [0, 3])
def test_parallel_text_is_one_file_or_two(tmp_path, n):
    with pytest.raises(DataError, match=f"one TSV or two files, not {n}"):
        read_parallel([tmp_path / "x"] * n)


def test_equal_sources_of_a_tsv_share_their_references(tmp_path):
    path = write(tmp_path / "pairs.tsv", "hi\thallo", "bye\ttschüss", "hi\tguten Tag", "hi\tservus")
    sources, columns = read_references([path])
    assert sources == ["hi", "bye"]
    assert columns == [["hallo", "tschüss"], ["guten Tag", None], ["servus", None]]


def test_every_reference_file_is_a_column(tmp_path):
    files = [write(tmp_path / n, *lines) for n, lines in (("s", "ab"), ("r1", "AB"), ("r2", "CD"))]
    assert read_references(files) == (["a", "b"], [["A", "B"], ["C", "D"]])
    write(tmp_path / "r2", "C")
    with pytest.raises(DataError, match=r"not parallel: .*/r2 has 1 lines, .*/s has 2$"):
        read_references(files)


def test_nothing_to_score_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"pairs\.tsv is empty: there is nothing to score"):
        read_references([write(tmp_path / "pairs.tsv")])


def test_parallel_text_has_a_short_repr(tmp_path):
    path = write(tmp_path / "pairs.tsv", "hi\thallo", "bye\t", "one\teins")
    assert repr(read_parallel([path])) == "<ParallelText: 2 pairs, skipped 1 with an empty side>"
    assert repr(read_parallel([path], (1, 1))) == "<ParallelText: 3 pairs>"
