from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqkit.errors import DataError
from seqkit.text import BOS, EOS, PAD, SPECIALS, UNK, Vocab

QUICK = settings(deadline=None, database=None)
CORPUS = st.lists(
    st.lists(
        st.sampled_from(["a", "b", "c", "d", "e", "f", "gg", "hh", "ä", "中", "<unk>", "<eos>"])
    )
)
TOKENS = st.lists(
    st.text(
        st.one_of(
            st.characters(exclude_categories=["Cs"]), st.sampled_from("\\\t\n\r\x85\u2028\0tnr")
        )
    ),
    unique=True,
).map(lambda tokens: [token for token in tokens if token not in SPECIALS])
HEAD = "<pad>\t0\n<unk>\t0\n<bos>\t0\n<eos>\t0\n"


def test_the_specials_are_ids_0_to_3_whatever_the_corpus():
    assert (PAD, UNK, BOS, EOS) == (0, 1, 2, 3)
    built = Vocab.build([["<eos>", "b", "<eos>"]])
    for vocab in (Vocab([]), Vocab(["a"]), built, Vocab.build([], max_size=2)):
        assert vocab.encode(["<pad>", "<unk>", "<bos>", "<eos>"]) == [PAD, UNK, BOS, EOS]
        assert vocab.tokens[:4] == SPECIALS


@QUICK
@given(CORPUS)
def test_counts_are_those_of_a_counter(corpus):
    counter = Counter(token for sentence in corpus for token in sentence)
    vocab = Vocab.build(corpus)
    counts = dict(zip(vocab.tokens, vocab.counts, strict=True))
    assert counts == {**dict.fromkeys(SPECIALS, 0), **counter}

    ordinary = [token for token in counter if token not in SPECIALS]
    by_falling_count = sorted(ordinary, key=lambda token: (-counter[token], token))
    assert list(vocab.tokens[4:]) == by_falling_count


@QUICK
@given(CORPUS, st.integers(1, 4), st.integers(0, 9))
def test_rare_tokens_and_those_beyond_the_maximum_size_count_for_unk(corpus, min_freq, max_size):
    vocab = Vocab.build(corpus, min_freq=min_freq, max_size=max_size)
    everything = Vocab.build(corpus)
    frequent = [
        token for token in everything.tokens[4:] if everything.counts[everything[token]] >= min_freq
    ]
    assert list(vocab.tokens[4:]) == (frequent[: max(0, max_size - 4)] if max_size else frequent)
    assert sum(vocab.counts) == sum(map(len, corpus))
    running = [i for sentence in corpus for i in vocab.encode(sentence)]
    assert vocab.oov_rate == pytest.approx(running.count(UNK) / len(running) if running else 0)


@QUICK
@given(CORPUS, st.randoms(use_true_random=False))
def test_the_ids_do_not_depend_on_the_order_of_the_corpus(corpus, random):
    shuffled = [
        random.sample(sentence, len(sentence)) for sentence in random.sample(corpus, len(corpus))
    ]
    assert Vocab.build(shuffled).tokens == Vocab.build(corpus).tokens


def test_a_corpus_is_read_once_as_a_stream():
    assert Vocab.build(iter(word) for word in iter(["ab", "b"])).tokens[4:] == ("b", "a")


@QUICK
@given(TOKENS)
def test_tokens_encoded_and_decoded_are_the_same_tokens(tokens):
    vocab = Vocab(tokens)
    assert vocab.decode(vocab.encode(tokens)) == tokens
    assert vocab.encode(tokens) == list(range(4, 4 + len(tokens)))
    assert list(vocab) == [*SPECIALS, *tokens]
    assert len(vocab) == 4 + len(tokens)
    assert all(token in vocab and vocab.tokens[vocab[token]] == token for token in tokens)


