"""Counting: the same for any memory and blocks; what is a word, and what is a line."""

import errno
import os
import tempfile
from itertools import pairwise

import numpy as np
import pytest
from ngram.slow import ngrams, some_lines

from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.ngram import storage
from seqkit.ngram.counts import ranges_of
from seqkit.ngram.text import blocks, from_lines
from seqkit.ngram.training import count_blocks


def counted(lines, order=3, **options):
    return ngram.count(lines, order=order, **options)


def as_dict(counts):
    """{n-gram: count}, each n-gram spelled out from the tables."""
    words = [word.decode() for word in counts.words]
    grams, found = [(word,) for word in words], {}
    found.update(zip(grams, counts.tables[0].counts.tolist(), strict=True))
    for table in counts.tables[1:]:
        suffixes, first = np.divmod(table.keys, len(words))
        longer = [
            (words[a], *grams[b]) for a, b in zip(first.tolist(), suffixes.tolist(), strict=True)
        ]
        for gram, context in zip(longer, table.contexts.tolist(), strict=True):
            assert gram[:-1] == grams[context]
        grams = longer
        found.update(zip(grams, table.counts.tolist(), strict=True))
    return found


def equal(one, other):
    assert (one.words, one.tokens, one.order) == (other.words, other.tokens, other.order)
    for ours, theirs in zip(one.tables, other.tables, strict=True):
        for column in ("keys", "counts", "contexts"):
            assert np.array_equal(getattr(ours, column), getattr(theirs, column)), column


@pytest.mark.parametrize("order", [1, 2, 5])
def test_counts_equal_those_of_a_dictionary(order):
    lines = some_lines(1)
    found = as_dict(counted(lines, order))
    assert {gram: n for gram, n in found.items() if n} == dict(ngrams(lines, order))
    assert [gram for gram, n in found.items() if not n] == [("<unk>",), ("<s>",)]


def test_tables_are_in_suffix_order():
    counts = counted(some_lines(2), 4)
    ids = {word.decode(): i for i, word in enumerate(counts.words)}
    order = [[ids[word] for word in reversed(gram)] for gram in as_dict(counts)]
    for k in range(1, 5):
        rows = [row for row in order if len(row) == k]
        assert rows == sorted(rows)
        assert len(rows) > 3


@pytest.fixture(scope="module")
def long_text():
    """30,000 tokens: with the smallest memory, ranges of 4096 are sorted, and all is in files."""
    rng = np.random.default_rng(4)
    lines = [" ".join(map(str, row)) for row in rng.zipf(1.6, (3000, 8)).clip(max=300)]
    return [*lines[:900], "", *["long " * 6000], "", "", *lines[900:]]


@pytest.fixture
def temporary_files(monkeypatch):
    """Collects the temporary files that are made."""
    made = []
    make = tempfile.TemporaryFile

    def making(*given, **named):
        made.append(make(*given, **named))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", making)
    return made


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("cores", [1, 3])
def test_counting_with_little_memory_gives_the_same_tables(
    long_text, order, cores, monkeypatch, temporary_files
):
    monkeypatch.setattr(storage, "cores", lambda: cores)
    little = counted(long_text, order, memory=1)
    assert len(temporary_files) == 1 + 3 * (order - 1)
    temporary_files.clear()
    equal(little, counted(long_text, order))
    assert not temporary_files


def test_ranges_hold_few_tokens_each_and_every_token_once(long_text):
    ids = np.array([2, 2, *np.random.default_rng(5).zipf(1.5, 4000).clip(max=50) + 2], np.int32)
    unigrams = np.bincount(ids[2:], minlength=60)
    found = [part.columns(ids, 2, 2) for part in ranges_of(ids, 2, unigrams, 300)]
    pairs = [list(zip(*map(np.ndarray.tolist, both), strict=True)) for both in found]
    pairs = [each for each in pairs if each]
    every = list(zip(ids[2:].tolist(), ids[1:].tolist(), strict=False))
    assert sorted(pair for each in pairs for pair in each) == sorted(every)
    assert all(len(each) <= 300 or len(set(each)) == 1 for each in pairs)
    assert max(unigrams) > 300
    assert all(max(a) < min(b) for a, b in pairwise(pairs))


