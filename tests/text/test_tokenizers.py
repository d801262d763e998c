import json
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from subwords import AWKWARD, LINES, QUICK, TEXT, config

from seqkit.config import build
from seqkit.errors import ConfigError, DataError, UnknownName
from seqkit.plugins import components
from seqkit.text import (
    BOS,
    EOS,
    PAD,
    SPECIALS,
    UNK,
    TextConfig,
    Tokenizer,
    Vocab,
)

NAMES = [entry.name for entry in components().tokenizers]


@pytest.fixture(scope="module", params=NAMES)
def tokenizer(request):
    return Tokenizer.train(LINES, config(tokenizer=request.param))


# Text → tokens → text


@pytest.mark.parametrize("name", ["char", "sentencepiece", "unigram"])
def test_characters_and_subwords_give_back_every_text(name):
    unigram = {"model_type": "unigram", "tokenizer": "sentencepiece"}
    chosen = unigram if name == "unigram" else {"tokenizer": name}
    tokenizer = Tokenizer.train(LINES, config(**chosen))

    @QUICK
    @given(TEXT)
    def check(text):
        ids = tokenizer.encode(text)
        assert UNK not in ids
        assert tokenizer.decode(ids) == text
        assert tokenizer.decode(tokenizer.encode(text, bos=True, eos=True)) == text

    for text in AWKWARD:
        check = example(text)(check)
    check()


@pytest.mark.parametrize("text", ["A\u00a0 man,\tsees   ZÜRICH", "ﬁne  \u200bdogs"])
def test_decoding_is_exact_after_the_declared_normalisation(text):
    steps = ["nfkc", "spaces", "control", "squeeze", "lower"]
    tokenizer = Tokenizer.train(LINES, config(normalize=steps))
    assert tokenizer.decode(tokenizer.encode(text)) == tokenizer.normalizer(text) != text


# Ids


def test_many_texts_at_once_give_the_same_ids_as_one_by_one(tokenizer):
    texts = [*LINES[:5], "", "ein Zug nach Köln 漢字"]
    assert tokenizer.encode_all(texts) == [tokenizer.encode(text) for text in texts]
    with pytest.raises(TypeError, match="give a list of texts, not one string"):
        tokenizer.encode_all("ab")
    ends = tokenizer.encode_all(texts, bos=True, eos=True)
    assert ends == [[BOS, *tokenizer.encode(text), EOS] for text in texts]
    for text in LINES[:20]:
        assert tokenizer.vocab.encode(tokenizer.split(text)) == tokenizer.encode(text)


def test_the_training_text_comes_back_and_has_no_unknown_tokens(tokenizer):
    assert [tokenizer.decode(tokenizer.encode(line)) for line in LINES] == LINES
    assert tokenizer.vocab.oov_rate == 0


def test_counts_are_those_of_the_ids_of_the_training_text(tokenizer):
    counter = Counter(i for line in LINES for i in tokenizer.encode(line))
    assert list(tokenizer.vocab.counts) == [counter[i] for i in range(len(tokenizer.vocab))]


def test_any_ids_decode_to_some_text(tokenizer):
    @QUICK
    @given(st.lists(st.integers(0, len(tokenizer.vocab) - 1)))
    def check(ids):
        text = tokenizer.decode(ids)
        text.encode("utf-8")
        end = ids.index(EOS) if EOS in ids else len(ids)
        assert text == tokenizer.decode([i for i in ids[:end] if i not in (PAD, BOS)])

    check()


def test_bytes_that_spell_no_character_decode_to_the_replacement_character():
    for kind in ("char", "sentencepiece"):
        tokenizer = Tokenizer.train(LINES, config(tokenizer=kind))
        assert "\ufffd" in tokenizer.decode([tokenizer.vocab["<0xC3>"], tokenizer.vocab["<0xC3>"]])


def test_unknown_words_are_unk_and_show_in_the_rate():
    tokenizer = Tokenizer.train(["a b a c"], config(tokenizer="word", min_freq=2))
    assert tokenizer.decode(tokenizer.encode("a b, a")) == "a <unk> <unk> a"
    assert tokenizer.vocab.oov_rate == 0.5


