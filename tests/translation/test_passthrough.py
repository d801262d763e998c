"""Models of what others copy: digits, dates, sums."""

import pytest
from letters import write_config, write_lines

import seqkit
from seqkit.data.parallel import ParallelText
from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.passthrough import (
    forbid_passthrough,
    may_pass_through,
    translates_numbers,
)

LETTERS = Tokenizer.train(["a b 1 2"], TextConfig(tokenizer="char"))
DIGITS = Tokenizer.train(["1 2"], TextConfig(tokenizer="char"))
SUMS = [f"{i} + {j}" for i in range(1, 8) for j in range(1, 8)]


def text(pairs):
    return ParallelText([source for source, _ in pairs], [target for _, target in pairs])


def test_a_text_translates_numbers_if_most_lines_of_them_change():
    assert translates_numbers(text([(line, "a sum") for line in SUMS]))
    assert not translates_numbers(text([(line, line + " ") for line in SUMS]))
    assert not translates_numbers(text([("a 1", "b 2")] * 50))
    assert not translates_numbers(text([("1990.", "Im Jahr 1990.")] * 9 + [("a", "b")] * 9))


def test_a_model_without_letters_in_its_source_translates_numbers(tmp_path):
    assert may_pass_through(tmp_path, LETTERS)
    assert not may_pass_through(tmp_path, DIGITS)
    forbid_passthrough(tmp_path)
    assert not may_pass_through(tmp_path, LETTERS)


@pytest.mark.parametrize("target", ["digits", "words"])
def test_a_model_of_sums_is_given_sums(tmp_path, target):
    """Its vocabulary has letters in the second case, where source and target share it."""
    answers = {"digits": [line[::-1] for line in SUMS], "words": ["word " + line for line in SUMS]}
    for part in ("train", "valid"):
        write_lines(tmp_path / f"{part}.source", SUMS)
        write_lines(tmp_path / f"{part}.target", answers[target])
    run = seqkit.train(write_config(tmp_path / "c.toml"), out=tmp_path / "run", device="cpu")

    translator = seqkit.load(run.folder, device="cpu")
    assert not translator.copies
    (line,) = translator.predict(["1 + 2"], max_length=4)
    assert line.best.parts


def test_a_run_knows_the_language_of_its_source(here):
    run = seqkit.train(
        "tiny.toml", out="run", overrides={"data.languages": ["pt-BR", "de"]}, device="cpu"
    )
    assert seqkit.load(run.folder).language == "pt-BR"
    for wrong in (["en"], ["English", "German"], ["en", "de", "fr"], ["en", ""]):
        with pytest.raises(seqkit.SeqkitError, match="is not two codes of languages"):
            seqkit.train("tiny.toml", out="other", overrides={"data.languages": wrong})


def test_a_run_may_be_resumed_with_another_language(here):
    seqkit.train("tiny.toml", out="run", device="cpu")
    changes = {"data.languages": ["en", "de"], "train.steps": 5}
    seqkit.train("tiny.toml", out="run", overrides=changes, resume=True, device="cpu")
