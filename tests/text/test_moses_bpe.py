"""BPE codes as subword-nmt applies them, between Moses' tokenizer and detokenizer."""

import io
import random

import pytest
from subword_nmt.apply_bpe import BPE
from subword_nmt.learn_bpe import learn_bpe

from seqkit.errors import DataError
from seqkit.text.moses_bpe import BpeCodes, MosesBpeTokenizer
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocab import Vocab

TEXT = (
    """the lower newest widest low new wide newer lowest lowered banana bananas xxx xxxx
der neue Hund und die neueren Hunde sahen das niedrigste Haus der Häuser
"""
    * 5
)
SENTENCES = ["Hello, world! It's 3.5 % lower.", "Der Hund & das Haus (neu).", "a", ""]


@pytest.fixture(scope="module")
def codes():
    learnt = io.StringIO()
    learn_bpe(io.StringIO(TEXT), learnt, 60)
    return learnt.getvalue()


@pytest.mark.parametrize("has_version", [True, False], ids=["0.2", "0.1"])
def test_words_are_cut_as_by_subword_nmt(codes, has_version):
    assert codes.startswith("#version: 0.2\n")
    if not has_version:
        codes = codes.partition("\n")[2].replace("</w>\n", " </w>\n", 3)
        codes = "\n".join(line for line in codes.splitlines() if len(line.split(" ")) == 2) + "\n"
    theirs, ours = BPE(io.StringIO(codes)), BpeCodes(codes)

    rng = random.Random(1)
    words = [*TEXT.split(), "é", "𝒳𝒳𝒳", "xxxxxxx"]
    words += ["".join(rng.choices("abdehilnorstwxü", k=rng.randint(1, 12))) for _ in range(500)]
    assert ours.split([*words, ""]) == theirs.segment_tokens([*words, ""])


def test_text_is_cut_and_joined_as_argos_does(codes):
    """argostranslate.tokenizer.BPETokenizer, in its own words."""
    from sacremoses import MosesDetokenizer, MosesPunctNormalizer, MosesTokenizer

    bpe, tokenizer = BPE(io.StringIO(codes)), MosesBpeTokenizer(codes, "en")
    for sentence in SENTENCES:
        normalized = MosesPunctNormalizer("en").normalize(sentence)
        tokenized = " ".join(MosesTokenizer("en").tokenize(normalized))
        expected = bpe.segment_tokens(tokenized.strip("\r\n ").split(" "))
        assert tokenizer.split(sentence) == expected

        joined = MosesDetokenizer("en").detokenize(" ".join(expected).replace("@@ ", "").split(" "))
        assert tokenizer.join(expected) == joined


def test_it_is_saved_with_its_language(codes, tmp_path):
    model = MosesBpeTokenizer(codes, "de")
    vocab = Vocab(sorted({*model.split(SENTENCES[1])}))
    Tokenizer(model, vocab, name=MosesBpeTokenizer.NAME).save(tmp_path)
    loaded = Tokenizer.load(tmp_path)
    assert loaded.model.language == "de"
    assert loaded.decode(loaded.encode(SENTENCES[1])) == SENTENCES[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is not two parts"),
        ("#version: 0.3\na b\n", "version '0.3'"),
        ("a b\na b c\n", "line 2 is not two parts"),
        ("\x08\x96", "line 1 is not two parts"),
    ],
)
def test_what_is_no_file_of_codes(tmp_path, text, message):
    (tmp_path / "bpe.model").write_text(text)
    with pytest.raises(DataError, match=message) as error:
        MosesBpeTokenizer.read(tmp_path / "bpe.model", "en")
    assert "bpe.model" in str(error.value)