@pytest.mark.parametrize("name", ["whitespace", "word"])
def test_typed_specials_do_nothing(name):
    tokenizer = Tokenizer.train(["a <eos> b <unk> c", "<pad> a"], config(tokenizer=name))
    ids = tokenizer.encode("<pad> a <eos> b <bos> <unk>")
    assert not {PAD, BOS, EOS} & set(ids)
    a, eos, b = tokenizer.encode_all(["a", "<eos>", "b"])
    assert tokenizer.encode("a <eos> b") == [*a, *eos, *b]
    assert tokenizer.decode(ids).endswith("<unk>")


def test_unknown_characters_are_unk_without_byte_fallback():
    tokenizer = Tokenizer.train(["abc"], config(tokenizer="char", byte_fallback=False))
    assert tokenizer.encode("axb") == [tokenizer.vocab["a"], UNK, tokenizer.vocab["b"]]
    subwords = Tokenizer.train(LINES, config(vocab_size=100, byte_fallback=False))
    assert UNK in subwords.encode("漢")


def test_a_character_vocabulary_keeps_the_most_frequent_characters_and_256_bytes():
    tokenizer = Tokenizer.train(["aaa    b"], config(tokenizer="char", vocab_size=262))
    assert tokenizer.vocab.tokens[:6] == (*SPECIALS, " ", "a")
    assert len(tokenizer.vocab) == 262
    assert tokenizer.decode(tokenizer.encode("cab")) == "cab"


# Training


def test_a_character_vocabulary_without_room_for_characters_is_refused():
    with pytest.raises(
        ConfigError, match=r"text\.vocab_size = 260 leaves no room beside 256 bytes"
    ):
        Tokenizer.train(LINES, config(tokenizer="char", vocab_size=260))


def test_the_error_for_an_unknown_tokenizer_lists_the_known_ones():
    with pytest.raises(
        UnknownName, match=r"no tokenizer 'wrod'\. Did you mean 'word'\? Known: char, sentencepiece"
    ):
        Tokenizer.train(LINES, config(tokenizer="wrod"))


def test_the_error_for_an_unknown_key_suggests_the_right_one():
    with pytest.raises(
        ConfigError, match=r"\[text\]: unknown key 'vocab_sise'\. Did you mean 'vocab_size'\?"
    ):
        build(TextConfig, {"vocab_sise": 9}, "[text]")


# Saving


def test_a_saved_tokenizer_is_loaded_as_it_was(tokenizer, tmp_path):
    before = Tokenizer(
        tokenizer.model,
        tokenizer.vocab,
        name=tokenizer.name,
        normalize=["nfc", "lower"],
        byte_fallback=tokenizer.byte_fallback,
    )
    before.save(tmp_path)
    after = Tokenizer.load(tmp_path)
    texts = [*LINES[:9], "Ein ZUG e\u0301 漢字 \u2581", ""]
    assert after.encode_all(texts) == before.encode_all(texts)
    for text in texts:
        ids = before.encode(text)
        assert after.decode(ids) == before.decode(ids)

    assert after.vocab == before.vocab
    assert after.vocab.counts == before.vocab.counts
    assert after.name == before.name
    assert after.normalizer.steps == before.normalizer.steps
    assert after.byte_fallback == before.byte_fallback


@pytest.fixture
def saved(bpe, tmp_path):
    Tokenizer(bpe, Vocab(bpe.pieces[4:]), name="sentencepiece").save(tmp_path)
    return tmp_path


