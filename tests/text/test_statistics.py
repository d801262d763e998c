from hypothesis import given
from hypothesis import strategies as st
from subwords import QUICK

from seqkit.text import ngrams


@QUICK
@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.integers(1, 4), max_size=3))
def test_ngrams_of_each_order_are_the_list_zipped_with_itself_shifted(tokens, orders):
    expected = []
    for order in orders:
        shifted = [tokens[start:] for start in range(order)]
        expected += zip(*shifted, strict=False)
    assert list(ngrams(tokens, *orders)) == expected
