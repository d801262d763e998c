"""Text that grows token by token."""

import pytest

from seqkit.language.growing_text import GrowingText
from seqkit.text import TextConfig, Tokenizer
from seqkit.text.vocab import EOS

LINES = ["the cat sees the dog , and 3 birds .", "le chat voit 🐈 l'oiseau", "猫看见了鸟"] * 30


@pytest.mark.parametrize("name", ["char", "sentencepiece", "whitespace", "word"])
def test_text_in_parts_is_the_text_at_once(name):
    tokenizer = Tokenizer.train(LINES, TextConfig(tokenizer=name, vocab_size=300))
    line = " ".join([*LINES[:3], "🐤 une girafe"] * 20)
    ids = tokenizer.encode(line)
    text = GrowingText(tokenizer)
    parts = [text.add(i) for i in [*ids, EOS, *ids[:9]]]
    assert "".join(parts) == f"{tokenizer.decode(ids)}\n{tokenizer.decode(ids[:9])}"


def test_a_character_of_several_bytes_is_shown_when_it_is_whole():
    tokenizer = Tokenizer.train(LINES, TextConfig(tokenizer="sentencepiece", vocab_size=300))
    ids = tokenizer.encode("𝄞")
    text = GrowingText(tokenizer)
    assert [text.add(i) for i in ids][-1] == "𝄞"
    assert len(ids) > 3

    assert "".join(text.add(i) for i in [EOS, *ids[:2]]) == "\n"
    assert text.add(EOS) == f"{tokenizer.decode(ids[:2])}\n"
