"""Every reader of text: marks, packings, encodings, long lines, stdin and names of files."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import threading

import pytest
import zstandard

from seqkit.data import files, read_lines, read_parallel, unpacking
from seqkit.data.files import open_bytes, read_blocks, read_chunks
from seqkit.data.parallel import read_references
from seqkit.errors import ConfigError, DataError
from seqkit.text.decoding import check_encoding

MARK = "\ufeff"
TEXT = "one\nzwei Wörter\n\n三\n"
LINES = ["one", "zwei Wörter", "", "三"]
PACK = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,  # as the program does
}


def chunks_of(path):
    return [line for chunk in read_chunks(path) for line in chunk]


def blocks_of(path):
    text = b"".join(read_blocks(path, 1 << 20)).decode()
    return text.removesuffix("\n").split("\n")


READERS = {"lines": lambda path: list(read_lines(path)), "chunks": chunks_of, "blocks": blocks_of}


@pytest.fixture(params=READERS)
def read(request):
    return READERS[request.param]


@pytest.fixture
def stdin(monkeypatch):
    def give(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


# Byte-order marks


@pytest.mark.parametrize("pack", PACK)
def test_a_byte_order_mark_is_no_text(tmp_path, read, pack):
    path = tmp_path / "text"
    path.write_bytes(PACK[pack]((MARK + TEXT).encode()))
    assert read(path) == LINES


def test_only_the_first_mark_is_taken_away(tmp_path, read):
    (tmp_path / "text").write_text(f"{MARK}{MARK}a\n{MARK}b", encoding="utf-8")
    assert read(tmp_path / "text") == [f"{MARK}a", f"{MARK}b"]


@pytest.mark.parametrize("text", ["", "a", "\n"])
def test_a_mark_before_little_or_nothing_is_no_text(tmp_path, text):
    (tmp_path / "text").write_bytes((MARK + text).encode())
    assert list(read_lines(tmp_path / "text")) == text.splitlines()


def test_a_mark_adds_no_source_to_a_test_set_and_changes_no_pair(tmp_path):
    rows = "a b\teins\na b\tzwei\n"
    (tmp_path / "test.tsv").write_bytes((MARK + rows).encode())
    sources, references = read_references([tmp_path / "test.tsv"])
    assert (sources, references) == (["a b"], [["eins"], ["zwei"]])

    for name, text in {"s": "a b\n", "t": "eins\n"}.items():
        (tmp_path / name).write_bytes((MARK + text).encode())
    pairs = read_parallel([tmp_path / "s", tmp_path / "t"])
    assert (pairs.sources, pairs.targets) == (["a b"], ["eins"])


# Packed files


@pytest.mark.parametrize("name", ["text", "text.gz", "text.txt"])
@pytest.mark.parametrize("pack", PACK)
def test_a_packed_file_is_known_by_its_content_and_not_by_its_name(tmp_path, read, pack, name):
    (tmp_path / name).write_bytes(PACK[pack](TEXT.encode()))
    assert read(tmp_path / name) == LINES


@pytest.mark.parametrize("pack", [pack for pack in PACK if pack != "plain"])
def test_parts_that_were_packed_one_by_one_are_one_text(tmp_path, pack):
    parts = [PACK[pack](line.encode()) for line in ("a\nb", "c\n", "d\n")]
    (tmp_path / "text").write_bytes(b"".join(parts))
    assert list(read_lines(tmp_path / "text")) == ["a", "bc", "d"]


@pytest.mark.parametrize("pack", [pack for pack in PACK if pack != "plain"])
def test_the_error_for_a_damaged_packed_file_names_it_and_its_kind(tmp_path, read, pack):
    whole = PACK[pack]("".join(f"line {i * i}\n" for i in range(999)).encode())
    path = tmp_path / "text"
    for data in (whole[:-20], whole[:40] + bytes(20) + whole[60:]):
        path.write_bytes(data)
        with pytest.raises(DataError, match=rf"text is damaged: it is not a whole {pack} file$"):
            read(path)


@pytest.mark.parametrize(
    ("magic", "says"),
    [
        (b"7z\xbc\xaf\x27\x1c", r"is a 7z archive: unpack it first \(7z x .*text\)"),
        (b"PK\x03\x04", r"is a zip archive: unpack it first \(unzip .*text\)"),
    ],
)
def test_other_archives_are_named_with_the_way_out(tmp_path, read, magic, says):
    (tmp_path / "text").write_bytes(magic + b"content")
    with pytest.raises(DataError, match=says):
        read(tmp_path / "text")


@pytest.mark.parametrize("pack", ["gzip", "xz", "zstd"])
def test_what_unpacks_without_end_is_refused_in_time(tmp_path, read, pack, monkeypatch):
    monkeypatch.setattr(unpacking, "_FREE", 1 << 22)
    path = tmp_path / "bomb"
    path.write_bytes(PACK[pack](bytes(1 << 25)))
    says = r"bomb unpacks to more than 300 times its size.*SEQKIT_LIMITS=off reads it"
    with pytest.raises(DataError, match=says):
        read(path)
    with pytest.raises(DataError, match=says), open_bytes(path) as file:
        file.read()

    monkeypatch.setenv("SEQKIT_LIMITS", "off")
    with open_bytes(path) as file:
        assert len(file.read()) == 1 << 25


def test_without_the_library_for_zstd_its_package_is_named(tmp_path, read, monkeypatch):
    (tmp_path / "text").write_bytes(PACK["zstd"](b"one"))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ConfigError, match=r"text is packed by zstd: pip install 'seqkit\[zstd\]'"):
        read(tmp_path / "text")


def test_text_that_repeats_itself_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "_FREE", 1 << 16)
    text = "".join(f"the number {i} is said once more\n" for i in range(20_000))
    (tmp_path / "text").write_bytes(gzip.compress(text.encode()))
    assert sum(1 for _ in read_lines(tmp_path / "text")) == 20_000


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path, read, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_LINE", 1 << 22)
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.truncate(1 << 24)  # zeros, which take no room
    with pytest.raises(DataError, match=r"disk has a line of more than 4 MB: .*SEQKIT_LIMITS=off"):
        read(path)

    monkeypatch.setenv("SEQKIT_LIMITS", "off")
    assert len(read(path)[0]) == 1 << 24


# Encodings

WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
TEXTS = {
    "english": "Hello world\nhow are you?\n",
    "russian": "Привет мир\nкак дела, друг?\n",
    "hindi": "नमस्ते दुनिया\nयह एक है\n",
    "chinese": "你好，世界。\n我 很好 1\n",
    "emoji": "hi 😀\n",
}


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("text", TEXTS)
def test_utf_16_and_utf_32_are_named_with_a_line_that_converts_them(tmp_path, read, text, encoding):
    path = tmp_path / "my text"
    path.write_bytes((TEXTS[text] * 50).encode(encoding))
    with pytest.raises(DataError) as caught:
        read(path)

    name = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
    says, command = str(caught.value).split(": convert it: ")
    assert says == f"{path}:1: not UTF-8 but {name}"
    subprocess.run(command, shell=True, check=True)
    assert list(read_lines(f"{path}.utf8")) == (TEXTS[text] * 50).splitlines()


@pytest.mark.parametrize(
    "data", [b"a\0b\n", b"\0\0\0\0", b"\0\n", b"ab\0", b"one\0two\0", b"a\tb\0"]
)
def test_a_few_nul_characters_are_not_utf_16(data):
    check_encoding(data, "text")


def test_utf_16_is_named_where_it_is_packed_or_comes_by_a_pipe(tmp_path, stdin):
    data = "Hello\n".encode("utf-16")
    (tmp_path / "text.gz").write_bytes(gzip.compress(data))
    with pytest.raises(DataError, match=r"convert it: gzip -dc .*text\.gz \| iconv -f UTF-16 -t"):
        list(read_lines(tmp_path / "text.gz"))

    stdin(data)
    with pytest.raises(DataError, match=r"^stdin:1: not UTF-8 but UTF-16: put `iconv -f UTF-16 "):
        list(read_lines("-"))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "gb18030", "cp1251"])
def test_bytes_of_other_encodings_are_named_by_file_and_line_with_the_way_out(
    tmp_path, read, encoding
):
    text = "good\n" * 20_000 + ("плохо\n" if encoding == "cp1251" else "ÄÖÜ ß\n")
    (tmp_path / "text").write_bytes(text.encode(encoding))
    says = r"text:20001: not UTF-8: byte 0x.. at column 1; .* iconv -f WINDOWS-1252 -t UTF-8 "
    with pytest.raises(DataError, match=says):
        read(tmp_path / "text")


def test_halves_of_surrogates_in_a_file_are_named(tmp_path, read):
    (tmp_path / "text").write_bytes(b"good\nbad \xed\xa0\xbd\n")
    with pytest.raises(
        DataError, match=r"text:2: the line holds half a surrogate pair \('\\ud83d'"
    ):
        read(tmp_path / "text")


@pytest.mark.parametrize("line", [2, 40_000])
def test_the_lines_before_a_bad_one_are_given_first(tmp_path, line):
    (tmp_path / "text").write_bytes(b"good\n" * (line - 1) + b"\xff\n" + b"good\n" * 9)
    for read in (
        read_lines(tmp_path / "text"),
        (x for c in read_chunks(tmp_path / "text") for x in c),
    ):
        for _ in range(line - 1):
            assert next(read) == "good"
        with pytest.raises(DataError, match=rf"text:{line}: not UTF-8"):
            next(read)


# stdin, pipes, names


@pytest.mark.parametrize("pack", PACK)
def test_a_dash_is_stdin_packed_or_not_and_with_a_mark(stdin, read, pack):
    from pathlib import Path

    stdin(PACK[pack]((MARK + TEXT).encode()))
    assert read(Path("-")) == LINES
    assert not sys.stdin.closed  # it is not ours
    assert read(Path("-")) == ([""] if read is blocks_of else [])


def test_stdin_can_be_one_side_of_a_pair(tmp_path, stdin):
    from pathlib import Path

    (tmp_path / "t").write_text("eins\nzwei\n", encoding="utf-8")
    (tmp_path / "u").write_text("EINS\nZWEI\n", encoding="utf-8")
    stdin(b"one\ntwo\n")
    sources, references = read_references([Path("-"), tmp_path / "t", tmp_path / "u"])
    assert (sources, references) == (["one", "two"], [["eins", "zwei"], ["EINS", "ZWEI"]])


def test_a_pipe_is_answered_line_by_line(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    answered = threading.Event()

    def write():
        with path.open("wb", buffering=0) as file:
            file.write(b"a")
            file.write(b"b\n")
            answered.wait(20)
            file.write(b"c\n")

    thread = threading.Thread(target=write)
    thread.start()
    lines = read_lines(path)
    assert next(lines) == "ab"
    answered.set()
    assert list(lines) == ["c"]
    thread.join()


@pytest.mark.parametrize("name", ["a\0b", "\0", "\ud800"])
def test_a_name_that_no_file_can_have_is_one_line(read, name):
    from pathlib import Path

    with pytest.raises(DataError, match=r"^file .* holds a NUL character|^file holds half a surr"):
        read(Path(name))


def test_reading_a_million_lines_takes_no_memory(tmp_path):
    import tracemalloc

    path = tmp_path / "text"
    path.write_bytes(b"this is a line of ordinary length, more or less\n" * 200_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_lines(path)) == 200_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20