def test_an_unknown_token_is_unk_and_not_in_the_vocabulary():
    vocab = Vocab(["a"])
    assert vocab["b"] == UNK
    assert "b" not in vocab
    assert vocab.encode(["a", "b"]) == [4, UNK]


def test_decoding_stops_at_eos_and_leaves_out_pad_and_bos():
    vocab = Vocab(list("ab"))
    assert vocab.decode([BOS, 4, PAD, UNK, 5, EOS, 4]) == ["a", "<unk>", "b"]


@QUICK
@given(TOKENS, st.data())
@example(["\\t", "\t", "\\", "\n", "\\\\n", "", "\u2028", "\r"], None)
def test_a_saved_vocabulary_is_loaded_with_its_counts(tmp_path_factory, tokens, data):
    size = len(tokens) + 4
    counts = (
        data.draw(st.lists(st.integers(0, 10**12), min_size=size, max_size=size))
        if data
        else range(size)
    )
    vocab = Vocab(tokens, counts)
    path = tmp_path_factory.mktemp("vocab") / "vocab.tsv"
    vocab.save(path)
    assert b"\r" not in path.read_bytes()
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\t") == len(vocab)
    loaded = Vocab.load(path)
    assert loaded == vocab
    assert hash(loaded) == hash(vocab)
    assert loaded.counts == vocab.counts


def test_the_file_is_readable_text(tmp_path):
    Vocab.build([["the", "a", "the", "tab\there"]]).save(tmp_path / "vocab.tsv")
    text = (tmp_path / "vocab.tsv").read_text(encoding="utf-8")
    assert text == HEAD + "the\t2\na\t1\ntab\\there\t1\n"


