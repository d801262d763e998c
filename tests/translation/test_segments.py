"""Lines in parts: how the translations of parts become one."""

from dataclasses import replace

import pytest

from seqkit.search.settings import SearchConfig
from seqkit.translation.cutting import Part
from seqkit.translation.segments import Candidate, Joined, extend, joined, most_alike


def candidate(text, log_probability=-2.0, score=-1.0, space=" "):
    """A translation of one token for each character."""
    part = Part(f"source of {text}", [5, 3], space)
    return Candidate(part, [5] * len(text), list(text), text, log_probability, score)


def test_parts_are_joined_with_the_space_between_their_sources():
    search = SearchConfig()
    joined = Joined(lead=" ").add(candidate("ab", space="  "), search)
    joined = joined.add(candidate("c", space="\t"), search)
    found = joined.translation()
    assert found.text == " ab  c\t"
    assert found.lead == " "
    assert found.tokens == ["a", "b", "c"]
    assert [segment.source for segment in found.parts] == ["source of ab", "source of c"]
    assert found.log_probability == -4.0


@pytest.mark.parametrize(
    ("source", "first", "second", "joined"),
    [
        ("我来了。", "I am here.", "And you?", "I am here. And you?"),
        ("行くの？", "Going?", "42", "Going? 42"),
        ("我来了。", "来た.", "行く", "来た.行く"),  # the target has no spaces either
        ("我来了。", "I am here", ", too", "I am here, too"),
        ("I am here.", "Je suis là.", "Et toi", "Je suis là.Et toi"),  # as in the source
    ],
)
def test_sentences_are_parted_by_a_space_where_only_the_source_has_none(
    source, first, second, joined
):
    line = Joined()
    for text in (first, second):
        made = candidate(text, space="")
        line = line.add(replace(made, part=replace(made.part, text=source)), SearchConfig())
    assert line.translation().text == joined


def test_the_score_of_a_line_normalises_its_whole_length_and_keeps_every_penalty():
    """Lengths are 3 and 2 with `<eos>`; penalties are what a score lacks to its average."""
    search = SearchConfig(length_penalty=1.0)
    first = candidate("ab", log_probability=-3.0, score=-1.5)  # 0.5 below -3 / 3
    second = candidate("c", log_probability=-4.0, score=-2.25)  # 0.25 below -4 / 2
    joined = Joined().add(first, search).add(second, search)
    assert joined.score == pytest.approx(-7 / 5 - 0.75)


def test_a_part_that_was_cut_further_counts_for_the_score_as_its_segments_do():
    """Lengths are 3, 2 and 4 with `<eos>`, and no score has a penalty."""
    search = SearchConfig(length_penalty=1.0)
    first, second, third = (
        candidate(text, log_probability=-6.0, score=-6 / (len(text) + 1))
        for text in ("ab", "c", "def")
    )
    (found,) = joined("", [[second], [third]], search)
    cut = Candidate.of_cut(Part("of both", [5, 3], ""), found)
    line = Joined().add(first, search).add(cut, search)
    assert line.length == 3 + 2 + 4
    assert line.score == pytest.approx(-18 / 9)


def test_a_language_model_says_nothing_of_a_line_with_a_part_that_it_has_not_seen():
    seen, unseen = replace(candidate("a"), lm_log_probability=-3.0), candidate("b")
    for parts, total in [((seen, seen), -6.0), ((seen, unseen, seen), None), ((unseen,), None)]:
        line = Joined()
        for part in parts:
            line = line.add(part, SearchConfig())
        assert line.lm_log_probability == total


def test_the_mean_chrf_of_a_line_is_weighted_by_length():
    search = SearchConfig(mbr=4)
    joined = Joined().add(candidate("abc", score=50.0), search)
    joined = joined.add(candidate("", score=10.0), search)
    assert joined.score == pytest.approx((4 * 50 + 1 * 10) / 5)


def test_draws_are_continued_one_by_one():
    search = SearchConfig(sample=True, nbest=2)
    drafts = extend([Joined()], [candidate("a"), candidate("b")], search)
    drafts = extend(drafts, [candidate("c"), candidate("d")], search)
    assert [draft.translation().text for draft in drafts] == ["a c ", "b d "]


def test_an_n_best_list_takes_the_best_combinations():
    search = SearchConfig(nbest=3, length_penalty=0.0)
    first = [candidate("a", -1.0, -1.0), candidate("b", -2.0, -2.0), candidate("c", -9.0, -9.0)]
    second = [candidate("d", -1.0, -1.0), candidate("e", -1.5, -1.5)]
    drafts = extend(extend([Joined()], first, search), second, search)
    assert [draft.translation().text for draft in drafts] == ["a d ", "a e ", "b d "]


def test_each_text_is_returned_once_with_its_mean_chrf():
    found = most_alike([candidate("ab"), candidate("xy"), candidate("ab")], most=3)
    assert [c.text for c in found] == ["ab", "xy"]
    assert [c.score for c in found] == [50.0, 0.0]
    assert [c.text for c in most_alike([candidate("ab"), candidate("xy")] * 2, most=1)] == ["xy"]
