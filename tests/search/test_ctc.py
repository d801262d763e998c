import math

import alignments
import numpy as np
import pytest
from alignments import LETTERS, LM
from language.tiny import untrained

from seqkit import ngram
from seqkit.search import ctc

ENDLESS = {"beam": 10**6, "beam_prune_logp": -math.inf, "token_min_logp": -math.inf}
PIECES = ["▁a", "b", "", "▁", "▁ab"]
ALPHA, BETA, OFFSET = 0.7, 1.1, -2.0
WEIGHTS = {"alpha": ALPHA, "beta": BETA, "unk_score_offset": OFFSET}


def weighted(words, acoustic):
    """The score of a text by the definition."""
    lm = LM.score(" ".join(words)) * math.log(10)
    unknown = sum(word not in LM for word in words)
    return acoustic + ALPHA * (lm + math.log(10) * OFFSET * unknown) + BETA * len(words)


def assert_all(found, expected):
    """All texts are found with their scores, the best first."""
    scores = {tuple(word.text for word in each.words): each.score for each in found}
    assert len(scores) == len(found)
    assert scores == pytest.approx(expected, abs=1e-4)
    assert [each.score for each in found] == sorted(scores.values(), reverse=True)


# An endless beam finds every text, with the sum over all its alignments


@pytest.mark.parametrize("seed", range(3))
def test_the_acoustic_score_is_the_sum_over_all_alignments_of_a_text(seed):
    logs = alignments.frames(5, 4, seed)
    found = ctc.Decoder(LETTERS, **ENDLESS).decode(logs, nbest=10**6)
    assert_all(found, alignments.texts(logs, LETTERS, blank=0))
    assert all(each.acoustic == each.score for each in found)


@pytest.mark.parametrize("seed", range(3))
def test_pieces_that_spell_the_same_text_are_summed(seed):
    logs = alignments.frames(5, 5, seed)
    found = ctc.Decoder(PIECES, **ENDLESS).decode(logs, nbest=10**6)
    assert_all(found, alignments.texts(logs, PIECES, blank=2))


def test_labels_without_any_word_boundary_are_words():
    labels = ["你", "好", "<blank>"]
    logs = alignments.frames(5, 3, 1)
    found = ctc.Decoder(labels, **ENDLESS).decode(logs, nbest=10**6)
    assert_all(found, alignments.texts(logs, labels, 2, alignments.spell_tokens))
    assert found[0].text == "".join(word.text for word in found[0].words)

    phones = ["HH", "AH", "<blank>"]
    best = ctc.Decoder(phones).decode(logs)[0]
    assert best.text == " ".join(word.text for word in best.words)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("labels", "blank"), [(LETTERS, 0), (PIECES, 2)])
def test_a_language_model_scores_words_and_the_end(labels, blank, seed):
    logs = alignments.frames(5, len(labels), seed)
    found = ctc.Decoder(labels, LM, **WEIGHTS, **ENDLESS).decode(logs, nbest=10**6)
    texts = alignments.texts(logs, labels, blank)
    assert_all(found, {words: weighted(words, acoustic) for words, acoustic in texts.items()})

    for each in found[:20]:
        words = [word.text for word in each.words]
        assert each.acoustic == pytest.approx(texts[tuple(words)])
        assert each.lm == pytest.approx(LM.score(each.text) * math.log(10), abs=1e-4)
        assert each.unknown == sum(word not in LM for word in words)


@pytest.mark.parametrize("lm", [None, LM])
@pytest.mark.parametrize(("labels", "blank"), [(LETTERS, 0), (PIECES, 2)])
def test_a_lexicon_leaves_only_its_words(labels, blank, lm):
    lexicon = ["a", "ab", "abb"]
    logs = alignments.frames(6, len(labels), 2)
    decoder = ctc.Decoder(labels, lm, lexicon=lexicon, **WEIGHTS, **ENDLESS)
    found = decoder.decode(logs, nbest=10**6)

    texts = alignments.texts(logs, labels, blank)
    expected = {
        words: weighted(words, acoustic) if lm else acoustic
        for words, acoustic in texts.items()
        if set(words) <= set(lexicon)
    }
    assert_all(found, expected)


@pytest.mark.parametrize("lm", [None, LM])
def test_hotwords_add_their_weight_for_each_time_that_they_occur(lm):
    logs = alignments.frames(6, 4, 3)
    decoder = ctc.Decoder(LETTERS, lm, **WEIGHTS, **ENDLESS)
    found = decoder.decode(logs, nbest=10**6, hotwords={"ab": 2.5, "abba ba": 4.0})

    gains = {"ab": 2.5, "abba": 4.0, "ba": 4.0}
    expected = {}
    for words, acoustic in alignments.texts(logs, LETTERS, blank=0).items():
        score = weighted(words, acoustic) if lm else acoustic
        expected[words] = score + sum(gains.get(word, 0.0) for word in words)
    assert_all(found, expected)


@pytest.mark.parametrize("labels", [LETTERS, PIECES])
def test_a_model_of_characters_scores_texts_as_its_lines(labels):
    model = ngram.train(["ab a", "b ab", "a"], order=3, tokenizer="char", smoothing="add-k")
    logs = alignments.frames(5, len(labels), 6)
    for each in ctc.Decoder(labels, model, **ENDLESS).decode(logs, nbest=10**6):
        assert each.lm == pytest.approx(model.score(each.text) * math.log(10), abs=1e-4)


