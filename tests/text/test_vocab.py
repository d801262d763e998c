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
    for vocab in (
        Vocab([]),
        Vocab(["a"]),
        Vocab.build([["<eos>", "b", "<eos>"]]),
        Vocab.build([], max_size=2),
    ):
        assert (
            (vocab["<pad>"], vocab["<unk>"], vocab["<bos>"], vocab["<eos>"])
            == (PAD, UNK, BOS, EOS)
            == (0, 1, 2, 3)
        )
        assert vocab.tokens[:4] == SPECIALS


@QUICK
@given(CORPUS)
def test_counts_are_those_of_a_counter(corpus):
    counter = Counter(token for sentence in corpus for token in sentence)
    vocab = Vocab.build(corpus)
    assert dict(zip(vocab.tokens, vocab.counts, strict=True)) == {
        **dict.fromkeys(SPECIALS, 0),
        **counter,
    }
    wanted = [(n, token) for token, n in counter.items() if token not in SPECIALS]
    assert list(vocab.tokens[4:]) == [
        token for n, token in sorted(wanted, key=lambda pair: (-pair[0], pair[1]))
    ]


@QUICK
@given(CORPUS, st.integers(1, 4), st.integers(0, 9))
def test_rare_tokens_and_those_beyond_the_size_count_for_unk(corpus, min_freq, max_size):
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
    vocab = Vocab("ab")
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


def test_the_file_is_one_a_person_can_read(tmp_path):
    Vocab.build([["the", "a", "the", "tab\there"]]).save(tmp_path / "vocab.tsv")
    assert (tmp_path / "vocab.tsv").read_text(
        encoding="utf-8"
    ) == HEAD + "the\t2\na\t1\ntab\\there\t1\n"


def test_vocabularies_of_the_same_tokens_in_another_order_differ():
    assert Vocab("ab") != Vocab("ba")
    assert Vocab("ab") != ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEAD + "the\t3\nno tab here\n", r"vocab\.tsv:6: expected TOKEN<tab>COUNT"),
        (HEAD + "the\tmany\n", r"vocab\.tsv:5: expected TOKEN<tab>COUNT"),
        (HEAD + "\n", r"vocab\.tsv:5: expected TOKEN<tab>COUNT"),
        ("", r"vocab\.tsv:1: expected TOKEN<tab>COUNT"),
        ("the\t3\n" + HEAD, r"vocab\.tsv: the first four tokens must be <pad> <unk> <bos> <eos>"),
        ("<pad>\t0\n", r"vocab\.tsv: the first four tokens must be <pad> <unk> <bos> <eos>"),
        (HEAD + "the\t3\nthe\t2\n", r"vocab\.tsv: vocabulary has the same token twice: 'the'"),
        (b"\xff\t1\n", r"vocab\.tsv is not UTF-8"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, content, message):
    path = tmp_path / "vocab.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message):
        Vocab.load(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(
        DataError, match=r"cannot read vocabulary .*vocab\.tsv: No such file or directory"
    ):
        Vocab.load(tmp_path / "vocab.tsv")
    with pytest.raises(DataError, match=r"cannot read vocabulary .*: Is a directory"):
        Vocab.load(tmp_path)


def test_a_vocabulary_is_refused_if_a_token_occurs_twice_or_the_counts_are_too_few():
    with pytest.raises(DataError, match=r"the same token twice: 'a'$"):
        Vocab(["a", "b", "a"])
    with pytest.raises(DataError, match="the same token twice: '<eos>'"):
        Vocab(["<eos>"])
    with pytest.raises(DataError, match="has 5 tokens but 1 counts"):
        Vocab(["a"], [1])