STEPS = '{"format": 1, "tokenizer": "char", "normalize": %s, "byte_fallback": true}'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": 1, "tok', r"tokenizer\.json is damaged"),
        ("[]", r"tokenizer\.json is damaged"),
        ('{"format": 1}', r"tokenizer\.json is damaged: 'tokenizer'"),
        ('{"format": 2}', r"tokenizer\.json has format 2; this seqkit reads format 1"),
        (
            '{"format": 1, "tokenizer": "char", "normalize": 5, "byte_fallback": true}',
            r"tokenizer\.json is damaged",
        ),
        (
            '{"format": 1, "tokenizer": ["char"], "normalize": [], "byte_fallback": true}',
            r"tokenizer\.json is damaged",
        ),
        (b"\xff\xfe", r"tokenizer\.json is damaged"),
        (STEPS % '["nfd"]', r"tokenizer\.json is damaged: no normalisation step 'nfd'"),
        (STEPS % "[5]", r"tokenizer\.json is damaged: number 1 of the normalisation steps is 5"),
        (
            STEPS % "[[]]",
            r"tokenizer\.json is damaged: number 1 of the normalisation steps is a list",
        ),
        (
            STEPS % '["\\ud83d"]',
            r"tokenizer\.json is damaged: normalize holds half a surrogate pair",
        ),
        ("[" * 5000, r"tokenizer\.json is damaged: "),
        ('{"format": ' + "9" * 5000 + "}", r"tokenizer\.json is damaged: "),
    ],
)
def test_the_error_for_a_damaged_tokenizer_file_names_it(saved, content, message):
    (saved / "tokenizer.json").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    with pytest.raises(DataError, match=message):
        Tokenizer.load(saved)


def test_byte_tokens_that_are_spoken_of_and_not_there_are_noticed(tmp_path):
    Tokenizer.train(["a b"], config(tokenizer="char", byte_fallback=False)).save(tmp_path)
    text = (tmp_path / "tokenizer.json").read_text(encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text(text.replace("false", "true"), encoding="utf-8")
    says = r"vocab\.tsv has not the 256 byte tokens of which tokenizer\.json speaks"
    with pytest.raises(DataError, match=says):
        Tokenizer.load(tmp_path)


def test_a_description_with_a_mark_is_read(saved):
    text = (saved / "tokenizer.json").read_text(encoding="utf-8")
    (saved / "tokenizer.json").write_text("\ufeff" + text, encoding="utf-8")
    assert Tokenizer.load(saved).name == "sentencepiece"


def test_errors_for_missing_and_damaged_files_beside_it_name_them(saved):
    vocab = (saved / "vocab.tsv").read_text(encoding="utf-8")
    (saved / "vocab.tsv").write_text(vocab.replace("\t", " ", 7), encoding="utf-8")
    with pytest.raises(DataError, match=r"vocab\.tsv:1: expected TOKEN<tab>COUNT"):
        Tokenizer.load(saved)
    (saved / "vocab.tsv").write_text(vocab + "more\t1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"vocab\.tsv does not belong to the tokenizer's model"):
        Tokenizer.load(saved)
    model = (saved / "sentencepiece.model").read_bytes()
    (saved / "sentencepiece.model").write_bytes(model[: len(model) // 2])
    with pytest.raises(
        DataError, match=r"sentencepiece\.model: not a sentencepiece model, or a damaged one"
    ):
        Tokenizer.load(saved)
    (saved / "sentencepiece.model").unlink()
    with pytest.raises(
        DataError, match=r"cannot read .*sentencepiece\.model: No such file or directory"
    ):
        Tokenizer.load(saved)
    (saved / "tokenizer.json").unlink()
    with pytest.raises(
        DataError, match=r"cannot read tokenizer .*tokenizer\.json: No such file or directory"
    ):
        Tokenizer.load(saved)


def test_the_saved_description_says_how_text_is_tokenised(saved):
    about = json.loads((saved / "tokenizer.json").read_text(encoding="utf-8"))
    assert about == {
        "format": 1,
        "tokenizer": "sentencepiece",
        "normalize": [],
        "byte_fallback": False,
    }


def test_a_tokenizer_has_a_short_repr():
    tokenizer = Tokenizer.train(["a b"], config(tokenizer="word", normalize=["nfc", "lower"]))
    assert repr(tokenizer) == "<Tokenizer 'word': 6 tokens, normalises nfc, lower>"
