import importlib
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import DataError
from seqkit.text import EOS, PAD, SPECIALS, UNK, Vocab
from seqkit.text.torchtext import NAMES


class FakeVocab:
    """A `torchtext.vocab.Vocab` with the one method that we need."""

    def __init__(self, tokens):
        self._tokens = tokens

    def get_itos(self):
        return self._tokens


@pytest.mark.parametrize("name", NAMES)
def test_every_seqkit_name_in_the_table_exists(name):
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
        "vocab.Vocab", "vocab.vocab", "vocab.build_vocab_from_iterator", "vocab.GloVe",
        "data.utils.get_tokenizer", "data.utils.ngrams_iterator", "data.metrics.bleu_score",
        "transforms.VocabTransform", "transforms.AddToken", "transforms.Truncate",
        "transforms.ToTensor", "transforms.PadTransform", "transforms.SentencePieceTokenizer",
        "transforms.LabelToIndex", "transforms.StrToIntTransform", "transforms.Sequential",
        "transforms.MaskTransform", "transforms.GPT2BPETokenizer", "transforms.CLIPTokenizer",
        "transforms.BERTTokenizer", "datasets.Multi30k", "datasets.WikiText2",
        "legacy.data.Field", "legacy.data.BucketIterator",
    ],
)  # fmt: skip
def test_the_names_that_people_look_for_are_in_the_table(name):
    assert name in NAMES


def test_specials_become_ours_wherever_they_are_and_however_spelt():
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


def test_the_error_for_something_else_names_its_type():
    with pytest.raises(
        DataError, match=r"dict is not a torchtext vocabulary: it has no get_itos\(\)"
    ):
        Vocab.from_torchtext({"a": 0})


def test_a_vocabulary_without_unk_has_no_default_index():
    theirs = Vocab(["noun", "verb"], specials=()).to_torchtext()
    assert theirs(["verb", "noun"]) == [1, 0]
    assert theirs.get_default_index() is None
    with pytest.raises(DataError, match="no token 'adverb', and no default index"):
        theirs["adverb"]
