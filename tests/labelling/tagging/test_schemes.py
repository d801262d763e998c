import itertools

import pytest

from seqkit.errors import DataError
from seqkit.labelling.tagging.decoding import allowed_tags
from seqkit.labelling.tagging.schemes import (
    Span,
    complete,
    convert,
    find_scheme,
    is_broken,
    may_begin,
    may_end,
    may_follow,
    misfit,
    spans_of,
    tags_of,
)


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("bio", "B-P O O B-L I-L B-L"),
        ("bioes", "S-P O O B-L E-L S-L"),
        ("bmes", "S-P O O B-L E-L S-L"),
        ("bilou", "U-P O O B-L L-L U-L"),
    ],
)
def test_every_scheme_spells_the_same_spans(scheme, tags):
    spans = [Span(0, 1, "P"), Span(3, 5, "L"), Span(5, 6, "L")]
    assert spans_of(tags.split()) == spans
    assert tags_of(spans, 6, scheme) == tags.split()


def test_bmes_has_m_where_bioes_has_i():
    spans = [Span(0, 4, "")]
    assert tags_of(spans, 4, "bmes") == ["B", "M", "M", "E"]
    assert tags_of(spans, 4, "bioes") == ["B", "I", "I", "E"]
    assert tags_of(spans, 4, "bio") == ["B", "I", "I", "I"]
    assert tags_of(spans, 4, "bilou") == ["B", "I", "I", "L"]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [  # the rules of conlleval.pl, startOfChunk and endOfChunk, by hand
        ("I-A I-A", [(0, 2, "A")]),  # O I begins
        ("B-A I-B", [(0, 1, "A"), (1, 2, "B")]),  # another type begins
        ("O I-A O I-A", [(1, 2, "A"), (3, 4, "A")]),
        ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
        ("E-A E-A", [(0, 1, "A"), (1, 2, "A")]),  # E E: one ends, one begins
        ("B-A E-A I-A", [(0, 2, "A"), (2, 3, "A")]),
        ("I-A E-A O", [(0, 2, "A")]),
        ("S-A I-A", [(0, 1, "A"), (1, 2, "A")]),
        ("B-A L-A I-A", [(0, 2, "A"), (2, 3, "A")]),
        ("U-A L-A U-A", [(0, 1, "A"), (1, 2, "A"), (2, 3, "A")]),
        ("B-A O", [(0, 1, "A")]),
        ("O O", []),
        ("", []),
    ],
)
def test_the_spans_of_a_broken_sequence_are_those_of_conlleval(tags, spans):
    assert spans_of(tags.split()) == [Span(*span) for span in spans]


@pytest.mark.parametrize("scheme", ["bio", "bioes", "bmes", "bilou"])
def test_a_sequence_is_broken_if_and_only_if_a_step_of_it_is_not_allowed(scheme):
    tags = complete([f"{prefix}-{kind}" for prefix in "B" for kind in "XY"] + ["O"], scheme)
    for length in (1, 2, 3):
        for sequence in itertools.product(tags, repeat=length):
            allowed = (
                may_begin(sequence[0], scheme)
                and may_end(sequence[-1], scheme)
                and all(may_follow(a, b, scheme) for a, b in itertools.pairwise(sequence))
            )
            assert is_broken(sequence, scheme) != allowed, sequence


@pytest.mark.parametrize(
    ("before", "after"),
    list(itertools.product(["bio", "bioes", "bmes", "bilou"], repeat=2)),
)
def test_conversion_keeps_the_spans(before, after):
    spans = [Span(0, 1, "A"), Span(1, 4, "B"), Span(5, 7, "A")]
    tags = tags_of(spans, 8, before)
    assert spans_of(convert(tags, after)) == spans
    assert convert(convert(tags, after), before) == tags


def test_tags_of_conll_2003_begin_with_i_and_are_read_as_what_they_mean():
    """IOB1: B only where two spans of a type touch."""
    tags = ["I-ORG", "O", "I-MISC", "B-MISC"]
    assert is_broken(tags, "bio")
    assert convert(tags, "bio") == ["B-ORG", "O", "B-MISC", "B-MISC"]


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (["O", "B-NP", "I-NP"], "bio"),
        (["O", "I-NP"], "bio"),
        (["O", "B-NP", "I-NP", "E-NP", "S-NP"], "bioes"),
        (["B", "M", "E", "S"], "bmes"),
        (["B", "E", "S"], "bioes"),
        (["NOUN", "VERB"], "plain"),
        (["-LRB-", "NN", "SYM"], "plain"),
        (["O"], "plain"),
        (["O", "B-NP", "L-NP"], "bilou"),
        (["O", "B-NP", "I-NP", "L-NP", "U-NP"], "bilou"),
        (["O", "B-NP", "I-NP", "L-NP", "S-NP"], "plain"),
        (["O", "B-NP", "Q-NP"], "plain"),
    ],
)
def test_the_scheme_is_found_by_the_prefixes(tags, scheme):
    assert find_scheme(tags) == scheme


@pytest.mark.parametrize(
    ("tags", "wrong"),
    [
        (["O", "B-X", "I-X", "Q-Y"], "Q-Y"),
        (["O", "b-X", "i-X"], "b-X"),
        (["O", "B_X", "I_X"], "B_X"),
        (["o", "B-X", "I-X"], "o"),
        (["O", "B-X", "I-X", "M-X"], "M-X"),
        (["O", "B-X", "I-X", "L-X", "S-X"], "L-X"),
        (["O", "B-X", "I-X", "E-X", "U-X", "S-X"], "U-X"),
        (["O", "B-X", "I-X", "L-X", "U-X"], ""),
        (["O", "B-X", "I-X", "E-X", "S-X"], ""),
        (["NOUN", "I-", "PRON"], ""),
        (["BB", "IN", "-LRB-"], ""),
        (["O"], ""),
    ],
)
def test_tags_that_miss_a_scheme_by_a_slip_are_noticed(tags, wrong):
    assert misfit(tags) == wrong


def test_a_set_of_tags_is_completed_so_that_every_length_can_be_spelt():
    assert complete(["B-NP", "O"], "bioes") == ["O", "B-NP", "I-NP", "E-NP", "S-NP"]
    assert complete(["VERB", "NOUN"], "plain") == ["NOUN", "VERB"]
    with pytest.raises(DataError, match="'M-NP' is not of the scheme bio, whose tags begin"):
        complete(["M-NP"], "bio")


@pytest.mark.parametrize("scheme", ["bio", "bioes", "bmes", "bilou"])
def test_a_chain_allows_the_sequences_that_are_not_broken_and_no_others(scheme):
    tags = complete(["O", "B-X", "B-Y"], scheme)
    first, between, last = allowed_tags(tags, scheme)
    for length in (1, 2, 3):
        for places in itertools.product(range(len(tags)), repeat=length):
            is_allowed = bool(first[places[0]] and last[places[-1]])
            is_allowed &= all(bool(between[pair]) for pair in itertools.pairwise(places))
            assert is_allowed != is_broken([tags[place] for place in places], scheme)
