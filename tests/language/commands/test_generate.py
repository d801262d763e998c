"""`seqkit lm generate`: text from counted models and from networks."""


def test_text_is_continued_by_a_seed(counted, cli):
    def generated(*args):
        return cli("lm", "generate", "-m", counted / "lm.arpa", *args).lines

    assert generated("--seed", 1) == generated("--seed", 1)
    assert generated("--prompt", "the dog", "--seed", 2)[0].startswith("the dog ")
    assert len({tuple(generated("--seed", seed)) for seed in range(8)}) > 1
    assert len(generated("--length", 1, "--temperature", 0)[0].split()) == 1


def test_characters_are_joined_as_they_are(counted, cli):
    how = ("--prompt", "the c", "--temperature", 0)
    (text,) = cli("lm", "generate", "-m", counted / "char.lm", *how).lines
    assert text.startswith("the cat")


def test_a_prompt_of_several_lines_is_read_line_by_line(letters, cli):
    how = ("--length", "3", "--seed", "1", "--threads", "1")
    done = cli("lm", "generate", "-m", letters / "kept", "--prompt", "the cat\non", *how)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("the cat\non")
    refused = cli("lm", "generate", "-m", letters / "counted.lm", "--prompt", "the cat\non")
    assert "line" in refused.complaint()


def test_networks_can_go_on_after_the_end_of_a_line_but_not_counted_models(trained, counted, cli):
    args = ("lm", "generate", "--length", 60, "--seed", 1)
    assert len(cli(*args, "-m", trained.run.folder, "--go-on").lines) > 1
    refused = cli(*args, "-m", counted / "lm.arpa", "--go-on").complaint()
    assert refused.startswith("--go-on needs a network")


def test_unknown_words_of_a_prompt_are_counted(trained, cli):
    def notes(prompt):
        args = ("lm", "generate", "-m", trained.run.folder, "--prompt", prompt, "--seed", 1)
        done = cli(*args)
        assert done.code == 0
        return done.err

    assert notes("the cat") == ""
    assert notes("the zebra sees quaggas") == (
        "note: the model does not know 2 of the prompt's tokens and reads <unk> instead\n"
    )
