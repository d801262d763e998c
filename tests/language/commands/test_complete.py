"""`seqkit lm complete`: the next words of each line."""

import json
import subprocess
import sys

from seqkit import ngram


def test_the_next_words_of_each_line_come_with_their_probabilities(counted, cli):
    model = ngram.load(counted / "lm.arpa")
    done = cli("lm", "complete", "-m", counted / "lm.arpa", "--top", "2", input="the\n\n")
    answers = done.out.removesuffix("\n\n").split("\n\n")
    for prefix, answer in zip(["the", ""], answers, strict=True):
        expected = [f"{10**score:.6f}\t{word}" for word, score in model.next(prefix, top=2)]
        assert answer.split("\n") == expected


def test_an_unfinished_word_is_completed(counted, cli):
    done = cli("lm", "complete", "-m", counted / "lm.arpa", "--partial", "--json", input="the d\n")
    found = json.loads(done.out)
    assert found["text"] == "the d"
    assert found["next"]
    assert all(word.startswith("d") for word in found["next"])


def test_a_text_in_place_of_a_file_is_told_how_to_be_given(counted, cli):
    model = counted / "lm.arpa"
    said = cli("lm", "complete", "-m", model, "the").complaint()
    assert said.startswith("there is no file the. If it is the beginning of a line, not a file: ")

    advice = said.split("a file: ")[-1].replace("seqkit lm", f"{sys.executable} -m seqkit lm")
    done = subprocess.run(advice, shell=True, check=True, capture_output=True, text=True)
    assert done.stdout == cli("lm", "complete", "-m", model, input="the\n").out
