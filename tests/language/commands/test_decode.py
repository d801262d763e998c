"""`seqkit lm decode`: text from the outputs of a CTC model."""

import json

import alignments
import numpy as np
import pytest
from alignments import LETTERS, LM

from seqkit import ngram
from seqkit.search import ctc


@pytest.fixture
def spoken(tmp_path):
    """A folder with labels, a model, and the outputs of three utterances."""
    (tmp_path / "labels.txt").write_text("".join(f"{label}\n" for label in LETTERS))
    ngram.save(LM, tmp_path / "lm.arpa")
    logs = {name: alignments.frames(8, 4, seed) for seed, name in enumerate(["one", "two"])}
    np.savez(tmp_path / "many.npz", **logs)
    np.save(tmp_path / "single.npy", alignments.frames(6, 4, 9))
    return tmp_path


@pytest.fixture
def decode(cli, spoken):
    def run(*arguments, files=("many.npz", "single.npy"), code=0):
        paths = [spoken / name for name in files]
        done = cli("lm", "decode", "--labels", spoken / "labels.txt", *arguments, *paths)
        assert done.code == code, done.err
        return done

    return run


def arrays(spoken):
    many = np.load(spoken / "many.npz")
    return [many["one"], many["two"], np.load(spoken / "single.npy")]


def test_a_line_for_each_utterance_is_what_python_finds(decode, spoken):
    decoder = ctc.Decoder(LETTERS, LM, alpha=0.9, beta=0.3, beam=7)
    expected = [best[0].text for best in decoder.decode_batch(arrays(spoken))]
    weights = ("-m", spoken / "lm.arpa", "--alpha", "0.9", "--beta", "0.3", "--beam", "7")
    assert decode(*weights).out.splitlines() == expected


def test_beam_0_is_the_best_path(decode, spoken):
    expected = [ctc.greedy(array, LETTERS).text for array in arrays(spoken)]
    assert decode("--beam", "0").out.splitlines() == expected


def test_json_has_words_with_their_seconds_and_the_parts_of_the_score(decode, spoken):
    lines = decode("--json", "--frame", "0.02", "--nbest", "2", "-m", spoken / "lm.arpa").out
    for line, array in zip(lines.splitlines(), arrays(spoken), strict=True):
        found = json.loads(line)
        best, second = ctc.Decoder(LETTERS, LM).decode(array, nbest=2)
        assert [each["text"] for each in found["nbest"]] == [best.text, second.text]
        assert (found["text"], found["acoustic"]) == (best.text, pytest.approx(best.acoustic))
        words = [(word["word"], word["begin"], word["end"]) for word in found["words"]]
        assert words == [
            (w.text, round(w.begin * 0.02, 6), round(w.end * 0.02, 6)) for w in best.words
        ]
    names = [json.loads(line)["name"].rsplit("/", 1)[1] for line in lines.splitlines()]
    assert names == ["many.npz:one", "many.npz:two", "single.npy"]


def test_lists_of_the_best_are_those_of_moses(decode, spoken):
    rows = [line.split(" ||| ") for line in decode("--nbest", "2").out.splitlines()]
    assert [row[0] for row in rows] == ["0", "0", "1", "1", "2", "2"]
    best = ctc.Decoder(LETTERS).decode(arrays(spoken)[0])[0]
    assert rows[0][1] == best.text
    words = len(best.words)
    assert rows[0][2] == f"acoustic= {best.acoustic:.6f} lm= 0.000000 words= {words}"
    assert float(rows[0][3]) == pytest.approx(best.score, abs=1e-6)


def test_a_lexicon_and_hotwords_are_files_of_words(decode, spoken):
    (spoken / "lexicon.txt").write_text("ab AH B\n\nb B\n")
    (spoken / "hot.txt").write_text("b\t25\n\nab\n")
    found = decode("--lexicon", spoken / "lexicon.txt", "--hotwords", spoken / "hot.txt").out
    decoder = ctc.Decoder(LETTERS, lexicon=["ab", "b"])
    best = decoder.decode_batch(arrays(spoken), hotwords={"b": 25.0, "ab": 10.0})
    assert found.splitlines() == [each[0].text for each in best]


def test_the_blank_may_be_named_or_counted(decode, spoken):
    expected = decode().out
    (spoken / "labels.txt").write_text("-\na\nb\n|\n")
    assert decode("--blank", "-").out == expected
    assert decode("--blank", "0").out == expected
    assert "labels.txt: no label is named like a blank" in decode(code=1).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--frame", "0.02"], "--frame is for the times in --json"),
        (["--alpha", "1"], "--alpha and --beta are for a language model: give -m"),
        (["--beam", "0", "--nbest", "2"], "--beam 0 is no search"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(decode, arguments, said):
    assert said in decode(*arguments, code=2).err


def test_what_is_wrong_is_one_line_and_what_was_found_before_is_kept(decode, spoken):
    np.save(spoken / "raw.npy", alignments.frames(5, 4, 1) + 2)
    done = decode(files=("many.npz", "raw.npy", "single.npy"), code=1)
    assert len(done.out.splitlines()) == 2
    assert "raw.npy holds no log probabilities: frame 0 sums to 7.389" in done.err
    assert "--values logits" in done.err
    assert decode("--values", "logits", files=("raw.npy",)).out

    (spoken / "hot.txt").write_text("a\tmuch\n")
    done = decode("--hotwords", spoken / "hot.txt", code=1)
    assert "hot.txt: line 1: 'much' is no weight" in done.err
