"""Text with something to learn for subwords, shared by the tests of tokenizers."""

import io
import itertools

import sentencepiece
from hypothesis import settings
from hypothesis import strategies as st

from seqkit.text import TextConfig

QUICK = settings(deadline=None, database=None)
PEOPLE = ["a man", "the woman", "two children", "an old dog", "nobody", "our neighbour's sister"]
DEEDS = ["rides", "is riding", "sees", "paints", "has never seen", "sold"]
THINGS = [
    "a bicycle.",
    "the red house!",
    "an umbrella?",
    "these mountains",
    "Zürich.",
    "the sea; it rains.",
]
LINES = [" ".join(parts) for parts in itertools.product(PEOPLE, DEEDS, THINGS)]
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text("\u2581\ue00001 a\n\r\t\0\u2585\ufffd\ufeff<>x"),
    st.lists(
        st.sampled_from(
            [
                *" ".join(LINES[:40]).split(),
                "<0x41>",
                "<unk>",
                "</s>",
                "<pad>",
                "\u2581",
                "漢字",
                " ",
            ]
        )
    ).map(" ".join),
)
AWKWARD = [
    "",
    " ",
    "  two  spaces  ",
    "\u2581",
    "\ue000",
    "\ue0001\ue0000",
    "a\0b",
    "a\nb\r\nc",
    "\u2028",
    "<eos>",
    "👩‍🚀",
]


def config(**settings):
    return TextConfig(**{"normalize": [], "vocab_size": 310, **settings})


def sentencepiece_model(**settings):
    """A model that the library trains on its own terms."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, minloglevel=2, **settings
    )
    return model.getvalue()
