from hypothesis import given
from hypothesis import strategies as st

from seqkit.text.words import split_words

ASCII_CHUNKS = st.text(alphabet="e1_'.-!&$", min_size=1, max_size=8)


@given(ASCII_CHUNKS)
def test_ascii_is_split_as_any_other_script_is(chunk):
    elsewhere = split_words(chunk.replace("e", "é") + " é")
    assert split_words(chunk + " e") == [token.replace("é", "e") for token in elsewhere]


def test_an_apostrophe_between_letters_belongs_to_the_word():
    assert split_words("don't 'tis o''er rock'n'roll dogs'") == [
        *("don't", "'￭", "tis", "o", "￭'", "￭'￭", "er", "rock'n'roll", "dogs", "￭'"),
    ]