def test_vocabularies_of_the_same_tokens_in_another_order_differ():
    assert Vocab(list("ab")) != Vocab(list("ba"))
    assert Vocab(list("ab")) != ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEAD + "the\t3\nno tab here\n", r"vocab\.tsv:6: expected TOKEN<tab>COUNT"),
        (HEAD + "the\tmany\n", r"vocab\.tsv:5: expected TOKEN<tab>COUNT"),
        (HEAD + "\n", r"vocab\.tsv:5: expected TOKEN<tab>COUNT"),
        ("", r"vocab\.tsv: the first tokens must be <pad> <unk> <bos> <eos>"),
        ("the\t3\n" + HEAD, r"vocab\.tsv: the first tokens must be <pad> <unk> <bos> <eos>"),
        ("<pad>\t0\n", r"vocab\.tsv: the first tokens must be <pad> <unk> <bos> <eos>"),
        (HEAD + "the\t3\nthe\t2\n", r"vocab\.tsv: vocabulary has the same token twice: 'the'"),
        (b"\xff\t1\n", r"vocab\.tsv:1: not UTF-8: byte 0xff at column 1"),
        (HEAD.encode("utf-16"), r"vocab\.tsv:1: not UTF-8 but UTF-16: convert it"),
        (HEAD + "the\t" + "1" * 5000 + "\n", r"vocab\.tsv:5: expected TOKEN<tab>COUNT"),
        (HEAD + "the\t-1\n", r"vocab\.tsv:5: expected TOKEN<tab>COUNT"),
    ],
)
def test_the_error_for_a_damaged_file_names_its_line(tmp_path, content, message):
    path = tmp_path / "vocab.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message):
        Vocab.load(path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_editor_s_mark_and_ends_of_lines_change_no_token(tmp_path, end, mark):
    text = mark + HEAD + "the\t3\na\\r\t2\n"
    (tmp_path / "vocab.tsv").write_bytes(text.replace("\n", end).encode())
    found = Vocab.load(tmp_path / "vocab.tsv")
    assert found.tokens[4:] == ("the", "a\r")
    assert found.counts[4:] == (3, 2)


def test_errors_for_a_missing_file_and_for_a_folder_name_them(tmp_path):
    with pytest.raises(
        DataError, match=r"cannot read vocabulary .*vocab\.tsv: No such file or directory"
    ):
        Vocab.load(tmp_path / "vocab.tsv")
    with pytest.raises(DataError, match=r"cannot read vocabulary .*: Is a directory"):
        Vocab.load(tmp_path)
    with pytest.raises(
        DataError, match=r"vocabulary 'a\\x00b' holds a NUL character, which no file name has"
    ):
        Vocab.load("a\0b")


def test_a_repeated_token_and_a_wrong_number_of_counts_are_refused():
    with pytest.raises(DataError, match=r"the same token twice: 'a'$"):
        Vocab(["a", "b", "a"])
    with pytest.raises(DataError, match="the same token twice: '<eos>'"):
        Vocab(["<eos>"])
    with pytest.raises(DataError, match="has 5 tokens but 1 counts"):
        Vocab(["a"], [1])


# Without the specials of text


def test_a_tag_set_has_no_specials(tmp_path):
    tags = Vocab(["noun", "verb"], specials=())
    assert tags.tokens == ("noun", "verb")
    assert tags.encode(["verb", "noun"]) == [1, 0]
    assert tags.decode([1, 0, 1]) == ["verb", "noun", "verb"]
    assert tags.oov_rate == 0


def test_the_error_for_an_unknown_token_without_unk_names_it():
    tags = Vocab(["noun", "verb"], specials=())
    for look_up in (lambda: tags["adverb"], lambda: tags.encode(["noun", "adverb"])):
        with pytest.raises(DataError, match="the vocabulary has no token 'adverb', and no <unk>"):
            look_up()


def test_a_tag_set_is_built_by_falling_count_and_its_size_counts_no_specials():
    sentences = [["noun", "verb", "noun"], ["adverb", "verb", "noun"]]
    tags = Vocab.build(sentences, specials=())
    assert dict(zip(tags.tokens, tags.counts, strict=True)) == {"noun": 3, "verb": 2, "adverb": 1}
    assert Vocab.build(sentences, specials=(), max_size=2).tokens == ("noun", "verb")
    assert Vocab.build(sentences, specials=(), min_freq=3).tokens == ("noun",)


@QUICK
@given(TOKENS)
@example([])
@example(["<unk>", "<eos>"])
def test_a_saved_tag_set_is_loaded_as_it_was(tmp_path_factory, tokens):
    tags = Vocab(tokens, range(len(tokens)), specials=())
    path = tmp_path_factory.mktemp("vocab") / "tags.tsv"
    tags.save(path)
    loaded = Vocab.load(path, specials=())
    assert loaded == tags
    assert loaded.counts == tags.counts


def test_specials_that_are_ordinary_tokens_do_nothing_special():
    listed = Vocab(SPECIALS, specials=())
    assert listed.decode([PAD, BOS, EOS, UNK]) == ["<pad>", "<bos>", "<eos>", "<unk>"]
    assert listed.tokens == Vocab([]).tokens
    assert listed != Vocab([])
    with pytest.raises(DataError, match="no token 'a'"):
        listed["a"]


def test_some_of_the_specials_keep_their_meaning():
    labels = Vocab(["x"], specials=("<pad>", "<unk>"))
    assert labels.encode(["x", "y"]) == [2, UNK]
    assert labels.decode([PAD, 2, UNK]) == ["x", "<unk>"]
    assert Vocab.build([["a", "b", "a"]], max_size=3, specials=("<unk>",)).counts == (0, 2, 1)


def test_a_vocabulary_has_a_short_repr():
    assert repr(Vocab(list("ab"))) == "<Vocab: 6 tokens, 4 special: 'a' 'b'>"
    assert repr(Vocab(["x"], specials=())) == "<Vocab: 1 tokens, 0 special: 'x'>"
    many = Vocab(map(str, range(5000)))
    assert repr(many) == "<Vocab: 5,004 tokens, 4 special: '0' '1' '2' '3' '4' '5' '6' '7' …>"
