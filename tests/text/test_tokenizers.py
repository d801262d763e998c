import json
import random
import re
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from subwords import AWKWARD, LINES, QUICK, TEXT, config, sentencepiece_model

from seqkit.config import build
from seqkit.errors import ConfigError, DataError, UnknownName
from seqkit.plugins import components
from seqkit.text import (
    BOS,
    EOS,
    PAD,
    SPECIALS,
    UNK,
    CharTokenizer,
    SentencePieceTokenizer,
    TextConfig,
    Tokenizer,
    Vocab,
    WhitespaceTokenizer,
    WordTokenizer,
    ngrams,
)
from seqkit.text.subword import _reservoir

NAMES = [entry.name for entry in components().tokenizers]


@pytest.fixture(scope="module", params=NAMES)
def tokenizer(request):
    return Tokenizer.train(LINES, config(tokenizer=request.param))


# Text → tokens → text


@pytest.mark.parametrize("name", ["char", "sentencepiece", "unigram"])
def test_char_and_sentencepiece_give_back_every_text(name):
    kind = (
        {"model_type": "unigram", "tokenizer": "sentencepiece"}
        if name == "unigram"
        else {"tokenizer": name}
    )
    tokenizer = Tokenizer.train(LINES, config(**kind))

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


def test_chinese_without_any_space_to_learn_from_still_gives_back_spaces():
    characters = "你我他们是的一二三四五六七八九十"
    line = "".join(random.Random(0).choices(characters, k=30_000))
    splitter = SentencePieceTokenizer.train([line], vocab_size=290)
    assert "\u2581" not in splitter.pieces
    for text in ("你我 他们", "", " ", "\u2581 a"):
        assert splitter.join(splitter.split(text)) == text


SCRIPTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"])),
    st.text("aé_9'’-.,!?«中文かカ한글नि\u0301\u200d\u200c■👩’", max_size=8),
)


@settings(QUICK, max_examples=300)
@given(
    st.lists(
        SCRIPTS.map(lambda text: "".join(text.replace("\uffed", "").split())).filter(bool)
    ).map(" ".join)
)
@example("don't l’eau 'quoted' it's. \"Yes,\" he said -- no. 3.50 €")
@example("中文 and 한국어, かな。mixed中文text!?")
@example("\u0301a !\u0301b _x_ ...")
def test_words_joined_are_the_text_if_its_white_space_is_single_spaces(text):
    splitter = WordTokenizer()
    tokens = splitter.split(text)
    assert splitter.join(tokens) == text
    assert not any(re.search(r"\s", token) or not token for token in tokens)


def test_words_and_punctuation_come_apart_in_any_script():
    def bare(text):
        return [token.strip("\uffed") for token in WordTokenizer().split(text)]

    assert bare("Hello, world!") == ["Hello", ",", "world", "!"]
    assert bare("don't l’eau 'so'") == ["don't", "l’eau", "'", "so", "'"]
    assert bare("«Привет», мир…") == ["«", "Привет", "»", ",", "мир", "…"]
    assert bare("我爱你。") == ["我", "爱", "你", "。"]
    assert bare("한국어 नमस्ते") == ["한국어", "नमस्ते"]
    assert bare("می\u200cخواهم क\u094d\u200dष") == ["می\u200cخواهم", "क\u094d\u200dष"]
    assert bare("e\u0301te\u0301") == ["e\u0301te\u0301"]


def test_a_literal_joiner_becomes_a_square():
    splitter = WordTokenizer()
    assert splitter.join(splitter.split("a\uffedb \uffed")) == "a■b ■"


@QUICK
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_white_space_tokens_lose_nothing_but_the_amount_of_white_space(text):
    splitter = WhitespaceTokenizer()
    tokens = [token.decode() for token in text.encode().split()]
    assert splitter.split(splitter.join(splitter.split(text))) == splitter.split(text) == tokens


def test_characters_are_code_points():
    assert CharTokenizer().split("e\u0301 \n") == ["e", "\u0301", " ", "\n"]


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
    assert all(
        tokenizer.vocab.encode(tokenizer.split(text)) == tokenizer.encode(text)
        for text in LINES[:20]
    )


def test_the_text_it_was_trained_on_comes_back_and_has_no_unknown(tokenizer):
    assert [tokenizer.decode(tokenizer.encode(line)) for line in LINES] == LINES
    assert tokenizer.vocab.oov_rate == 0


def test_counts_are_those_of_the_ids_of_the_training_text(tokenizer):
    counter = Counter(i for line in LINES for i in tokenizer.encode(line))
    assert dict(enumerate(tokenizer.vocab.counts)) == {
        i: counter[i] for i in range(len(tokenizer.vocab))
    }


def test_any_ids_whatever_decode_to_some_text(tokenizer):
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
def test_specials_that_are_typed_do_nothing(name):
    tokenizer = Tokenizer.train(["a <eos> b <unk> c", "<pad> a"], config(tokenizer=name))
    ids = tokenizer.encode("<pad> a <eos> b <bos> <unk>")
    assert not {PAD, BOS, EOS} & set(ids)
    assert tokenizer.encode("a <eos> b") == tokenizer.encode("a", eos=False) + tokenizer.encode(
        "<eos>"
    ) + tokenizer.encode("b")
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


# Subword sampling