def test_temporary_files_have_no_names(long_text, tmp_path, monkeypatch, temporary_files):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    counts = counted(long_text, 3, memory=1)
    assert temporary_files
    assert counts.tables[2].keys.sum()  # still there
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_line(long_text, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(DataError, match=r"cannot sort on disk in .*: No space left .* Set TMPDIR"):
        ngram.train(long_text, order=3, memory=1)


@pytest.mark.parametrize("smoothing", ["modified-kneser-ney", "witten-bell", "katz"])
@pytest.mark.parametrize("prune", [(), (0, 1, 2)])
def test_models_do_not_depend_on_memory_blocks_or_cores(
    long_text, smoothing, prune, tmp_path, monkeypatch
):
    settings = {"order": 4, "smoothing": smoothing, "prune": prune}
    whole = ngram.train(long_text, **settings)
    monkeypatch.setattr("seqkit.ngram.text._BLOCK", 1000)
    assert len(list(from_lines(long_text))) > 50
    in_pieces = ngram.train(long_text, **settings)

    monkeypatch.setattr(storage, "_STRETCH", 1000)
    monkeypatch.setattr(storage, "cores", lambda: 3)
    monkeypatch.setattr("seqkit.ngram.interpolation._HISTORIES", 50)
    little = ngram.train(long_text, **settings, memory=1)
    ngram.save(little, tmp_path / "lm.bin")
    assert len(whole.grams[2].keys) > 1000
    for other in (in_pieces, little, ngram.load(tmp_path / "lm.bin")):
        assert other.words == whole.words
        for level, same in zip(other.grams, whole.grams, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(level, same, strict=True))


@pytest.mark.parametrize("size", [1, 5, 7, 64, 1 << 24])
@pytest.mark.parametrize("end", ["", "\n"])
def test_reading_a_file_in_blocks_keeps_its_lines(tmp_path, monkeypatch, size, end):
    lines = ["a bb", "", "ccc d e", "ä\u00a0ö x", "", "last line"]
    path = tmp_path / "text"
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    monkeypatch.setattr("seqkit.ngram.text._BLOCK", size)
    found = list(blocks(path))
    assert b"".join(found).decode() == "\n".join(lines) + "\n"
    assert all(block.endswith(b"\n") for block in found)
    assert len(found) > 1 or size > 20
    equal(count_blocks((("text", block) for block in found), order=2), counted(lines, 2))


def test_an_unterminated_last_line_ends_like_any_other(tmp_path):
    (tmp_path / "text").write_text("a b\nc d")
    named = [("text", block) for block in blocks(tmp_path / "text")]
    assert as_dict(count_blocks(named, order=2))["d", "</s>"] == 1


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path, monkeypatch):
    (tmp_path / "text").write_bytes(b"a\nb\nc \xff d\n")
    for size in (2, 5, 1 << 24):
        monkeypatch.setattr("seqkit.ngram.text._BLOCK", size)
        with pytest.raises(DataError, match=r"text:3: not UTF-8: byte 0xff"):
            list(blocks(tmp_path / "text"))


def test_a_blank_line_is_a_sentence_without_words():
    assert as_dict(counted(["", "a", "  \t"], 2)) == {
        **{("<unk>",): 0, ("<s>",): 0, ("</s>",): 3, ("a",): 1},
        **{("<s>", "</s>"): 2, ("<s>", "a"): 1, ("a", "</s>"): 1},
    }


def test_counting_splits_lines_as_training_does():
    lines = ["ab ba", "b!"]
    found = ngram.count(lines, order=2, tokenizer="char")
    model = ngram.train(lines, order=2, tokenizer="char")
    assert [word.decode() for word in found.words] == model.words
    assert as_dict(found)["a", "b"] == 1
    assert as_dict(found)["b", "▁"] == 1


