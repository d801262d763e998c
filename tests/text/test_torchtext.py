import importlib
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import DataError
from seqkit.text import EOS, PAD, SPECIALS, UNK, Vocab
from seqkit.text.torchtext import NAMES


class FakeVocab:
    """What is left of a `torchtext.vocab.Vocab` for us: its one method."""

    def __init__(self, tokens):
        self._tokens = tokens

    def get_itos(self):
        return self._tokens


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_ours_in_the_table_exists(name):
    target, note = NAMES[name]
    if not target:
        assert note, "without a counterpart, the table says what to do"
        return
    module, _, chain = target.partition(":")
    found = importlib.import_module(module)
    for attribute in chain.split("."):
        found = getattr(found, attribute)
    assert not isinstance(found, types.ModuleType), "a module, not the thing itself"


@pytest.mark.parametrize(
    "name",
    [
        "vocab.Vocab", "vocab.vocab", "vocab.build_vocab_from_iterator", "data.utils.get_tokenizer",
        "data.utils.ngrams_iterator", "data.metrics.bleu_score", "transforms.VocabTransform", "transforms.AddToken",
        "transforms.Truncate", "transforms.ToTensor", "transforms.PadTransform", "transforms.SentencePieceTokenizer",
        "datasets.Multi30k", "legacy.data.Field", "legacy.data.BucketIterator", "transforms.LabelToIndex",
        "transforms.StrToIntTransform", "transforms.Sequential", "transforms.MaskTransform", "vocab.GloVe",
        "transforms.GPT2BPETokenizer", "transforms.CLIPTokenizer", "transforms.BERTTokenizer", "datasets.WikiText2",
    ],
)  # fmt: skip
def test_the_names_that_people_come_with_are_in_the_table(name):
    assert name in NAMES


def test_specials_wherever_they_stand_and_however_spelt_become_ours():
    theirs = FakeVocab(["the", "<unk>", "<pad>", "a", "<s>", "</s>", "[PAD]", "<sos>", "cat"])
    ours = Vocab.from_torchtext(theirs)
    assert ours.tokens == (*SPECIALS, "the", "a", "cat")
    assert ours.encode(["<pad>", "the", "dog"]) == [PAD, 4, UNK]


@settings(deadline=None, database=None)
@given(
    st.lists(
        st.text(min_size=1, max_size=3).filter(lambda token: token[0] not in "<["), unique=True
    )
)
def test_a_vocabulary_goes_to_torchtext_and_back_unchanged(tokens):
    vocab = Vocab(tokens)
    assert Vocab.from_torchtext(vocab.to_torchtext()) == vocab


@settings(deadline=None, database=None)
@given(st.lists(st.text(min_size=1, max_size=2), unique=True), st.lists(st.text(max_size=2)))
def test_torchtext_s_methods_agree_with_plain_lists_and_dicts(tokens, sentence):
    itos = [*SPECIALS, *tokens]
    stoi = {token: i for i, token in enumerate(itos)}
    theirs = Vocab(tokens).to_torchtext()
    assert theirs.get_itos() == itos
    assert theirs.get_stoi() == stoi
    assert len(theirs) == len(itos)
    ids = [stoi.get(token, UNK) for token in sentence]
    assert theirs(sentence) == theirs.forward(sentence) == theirs.lookup_indices(sentence) == ids
    assert [theirs[token] for token in sentence] == ids
    assert [token in theirs for token in sentence] == [token in stoi for token in sentence]
    assert theirs.lookup_tokens(range(len(itos))) == itos
    assert theirs.lookup_token(EOS) == "<eos>"
    assert theirs["no such token"] == theirs.get_default_index() == UNK


def test_what_is_no_torchtext_vocabulary_is_refused_by_name():
    with pytest.raises(DataError, match=r"dict is no torchtext vocabulary: it has no get_itos\(\)"):
        Vocab.from_torchtext({"a": 0})
