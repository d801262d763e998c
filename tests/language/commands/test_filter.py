"""`seqkit lm filter`, and the files of words that --vocab takes."""

import pytest

from seqkit import ngram

KALDI = "<eps> 0\n<s> 1\n</s> 2\nthe 3\ndog 4\n2 5\n#0 6\n#1 7\n"
PLAIN = "the dog 2"


def kept(counted, cli, tmp_path, text):
    (tmp_path / "words").write_text(text)
    out = tmp_path / "out.arpa"
    done = cli("lm", "filter", "--vocab", tmp_path / "words", counted / "lm.arpa", out)
    assert done.code == 0, done.err
    return ngram.load(out), done.err


def test_a_filtered_model_scores_a_text_of_its_words_as_before(counted, cli, tmp_path):
    model, said = kept(counted, cli, tmp_path, "the\ndog sees\n")
    whole = ngram.load(counted / "lm.arpa")
    assert set(model.words) == {"<unk>", "<s>", "</s>", "the", "dog", "sees"}
    assert model.score("the dog sees") == pytest.approx(whole.score("the dog sees"))
    assert "table" not in said


@pytest.mark.parametrize("text", [KALDI, KALDI.replace(" ", "\t"), "the 120\ndog 7\n"])
def test_kaldis_words_are_the_first_column(counted, cli, tmp_path, text):
    model, said = kept(counted, cli, tmp_path, text)
    assert set(model.words[3:]) == {"the", "dog"}
    assert "words is a table of words and numbers" in said


def test_the_numbers_of_a_symbol_table_are_no_words(counted, cli, tmp_path):
    """A model that knows numbers keeps those that are symbols, not those that are ids."""
    (tmp_path / "text").write_text("the 2 dog 4\n" * 2)
    assert cli("lm", "ngram", "--order", 2, "-o", tmp_path / "n.arpa", tmp_path / "text").code == 0
    (tmp_path / "words.txt").write_text(KALDI)
    names = ("--vocab", tmp_path / "words.txt", tmp_path / "n.arpa", tmp_path / "out.arpa")
    assert cli("lm", "filter", *names).code == 0
    assert set(ngram.load(tmp_path / "out.arpa").words[3:]) == {"the", "dog", "2"}


def test_two_words_a_line_are_words(counted, cli, tmp_path):
    model, said = kept(counted, cli, tmp_path, "the dog\na cat\n")
    assert set(model.words[3:]) == {"the", "dog", "a", "cat"}
    model, said = kept(counted, cli, tmp_path, "the 1\nthe 2\n")  # symbols are distinct
    assert set(model.words[3:]) == {"the"}
    assert "table" not in said


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "there are no words in it"),
        ("\n \n", "there are no words in it"),
        ("zebra lion", "the model knows none of these 2 words"),
        ("<eps> 0\nthe\n", ":2: not a symbol and its number, as in the lines before"),
        ("<eps> 0\nthe x\n", ":2: not a symbol and its number"),
    ],
)
def test_a_wrong_vocabulary_is_one_line(counted, cli, tmp_path, text, complaint):
    (tmp_path / "words").write_text(text)
    out = tmp_path / "out.arpa"
    done = cli("lm", "filter", "--vocab", tmp_path / "words", counted / "lm.arpa", out)
    assert done.complaint().startswith(str(tmp_path / "words"))
    assert complaint in done.complaint()
    assert not out.exists()


def test_a_model_may_be_counted_with_kaldis_words(counted, cli, tmp_path):
    (tmp_path / "words.txt").write_text(KALDI)
    settings = ("--order", 2, "--vocab", tmp_path / "words.txt", "-o", tmp_path / "lm.arpa")
    assert cli("lm", "ngram", *settings, counted / "text").code == 0
    assert set(ngram.load(tmp_path / "lm.arpa").words[3:]) == {"the", "dog"}
