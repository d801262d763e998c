"""What is no alphabet, no log probabilities, no lexicon: one clear line each."""

import math

import alignments
import numpy as np
import pytest
from alignments import LETTERS, LM

from seqkit.errors import ConfigError, DataError, SeqkitError
from seqkit.search import ctc
from seqkit.search.ctc.files import read_labels, read_outputs

LOGS = alignments.frames(6, 4, 1)


def with_one(value):
    logs = LOGS.copy()
    logs[2, 1] = value
    return logs


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.exp(LOGS), "holds probabilities, not their logarithms.*--values probabilities"),
        (LOGS + 1, r"frame 0 sums to 2\.718, not to 1.*--values logits"),
        (with_one(-1e9), "no log probabilities: frame 2 sums to 0"),
        (with_one(math.nan), "holds nan in frame 2, label 'a'"),
        (with_one(math.inf), "holds inf in frame 2, label 'a'"),
        (LOGS.T, r"shape \(4, 6\): labels by frames. Transpose it"),
        (LOGS[None], r"shape \(1, 6, 4\).*one by one"),
        (LOGS[0], r"shape \(4,\), not \(frames, 4 labels\)"),
        (LOGS[:0], "has no frames"),
        (np.zeros((3, 5)), "5 columns for 4 labels: is a label, such as the blank, missing"),
        (np.zeros((3, 9)), "9 columns for 4 labels; they must agree"),
        (np.array([["x"]]), "holds <U1, not numbers"),
        (np.array([[None]]), "holds object, not numbers"),
    ],
)
def test_what_is_no_log_probabilities_is_named(array, said):
    with pytest.raises(DataError, match=f"^utterance 7 .*{said}"):
        ctc.Decoder(LETTERS).decode(array, name="utterance 7")
    with pytest.raises(DataError, match=said):
        ctc.greedy(array, LETTERS)


def test_logits_and_probabilities_are_taken_if_they_are_named():
    decoder = ctc.Decoder(LETTERS)
    expected = decoder.decode(LOGS)[0]
    for array, values in [(LOGS + 3, "logits"), (np.exp(LOGS), "probabilities")]:
        found = decoder.decode(array, values=values)[0]
        assert found.words == expected.words
        assert found.score == pytest.approx(expected.score)

    with pytest.raises(DataError, match="no probabilities: frame 0"):
        decoder.decode(LOGS, values="probabilities")
    with pytest.raises(ConfigError, match="values = 'raw' must be one of log, prob"):
        decoder.decode(LOGS, values="raw")


def test_half_precision_is_no_reason_to_refuse_log_probabilities():
    logs = np.random.default_rng(1).normal(0, 3, (50, 1000))
    logs -= np.log(np.exp(logs).sum(1, keepdims=True))
    labels = ["", *(f"▁{i}" for i in range(999))]
    ctc.greedy(logs.astype(np.float16), labels)


@pytest.mark.parametrize(
    ("labels", "settings", "said"),
    [
        ([], {}, "the list of labels is empty"),
        (["a", "b", "a"], {}, "labels 0 and 2 are both 'a', counted from 0"),
        (["a", "b"], {}, "no label is named like a blank"),
        (["-", "a", "|"], {}, r"say which one is the blank \(such as '-'\)"),
        (["<pad>", "a", ""], {}, "several labels may be the blank, '<pad>', ''"),
        (["<pad>", "<s>"], {}, "all blanks or marks"),
        (["", "a"], {"blank": "b"}, "the blank 'b' is not among the labels"),
        (["", "a"], {"blank": 2}, "blank = 2 must be a label, or its index from 0 to 1"),
        (["", "a"], {"delimiter": "|"}, r"the delimiter '\|' is not among the labels"),
        (["", "▁a", "b▁c"], {}, "label 'b▁c' holds the end of a word"),
        (["", 3], {}, "number 2 of the labels is 3"),
    ],
)
def test_what_is_no_alphabet_is_named(labels, settings, said):
    with pytest.raises(SeqkitError, match=said):
        ctc.Alphabet.of(labels, **settings)


@pytest.mark.parametrize(
    ("labels", "kind", "blank"),
    [
        (["<pad>", "<s>", "a", "|"], "characters", 0),
        (["a", " ", "[PAD]"], "characters", 2),
        (["▁a", "b", "<blank>"], "pieces", 2),
        (["[PAD]", "a", "##b"], "pieces", 0),
        (["", "AH", "N"], "tokens", 0),
    ],
)
def test_blanks_and_word_boundaries_are_found_in_the_labels(labels, kind, blank):
    found = ctc.Alphabet.of(labels)
    assert (found.kind, found.blank) == (kind, blank)


