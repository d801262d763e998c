import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from seqkit.errors import ConfigError, DataError, WrongType, WrongValue
from seqkit.labelling.tagging.evaluation import HeldOutSentences
from seqkit.labelling.tagging.predictions import Segmented, Tagged
from seqkit.labelling.tagging.reading import Sentence
from seqkit.labelling.tagging.report import Scores, TaggingReport
from seqkit.labelling.tagging.schemes import Span, is_broken
from seqkit.labelling.tagging.splitting import split_text
from seqkit.testing import check_predictor

TEXTS = ["the old dog sees a cat.", "", "a tree likes the new house!", "dog finds cat ."]


def test_the_predictor_conforms(chunker, chunks, segmenter, words):
    check_predictor(chunker, TEXTS, test_files=[chunks / "valid.conll"])
    check_predictor(segmenter, ["我们喜欢北京", "", "他 在"], test_files=[words / "valid.txt"])


def test_words_come_with_tags_in_the_scheme_of_the_files(chunker):
    (found,) = chunker.predict(["the old dog sees a cat."])
    assert found.words == ["the", "old", "dog", "sees", "a", "cat", "."]
    assert found.tags == ["B-NP", "I-NP", "I-NP", "B-VP", "B-NP", "I-NP", "O"]
    assert found.spans == [Span(0, 3, "NP"), Span(3, 4, "VP"), Span(4, 6, "NP")]
    assert found.record()["spans"][0] == {
        "start": 0,
        "end": 3,
        "type": "NP",
        "words": ["the", "old", "dog"],
    }


def test_lists_of_words_are_taken_as_they_are(chunker):
    (found,) = chunker.predict([["the", "dog's", "."]])
    assert found.words == ["the", "dog's", "."]


def test_probabilities_are_marginals_of_the_tags_found(chunker):
    (found,) = chunker.predict(["the dog sees a cat ."], probabilities=True)
    assert len(found.probabilities) == len(found.tags)
    assert all(0.9 < share <= 1 for share in found.probabilities)
    (without,) = chunker.predict(["the dog sees a cat ."])
    assert without.probabilities is None


def test_probabilities_are_arrays_of_every_tag(chunker):
    sentences = [["the", "dog", "sees", "a", "cat", "."], [], ["dog"]]
    found = chunker.probabilities(sentences)
    assert [shares.shape for shares in found] == [(n, len(chunker.tags)) for n in (6, 0, 1)]
    np.testing.assert_allclose(np.concatenate(found).sum(1), 1, rtol=1e-5)

    (tagged,) = chunker.predict([sentences[0]], probabilities=True)
    likeliest = [chunker.tags.names[i] for i in found[0].argmax(1)]
    assert likeliest == chunker.tag([sentences[0]])[0]
    np.testing.assert_allclose(tagged.probabilities, found[0].max(1))


def test_a_sentence_gets_the_same_tags_alone_and_among_longer_ones(chunker):
    sentences = [["dog"], ["the", "dog", "sees", "a", "cat", "."], ["zzz"] * 15, ["a", "x"]]
    alone = [chunker.tag([sentence])[0] for sentence in sentences]
    assert chunker.tag(sentences) == alone
    shares = [chunker._shares([s], [t])[0] for s, t in zip(sentences, alone, strict=True)]
    for one, other in zip(chunker._shares(sentences, alone), shares, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_a_sentence_of_ten_thousand_words_is_read_in_windows(chunker):
    """The model reads 16 words at once: each is decided with words before and after it."""
    sentence = ["the", "old", "dog", "sees", "a", "cat", "."] * 1429
    (tags,) = chunker.tag([sentence])
    assert len(tags) == len(sentence) > 10_000
    assert not is_broken(tags, "bioes")

    whole = copy.copy(chunker)
    whole.data = replace(chunker.data, longest=20_000)
    (at_once,) = whole.tag([sentence])
    differing = sum(a != b for a, b in zip(tags, at_once, strict=True))
    assert differing < 0.01 * len(sentence)


def test_an_untrained_model_never_breaks_the_scheme(chunker):
    worse = copy.deepcopy(chunker)
    torch.manual_seed(1)
    for parameter in worse.model.parameters():
        torch.nn.init.normal_(parameter)
    sentences = [[f"w{i}" for i in range(length)] for length in range(1, 15)]
    for crf in (worse.model.crf, None):
        worse.model.crf = crf
        assert not any(is_broken(tags, "bioes") for tags in worse.tag(sentences))


def test_blanks_in_a_text_stay_borders(segmenter):
    (joined,) = segmenter.predict(["他在图书馆看书"])
    assert str(joined) == "他 在 图书馆 看 书"
    (apart,) = segmenter.predict([" 他在图  书馆看书 "])
    assert apart.words == ["他", "在", "图", "书馆", "看", "书"]
    assert "".join(apart.words) == "他在图书馆看书"


def test_a_text_is_cut_at_the_ends_of_spans():
    found = Segmented.of("ab c d", [Span(0, 1, ""), Span(1, 4, "")])
    assert found.words == ["a", "b", "c", "d"]


def test_columns_are_aligned_whatever_the_width_of_a_character():
    tagged = Tagged(["北京", "a"], ["NR", "X"])
    assert tagged.columns() == ["北京  NR", "a     X"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("I don't, she's here.", ["I", "do", "n't", ",", "she", "'s", "here", "."]),
        ("the dog's cat\N{RIGHT SINGLE QUOTATION MARK}s", ["the", "dog's", "cat’s"]),
        ("l'homme", ["l'", "homme"]),
        ("(The U.S., 3.5) no.", ["(", "The", "U.S.", ",", "3.5", ")", "no", "."]),
        ("a@b.org, https://b.org/x.", ["a@b.org", ",", "https://b.org/x", "."]),
    ],
)
def test_clitics_are_taken_apart_where_the_model_knows_both_parts(line, words):
    known = {"do", "n't", "she", "'s", "l'", "homme", "i", "u.s.", "0.0", "no.", "no"}
    assert split_text(line, "words", known) == words
    assert split_text(line, "spaces", known) == line.split()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: t.predict("one string"), WrongType, "give a list of sentences"),
        (lambda t: t.predict([], split="word"), WrongValue, "Did you mean 'words'"),
        (lambda t: list(t.predict(["a\nb"])), DataError, "line break"),
        (lambda t: list(t.predict([["a", " "]])), DataError, "a word of a sentence is empty"),
        (lambda t: list(t.predict([["a", 1]])), WrongType, "number 2 of the words"),
        (lambda t: t.evaluate([]), DataError, "there are no sentences to measure on"),
        (
            lambda t: t.evaluate([Sentence(["a", "b"], ["O"])]),
            DataError,
            "sentence 1 has 2 words and 1 tags",
        ),
        (lambda t: t.read_test_data([Path("x.conll")]), DataError, "cannot read x.conll"),
    ],
)
def test_what_cannot_be_tagged_is_told_in_a_line(chunker, call, error, message):
    with pytest.raises(error, match=message):
        call(chunker)