def test_lines_may_end_in_a_line_break_but_not_contain_one(tmp_path):
    (tmp_path / "text").write_text("a b\n\nc\n")
    with (tmp_path / "text").open() as file:
        equal(counted(file), counted(["a b", "", "c"]))
    for make in (ngram.count, ngram.train):
        with pytest.raises(DataError, match="holds a line break: give its lines one by one"):
            make(["a b", "c\nd"], order=2)
        with pytest.raises(TypeError, match="give a list of texts, not one string"):
            make("a b", order=2)


def test_only_ascii_white_space_separates_words():
    line = "a\tb\rc\0d  e\u00a0f\u2003g\x1ch\x85i\u2028j"
    assert [word.decode() for word in counted([line], 1).words[3:]] == [
        *"abcd",
        "e\u00a0f\u2003g\x1ch\x85i\u2028j",
    ]
    model = ngram.train([line, line.replace("\0", "\r ")], order=2)
    assert len(list(model.full_scores(line))) == 6
    assert "e\u00a0f\u2003g\x1ch\x85i\u2028j" in model


def test_a_carriage_return_before_the_end_of_a_line_is_ignored():
    equal(counted(["a b\r", "\r"], 2), counted(["a b", ""], 2))


@pytest.mark.parametrize("word", ["<unk>", "<s>", "</s>"])
def test_special_words_in_the_text_are_refused_with_their_line(word):
    with pytest.raises(
        DataError, match=rf"^the text:3: the text holds the special word {word}; --unk skip"
    ):
        ngram.train(["a b", "", f"c {word} d", word], order=2)
    ngram.train([f"c x{word}", f"{word}y"], order=2)  # a part of a word


def test_line_numbers_continue_from_block_to_block(tmp_path, monkeypatch):
    monkeypatch.setattr("seqkit.ngram.text._BLOCK", 4)
    with pytest.raises(DataError, match=r"^the text:5: "):
        ngram.train(["a b c", "d", "e f", "g", "h <unk>"], order=2)


@pytest.mark.parametrize("word", ["<unk>", "<s>", "</s>"])
def test_special_words_can_be_skipped_as_if_they_were_white_space(word):
    skipped = counted([f"the {word} cat", word, f"{word}"], 2, unk="skip")
    equal(skipped, counted(["the cat", "", ""], 2))


def test_the_unknown_word_can_be_kept_as_a_word():
    lines = ["the <unk> cat", "<unk> <unk>"]
    found = as_dict(counted(lines, 3, unk="keep"))
    renamed = as_dict(counted([line.replace("<unk>", "UNK") for line in lines], 3))
    assert found == {
        tuple(word.replace("UNK", "<unk>") for word in gram): n
        for gram, n in renamed.items()
        if gram != ("<unk>",)
    }
    for word in ("<s>", "</s>"):
        with pytest.raises(
            DataError, match=rf"special word {word}; --unk skip takes it for white space$"
        ):
            counted([f"a {word}"], unk="keep")


def test_an_unknown_value_for_special_words_is_refused():
    with pytest.raises(ConfigError, match="whatever"):
        ngram.train(["a <unk>"], order=2, unk="whatever")


def test_a_kept_unknown_word_is_a_word_of_the_model_and_other_words_are_out_of_vocabulary():
    lines = ["the <unk> cat", "<unk> <unk> cat sat"]
    kept = ngram.train(lines, order=2, unk="keep", smoothing="witten-bell")
    renamed = ngram.train(
        [line.replace("<unk>", "UNK") for line in lines], order=2, smoothing="witten-bell"
    )
    assert "<unk>" in kept
    assert "UNK" in renamed
    assert "<unk>" not in renamed
    assert kept.evaluate(["the <unk> dog"]).oov == 1
    assert renamed.evaluate(["the <unk> dog"]).oov == 2
    assert kept.signature_fields()["oov"] == "word"
    assert [length for _, length, _ in kept.full_scores("the <unk> cat")] == [2, 2, 2, 2]
    total = sum(
        10 ** next(kept.full_scores(word))[0] for word in ["the", "cat", "sat", "<unk>", ""]
    )
    assert total == pytest.approx(1, abs=1e-5)
