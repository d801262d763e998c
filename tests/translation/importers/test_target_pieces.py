"""The pieces of a target language, from a vocabulary that has lost their SentencePiece model."""

from pathlib import Path

import pytest

import seqkit
from seqkit.errors import DataError
from seqkit.text.pieces import PieceTokenizer
from seqkit.translation.importers.huggingface import read
from seqkit.translation.importers.target_pieces import target_pieces

MARIAN = Path(__file__).parent / "marian"
GERMAN = ["wo ist das haus", "der hund ist alt", "ich habe es"]


def test_a_model_that_knows_the_whole_vocabulary_is_the_one_for_both_languages():
    source = PieceTokenizer.read(MARIAN / "source.spm")
    assert target_pieces(source, [*source.pieces]) is source


def test_otherwise_text_is_cut_into_tokens_of_the_vocabulary_and_joined_again():
    foreign = read(MARIAN)
    tokens = foreign.target.tokens
    found = target_pieces(foreign.source_pieces, tokens)
    for line in GERMAN:
        pieces = found.split(line)
        assert set(pieces) <= set(tokens)
        assert found.join(pieces) == line


def test_frequent_pieces_count_more_than_rare_ones_and_long_more_than_many():
    source = PieceTokenizer.read(MARIAN / "source.spm")
    frequent_first = ["<unk>", "</s>", "▁xq", "▁x", "qz", "z", "q", "x", "▁"]
    assert target_pieces(source, frequent_first).split("xqz") == ["▁xq", "z"]
    whole = [*frequent_first[:2], "▁xqz", *frequent_first[2:]]
    assert target_pieces(source, whole).split("xqz") == ["▁xqz"]


def test_special_tokens_are_not_what_text_is_cut_into():
    source = PieceTokenizer.read(MARIAN / "source.spm")
    tokens = ["<unk>", "</s>", "<pad>", "▁", "<", "/", "s", ">", "p", "a", "d"]
    assert target_pieces(source, tokens).split("</s><pad>") == [
        "▁", "<", "/", "s", ">", "<", "p", "a", "d", ">"
    ]  # fmt: skip


def test_a_model_that_is_damaged_is_refused():
    source = PieceTokenizer.read(MARIAN / "source.spm")
    source.content = source.content[:-3]
    with pytest.raises(DataError, match="not a sentencepiece model"):
        target_pieces(source, ["<unk>", "▁neu"] * 200)


@pytest.mark.slow
def test_an_argos_package_scores_its_own_outputs_as_it_said_them(real_corpora):
    translator = seqkit.load(real_corpora / "models" / "translate-zh_en-1_9.argosmodel")
    sources = ["我昨天在看报纸。", "她的新书非常有意思。"]
    said = [nbest[0] for nbest in translator.translate_nbest(sources, beam=1, split=False)]
    scores = translator.token_scores(sources, [output.text for output in said])
    found = [sum(line) for line in scores]
    assert found == pytest.approx([output.log_probability for output in said], abs=1e-3)
