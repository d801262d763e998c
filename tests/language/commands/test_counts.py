"""`seqkit lm counts`, models of counts, and `seqkit lm filter`."""

from seqkit import ngram


def test_counts_of_pieces_become_a_model(counted, cli, tmp_path):
    lines = (counted / "text").read_text().splitlines(keepends=True)
    for name, piece in (("a", lines[::2]), ("b", lines[1::2])):
        (tmp_path / name).write_text("".join(piece))
        done = cli("lm", "counts", "--order", 3, "-o", tmp_path / f"{name}.gz", tmp_path / name)
        assert done.code == 0, done.err
    merged = cli(
        "lm", "counts", "--counts", "--order", 3, "-o", tmp_path / "all", *tmp_path.glob("*.gz")
    )
    assert "tokens; n-grams" in merged.err

    settings = ("--counts", "--order", 3, "--smoothing", "witten-bell")
    done = cli("lm", "ngram", *settings, "-o", tmp_path / "lm", tmp_path / "all")
    assert done.code == 0, done.err
    expected = ngram.load(counted / "wb.lm").score("the dog sees the cat")
    assert ngram.load(tmp_path / "lm").score("the dog sees the cat") == expected

    beyond = cli("lm", "ngram", "--counts", "-o", tmp_path / "x", tmp_path / "all").complaint()
    assert beyond == "the counts go up to 3-grams: ask for --order 3"
    unnamed = cli("lm", "counts", "--counts", "-o", tmp_path / "x").complaint()
    assert unnamed == "--counts: name the files of counts"


def test_a_model_is_filtered_by_a_vocabulary(counted, cli, tmp_path):
    (tmp_path / "words").write_text("the\ncat dog\n")
    done = cli(
        "lm", "filter", "--vocab", tmp_path / "words", counted / "lm.arpa", tmp_path / "a.lm"
    )
    assert ", filtered to " in done.err
    kept, whole = ngram.load(tmp_path / "a.lm"), ngram.load(counted / "lm.arpa")
    assert sorted(kept.words[3:]) == ["cat", "dog", "the"]
    assert kept.score("the cat") == whole.score("the cat")


def test_counts_of_unknown_words_are_taken_for_a_word_only_when_asked(cli, tmp_path):
    lines = ("<unk>\t3", "a\t3", "</s>\t1", "<s> <unk>\t1", "<unk> a\t2")
    (tmp_path / "counts").write_text("\n".join([*lines, ""]))
    names = ("--counts", "--order", 2, "-o", tmp_path / "lm", tmp_path / "counts")
    wrong = cli("lm", "ngram", *names).complaint()
    assert wrong == "the counts hold <unk> 3 times; --unk keep takes it for a word"
    assert cli("lm", "ngram", "--unk", "keep", *names).code == 0


def test_counts_of_the_longest_ngrams_alone_are_refused(cli, tmp_path):
    (tmp_path / "counts").write_text("<s> a\t2\na b\t2\n")
    names = ("--counts", "--order", 2, "-o", tmp_path / "lm", tmp_path / "counts")
    wrong = cli("lm", "ngram", *names).complaint()
    assert wrong.endswith("give the counts of all orders (ngram-count -write FILE)")