# Training


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_training_again_gives_the_same_model(model_type, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        SentencePieceTokenizer.train(iter(LINES), vocab_size=300, model_type=model_type).save(
            tmp_path / name
        )
    first, second = (tmp_path / name / SentencePieceTokenizer.FILE for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_the_seed_chooses_which_lines_of_a_long_stream_train_the_model():
    def pieces(seed):
        return SentencePieceTokenizer.train(
            iter(LINES), vocab_size=300, max_sentences=9, seed=seed
        ).pieces

    assert pieces(1) == pieces(1)
    assert pieces(1) != pieces(2)


def test_every_line_of_a_stream_has_the_same_chance_to_be_kept_and_order_stays():
    rng, counter, runs = random.Random(1), Counter(), 3000
    for _ in range(runs):
        kept = _reservoir(iter("abcdefghij"), 4, rng)
        assert kept == sorted(kept)
        assert len(set(kept)) == 4
        counter.update(kept)
    assert all(n / runs == pytest.approx(0.4, abs=0.05) for n in counter.values())
    assert len(counter) == 10
    assert _reservoir("ab", 4, rng) == ["a", "b"]


def test_the_vocabulary_has_exactly_the_size_asked_for_specials_and_bytes_included(subwords):
    assert len(subwords.pieces) == 310
    assert subwords.pieces[:4] == SPECIALS
    assert {f"<0x{byte:02X}>" for byte in range(256)} <= set(subwords.pieces)


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_too_large_a_vocabulary_is_told_the_most_and_the_most_works(model_type):
    with pytest.raises(
        DataError,
        match=r"text\.vocab_size = 9000 is more than this text can give: set it to \d+ or",
    ) as e:
        SentencePieceTokenizer.train(LINES[:9], vocab_size=9000, model_type=model_type)
    most = int(re.search(r"set it to (\d+)", str(e.value))[1])
    assert (
        len(SentencePieceTokenizer.train(LINES[:9], vocab_size=most, model_type=model_type).pieces)
        == most
    )
    with pytest.raises(DataError, match=f"set it to {most} or less"):
        SentencePieceTokenizer.train(LINES[:9], vocab_size=most + 1, model_type=model_type)


def test_too_small_a_vocabulary_is_told_the_least_and_the_least_works():
    with pytest.raises(
        DataError, match=r"text\.vocab_size = 9 is too small .* \(it needs \d+\): raise it"
    ) as e:
        SentencePieceTokenizer.train(LINES, vocab_size=9)
    least = int(re.search(r"needs (\d+)", str(e.value))[1])
    assert len(SentencePieceTokenizer.train(LINES, vocab_size=least).pieces) == least


def test_a_character_vocabulary_without_room_for_characters_is_refused():
    with pytest.raises(
        ConfigError, match=r"text\.vocab_size = 260 leaves no room beside 256 bytes"
    ):
        Tokenizer.train(LINES, config(tokenizer="char", vocab_size=260))


@pytest.mark.parametrize("lines", [[], ["", ""]])
def test_no_text_trains_no_subwords(lines):
    with pytest.raises(DataError, match="cannot train a tokenizer: there is no text"):
        SentencePieceTokenizer.train(lines, vocab_size=310)


def test_an_unknown_tokenizer_is_answered_with_the_known_ones():
    with pytest.raises(
        UnknownName, match=r"no tokenizer 'wrod'\. Did you mean 'word'\? Known: char, sentencepiece"
    ):
        Tokenizer.train(LINES, config(tokenizer="wrod"))


def test_a_wrong_setting_is_named():
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
    assert [after.decode(ids) for ids in after.encode_all(texts)] == [
        before.decode(before.encode(t)) for t in texts
    ]
    assert after.vocab == before.vocab
    assert after.vocab.counts == before.vocab.counts
    assert (after.name, after.normalizer.steps, after.byte_fallback) == (
        before.name, before.normalizer.steps, before.byte_fallback,
    )  # fmt: skip


@pytest.fixture
def saved(bpe, tmp_path):
    Tokenizer(bpe, Vocab(bpe.pieces[4:]), name="sentencepiece").save(tmp_path)
    return tmp_path


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
    ],
)
def test_a_damaged_tokenizer_file_is_named(saved, content, message):
    (saved / "tokenizer.json").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    with pytest.raises(DataError, match=message):
        Tokenizer.load(saved)


def test_files_that_are_missing_or_damaged_beside_it_are_named(saved):
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


def test_a_sentencepiece_model_with_other_specials_is_refused():
    with pytest.raises(DataError, match="first four pieces are not <pad> <unk> <bos> <eos>"):
        SentencePieceTokenizer(sentencepiece_model(vocab_size=60, model_type="bpe"))


def test_the_saved_description_says_how_the_text_was_cut(saved):
    about = json.loads((saved / "tokenizer.json").read_text(encoding="utf-8"))
    assert about == {
        "format": 1,
        "tokenizer": "sentencepiece",
        "normalize": [],
        "byte_fallback": False,
    }


# N-grams


@QUICK
@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.integers(1, 4), max_size=3))
def test_ngrams_of_each_order_are_the_list_zipped_with_itself_shifted(tokens, orders):
    expected = [gram for n in orders for gram in zip(*(tokens[i:] for i in range(n)), strict=False)]
    assert list(ngrams(tokens, *orders)) == expected
