"""Training of sentencepiece models."""

import random
import re
from collections import Counter

import pytest
from subwords import LINES, sentencepiece_model

from seqkit.errors import DataError
from seqkit.text import SPECIALS, SentencePieceTokenizer
from seqkit.text.subword import SPACE, reservoir_sample


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


def test_every_line_of_a_stream_has_the_same_chance_to_be_kept_and_the_order_stays():
    rng = random.Random(1)
    counter = Counter()
    runs = 3000
    for _ in range(runs):
        kept = reservoir_sample(iter("abcdefghij"), 4, rng)
        assert kept == sorted(kept)
        assert len(set(kept)) == 4
        counter.update(kept)
    assert all(n / runs == pytest.approx(0.4, abs=0.05) for n in counter.values())
    assert len(counter) == 10
    assert reservoir_sample("ab", 4, rng) == ["a", "b"]


def test_the_vocabulary_has_exactly_the_size_asked_for_specials_and_bytes_included(subwords):
    assert len(subwords.pieces) == 310
    assert subwords.pieces[:4] == SPECIALS
    assert {f"<0x{byte:02X}>" for byte in range(256)} <= set(subwords.pieces)


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_digits_are_pieces_of_their_own_even_where_they_are_rare(model_type):
    lines = [*LINES, "In 1984 and 2026"]
    split = SentencePieceTokenizer.train(lines, vocab_size=310, model_type=model_type)
    assert [piece for piece in split.split("2026 1984") if piece != SPACE] == list("20261984")
    assert split.join(split.split("in 1984")) == "in 1984"


def test_numbers_may_be_pieces_if_asked_for():
    whole = SentencePieceTokenizer.train(["1984"] * 99, vocab_size=266, split_digits=False)
    assert len(whole.split("1984")) < len([SPACE, *"1984"])


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_the_error_for_too_large_a_vocabulary_names_the_largest_and_that_works(model_type):
    def train(size):
        return SentencePieceTokenizer.train(LINES[:9], vocab_size=size, model_type=model_type)

    message = r"text\.vocab_size = 9000 is more than this text can give: set it to \d+ or"
    with pytest.raises(DataError, match=message) as error:
        train(9000)
    largest = int(re.search(r"set it to (\d+)", str(error.value))[1])
    assert len(train(largest).pieces) == largest
    with pytest.raises(DataError, match=f"set it to {largest} or less"):
        train(largest + 1)


def test_the_error_for_too_small_a_vocabulary_names_the_smallest_and_that_works():
    message = r"text\.vocab_size = 9 is too small .* \(it needs \d+\): raise it"
    with pytest.raises(DataError, match=message) as error:
        SentencePieceTokenizer.train(LINES, vocab_size=9)
    smallest = int(re.search(r"needs (\d+)", str(error.value))[1])
    assert len(SentencePieceTokenizer.train(LINES, vocab_size=smallest).pieces) == smallest


@pytest.mark.parametrize("lines", [[], ["", ""]])
def test_without_text_no_subwords_can_be_trained(lines):
    with pytest.raises(DataError, match="cannot train a tokenizer: there is no text"):
        SentencePieceTokenizer.train(lines, vocab_size=310)


def test_a_model_of_chinese_without_any_space_still_gives_back_spaces():
    characters = "你我他们是的一二三四五六七八九十"
    line = "".join(random.Random(0).choices(characters, k=30_000))
    tokenizer = SentencePieceTokenizer.train([line], vocab_size=290)
    assert "\u2581" not in tokenizer.pieces
    for text in ("你我 他们", "", " ", "\u2581 a"):
        assert tokenizer.join(tokenizer.split(text)) == text


def test_a_sentencepiece_model_with_other_specials_is_refused():
    with pytest.raises(DataError, match="first four pieces are not <pad> <unk> <bos> <eos>"):
        SentencePieceTokenizer(sentencepiece_model(vocab_size=60, model_type="bpe"))


@pytest.mark.parametrize("damage", ["nothing at all", "noise", "cut off", "a piece is not UTF-8"])
def test_a_damaged_model_is_refused_and_the_library_says_nothing(subwords, capfd, damage):
    model = subwords.content
    piece = subwords.pieces[-1].encode()
    damaged = {
        "nothing at all": b"",
        "noise": b"\xff" * 9,
        "cut off": model[: len(model) // 2],
        "a piece is not UTF-8": model.replace(piece, b"\xff" * len(piece)),
    }
    with pytest.raises(DataError, match=r"sentencepiece model"):
        SentencePieceTokenizer(damaged[damage])
    assert capfd.readouterr().err == ""


def test_a_subword_tokenizer_has_a_short_repr(bpe):
    assert repr(bpe) == "<SentencePieceTokenizer: 310 pieces>"