def test_a_network_scores_texts_as_its_lines():
    model = untrained("lstm")
    labels = ["<pad>", "the", "cat", "zebra"]
    logs = alignments.frames(4, 4, 8)
    found = ctc.Decoder(labels, model, **ENDLESS).decode(logs, nbest=10**6)
    assert len(found) > 20
    for each in found:
        ((_, alone),) = model.score_blocks([f"{each.text}\n".encode()])
        assert each.lm == pytest.approx(alone.scores.sum() * math.log(10), rel=1e-4)
        assert each.unknown == each.text.split().count("zebra")


# Smaller beams


@pytest.mark.parametrize("lm", [None, LM])
def test_a_beam_gives_what_an_endless_one_gives_where_one_text_is_likely(lm):
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 1, (40, 4))
    logits[np.arange(40), rng.integers(0, 4, 40)] += 9.0
    narrow = ctc.Decoder(LETTERS, lm, **WEIGHTS, beam=20).decode(logits, values="logits")
    wide = ctc.Decoder(LETTERS, lm, **WEIGHTS, beam=500, beam_prune_logp=-40, token_min_logp=-12)
    found = wide.decode(logits, values="logits")
    assert narrow[0].text == found[0].text
    assert narrow[0].score == pytest.approx(found[0].score, abs=0.02)


def test_chunks_give_what_the_whole_gives():
    logs = alignments.frames(40, 4, 7)
    decoder = ctc.Decoder(LETTERS, LM, **WEIGHTS)
    whole = decoder.decode(logs, nbest=5, hotwords=["ba"])

    stream = decoder.stream(hotwords=["ba"])
    for begin in range(0, 40, 7):
        stream.push(logs[begin : begin + 7])
    assert stream.frames == 40
    found = stream.finish(5)
    assert [each.words for each in found] == [each.words for each in whole]
    assert [each.score for each in found] == pytest.approx([each.score for each in whole])


def test_a_stream_tells_the_best_text_so_far_with_its_unfinished_word():
    stream = ctc.Decoder(LETTERS).stream()
    assert stream.best()[0].text == ""
    stream.push(peaked("a|b"))
    assert stream.best()[0].text == "a b"
    stream.push(peaked(".b|"))
    assert stream.best()[0].text == "a bb"
    assert stream.finish()[0].text == "a bb"


@pytest.mark.parametrize("labels", [LETTERS, PIECES])
def test_a_long_stream_forgets_what_no_hypothesis_needs_and_finds_the_same(labels, monkeypatch):
    logs = alignments.frames(300, len(labels), 11)
    decoder = ctc.Decoder(labels, LM, **WEIGHTS, beam=30, token_min_logp=-9)
    whole = decoder.decode(logs, nbest=10)

    monkeypatch.setattr("seqkit.search.ctc.decoder._FORGET_AT", 100)
    monkeypatch.setattr("seqkit.search.ctc.decoder._STATES_AT", 50)
    stream = decoder.stream()
    stream.push(logs)
    assert len(stream._beam.spellings) <= 300
    found = stream.finish(10)
    assert [each.words for each in found] == [each.words for each in whole]
    assert [each.score for each in found] == pytest.approx([each.score for each in whole])


def peaked(text, labels=LETTERS, blank=0):
    """Logs of a frame for each letter, "." for the blank; repeats want one between them."""
    wanted = [blank if letter == "." else labels.index(letter) for letter in text]
    probabilities = np.full((len(text), len(labels)), 1e-4)
    probabilities[np.arange(len(text)), wanted] = 1.0
    return np.log(probabilities / probabilities.sum(1, keepdims=True))


def test_words_have_the_frames_from_their_first_letter_to_their_last():
    for decode in (lambda logs: ctc.Decoder(LETTERS).decode(logs)[0], greedy):
        best = decode(peaked("..aa.b.||.b.aa.."))
        assert best.text == "ab ba"
        assert best.words == (("ab", 2, 6), ("ba", 10, 14))
    assert best.words[1].record(0.02) == {"word": "ba", "begin": 0.2, "end": 0.28}


def test_pieces_have_the_frames_of_their_words():
    labels = ["0", "1", "."]
    logs = peaked("0.1..0", labels=labels, blank=2)
    best = ctc.Decoder(["▁a", "b", ""]).decode(logs)[0]
    assert best.words == (("ab", 0, 3), ("a", 5, 6))


def greedy(logs):
    return ctc.greedy(logs, LETTERS)


def test_the_best_path_takes_the_likeliest_label_of_each_frame():
    logs = alignments.frames(12, 4, 3)
    found = greedy(logs)
    labels = alignments.collapse(logs.argmax(1).tolist(), blank=0)
    assert [word.text for word in found.words] == alignments.spell([LETTERS[i] for i in labels])
    assert found.score == pytest.approx(logs.max(1).sum())


def test_many_utterances_of_any_lengths_are_decoded_as_each_alone():
    decoder = ctc.Decoder(LETTERS, LM)
    many = [alignments.frames(length, 4, length) for length in (9, 3, 17)]
    found = decoder.decode_batch(many, nbest=2)
    assert found == [decoder.decode(each, nbest=2) for each in many]