def test_the_blank_may_have_any_name_and_place():
    logs = alignments.frames(5, 3, 2)
    named = ctc.Decoder(ctc.Alphabet.of(["a", "-", " "], blank="-")).decode(logs)
    assert named == ctc.Decoder(ctc.Alphabet.of(["a", "-", " "], blank=1)).decode(logs)
    assert named == ctc.Decoder(["a", "", " "]).decode(logs)


def test_marks_such_as_s_never_occur_in_a_text():
    logs = np.log(np.array([[0.1, 0.7, 0.2], [0.2, 0.7, 0.1]]))
    found = ctc.Decoder(["<pad>", "<s>", "a"]).decode(logs)
    assert {each.text for each in found} <= {"", "a"}
    assert ctc.greedy(logs, ["<pad>", "<s>", "a"]).text == ""


@pytest.mark.parametrize(
    ("labels", "settings", "said"),
    [
        (LETTERS, {"lexicon": []}, "the lexicon is empty"),
        (LETTERS, {"lexicon": ["ab", "cab", "ba", "é"]}, "labels cannot spell 'cab', 'é'"),
        (["▁a", "▁ab", "b", ""], {"lexicon": ["abb", "ba"]}, "labels cannot spell 'ba':"),
        (["a", "b", ""], {"lexicon": ["a"]}, "needs labels that mark where words end"),
        (LETTERS, {"lexicon": "ab"}, "not one string"),
        (LETTERS, {"alpha": -1}, "alpha = -1 must be at least 0"),
        (LETTERS, {"beam_prune_logp": 10}, "beam_prune_logp = 10 must be at most 0"),
        (LETTERS, {"beam": 0}, "beam = 0 must be a whole number from 1"),
        (LETTERS, {"beta": math.nan}, "beta = nan must be a number"),
        (LETTERS, {"lm": "lm.arpa"}, "lm must be a language model, .* not str"),
        (["", "A", "B", "|"], {"lm": LM}, "none of the language model's 3 words.*in case"),
    ],
)
def test_settings_that_do_not_fit_are_named(labels, settings, said):
    with pytest.raises(SeqkitError, match=said):
        ctc.Decoder(labels, **settings)


@pytest.mark.parametrize(
    ("hotwords", "said"),
    [
        (["ab", "xy"], "hotwords: the labels cannot spell 'xy'"),
        ("ab", "not one string"),
        ({"ab": math.nan}, "the weight of 'ab' = nan must be a number"),
        ([7], "number 1 of the hotwords is 7"),
    ],
)
def test_hotwords_outside_the_alphabet_are_named(hotwords, said):
    with pytest.raises(SeqkitError, match=said):
        ctc.Decoder(LETTERS).decode(LOGS, hotwords=hotwords)


def test_a_hotword_that_the_lexicon_lacks_is_named():
    decoder = ctc.Decoder(LETTERS, lexicon=["ab", "a"])
    with pytest.raises(DataError, match="hotwords: the lexicon lacks 'ba'"):
        decoder.decode(LOGS, hotwords=["ab ba"])


# Files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "\na\nb\n|\n"),
        ("labels.json", '["", "a", "b", "|"]'),
        ("vocab.json", '{"a": 1, "": 0, "|": 3, "b": 2}'),
        ("alphabet.json", '{"labels": ["", "a", "b", "|"], "is_bpe": false}'),
    ],
)
def test_labels_are_read_from_every_usual_kind_of_file(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    assert read_labels(path) == ["", "a", "b", "|"]


def test_labels_may_be_numbered(tmp_path):
    path = tmp_path / "tokens.txt"
    path.write_text("▁A 1\n<blk> 0\nB 2\n")
    assert read_labels(path) == ["<blk>", "▁A", "B"]
    path.write_text("▁A 1\n<blk> 0\nB 3\n")
    with pytest.raises(DataError, match=r"tokens.txt: 3 labels must have .*none has 2"):
        read_labels(path)


def test_arrays_are_read_from_files_and_folders_and_no_pickle_is(tmp_path):
    np.save(tmp_path / "b.npy", LOGS)
    np.savez(tmp_path / "a.npz", one=LOGS[:2], two=LOGS[:3])
    found = [(name.split("/")[-1], len(array)) for name, array in read_outputs(tmp_path)]
    assert found == [("a.npz:one", 2), ("a.npz:two", 3), ("b.npy", 6)]

    objects = np.array([{}, 1], dtype=object)
    np.save(tmp_path / "b.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", one=objects)
    for name in ("b.npy", "a.npz"):
        with pytest.raises(DataError, match=f"{name}.* holds pickled objects"):
            list(read_outputs(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello, this is no array", "is neither a .npy nor a .npz file"),
        (b"", "is neither a .npy nor a .npz file"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': 'x'", "cannot be read as a NumPy array"),
        (b"PK\x03\x04 and so on", "cannot be read as a NumPy array"),
    ],
)
def test_a_damaged_array_is_one_line(tmp_path, content, said):
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"x.npy {said}"):
        list(read_outputs(path))