def test_a_segmenter_takes_no_lists_of_words(segmenter):
    with pytest.raises(WrongType, match="finds the words itself: give texts"):
        list(segmenter.predict([["他"]]))


def test_a_run_without_test_sentences_says_so(segmenter):
    with pytest.raises(ConfigError, match="this run has no test sentences"):
        segmenter.read_test_data()


def test_evaluation_shows_spans_by_type_and_the_baseline(chunker):
    report = chunker.evaluate(chunker.read_test_data())
    record = report.record()
    assert report.f1 == report.accuracy == record["f1"] == 1.0
    assert record["spans"]["per_type"].keys() == {"NP", "VP"}
    assert record["intervals"]["f1"] == [1.0, 1.0]
    assert 0 < record["baselines"]["most frequent tag"]["f1"] <= 1
    text = str(report)
    assert "most frequent tag" in text
    assert "NP" in text


def test_what_was_trained_on_is_named(chunker, chunks):
    report = chunker.evaluate(chunker.read_test_data([chunks / "train.conll"]))
    assert "60 of 60 sentences (100.00%) are in the training text" in report.notes[0]


def test_an_unknown_tag_counts_as_wrong_and_is_named(chunker):
    data = HeldOutSentences(
        "mine", [Sentence(["the", "dog"], ["B-NP", "I-NP"]), Sentence(["x"], ["B-Q"])]
    )
    report = chunker.evaluate(data)
    assert "does not know these tags, so that their words count as wrong: B-Q" in report.notes[0]
    assert report.scores.words.tolist() == [[2, 2], [0, 1]]
    assert report.scores.spans.by_type["Q"] == (0, 0, 1)


def test_broken_test_sequences_are_counted_and_read_as_conlleval_does(chunker):
    data = HeldOutSentences("mine", [Sentence(["the", "dog"], ["I-NP", "I-NP"])])
    report = chunker.evaluate(data)
    assert report.notes == [
        "1 of 1 sentences have tags that are not bio: their spans are counted by the rules of "
        "conlleval"
    ]
    assert report.f1 == 1.0
    assert report.accuracy == 0.5  # of tags as they stand, as conlleval counts it


def test_unknown_words_of_a_segmented_text_are_counted(segmenter):
    data = [Sentence(["我们", "喜欢", "上海"], [])]
    report = segmenter.evaluate(data)
    assert report.scores.recall.oov_rate == pytest.approx(1 / 3)
    assert report.record()["baselines"]["longest match"]["f1"] == pytest.approx(4 / 7)


def test_macro_f1_is_the_mean_of_the_types_or_of_the_tags(chunker):
    metrics = pytest.importorskip("sklearn.metrics")
    sentences = [(["the", "dog", "sees"], ["B-NP", "I-NP", "B-VP"]), (["a", "cat"], ["B-VP", "O"])]
    report = chunker.evaluate(sentences)
    by_type = report.record()["spans"]["per_type"]
    assert report.macro_f1 == pytest.approx(np.mean([one["f1"] for one in by_type.values()]))
    assert f"macro F1, the mean of the types: {report.macro_f1:.4f}" in str(report)

    plain = TaggingReport(
        Scores.of([["A", "B"], ["A"]], [["A", "C"], ["B"]], "plain"),
        [["A", "B"], ["A"]],
        [["A", "C"], ["B"]],
        unit="words",
    )
    expected = metrics.f1_score(["A", "C", "B"], ["A", "B", "A"], average="macro")
    assert plain.macro_f1 == pytest.approx(expected)
