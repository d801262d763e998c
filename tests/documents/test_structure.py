"""What gives a document its structure stays where it is, each of it once."""

import random
import re
from collections import Counter

import pytest

from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.segment import Translated

UNIT = "<xliff><trans-unit><source>a b</source>{}</trans-unit></xliff>"
TAGS = ("b", "i", "a", "u", "span")
POINTS = ("<img {}>", "<!-- {} -->", "<a {}></a>", "<i {}> </i>", "<i {}>&nbsp;</i>")


def backwards(text, kind):
    """A document with the words of each segment from the last to the first."""
    document = read_document(text.encode(), f"a.{kind}", kind)
    return document.write([shuffled(segment, list.reverse) for segment in document.segments])


def shuffled(segment, shuffle):
    words = segment.text.split()
    order = list(range(len(words)))
    shuffle(order)
    alignment = [(source, target) for target, source in enumerate(order)]
    return Translated(" ".join(words[i] for i in order), alignment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("::: tip\na b\nc\n:::\n", "::: tip\nc b a\n:::\n"),
        (":::{note} x\na b\n:::\n", ":::{note} x\nb a\n:::\n"),
        ('!!! note "X"\n    a b\n', '!!! note "X"\n    b a\n'),
        ("$$\nx = y\n$$\n", "$$\nx = y\n$$\n"),
        ("a $$x$$\n", "$$x$$ a\n"),
        ("|a|b|\n|-|-|\n|a \\| b|a|\n", "|a|b|\n|-|-|\n|b \\| a|a|\n"),
    ],
)
def test_blocks_formulas_and_bars_of_markdown_stay(text, expected):
    pytest.importorskip("markdown_it")
    assert backwards(text, "md").decode() == expected


@pytest.mark.parametrize(
    ("after_source", "expected"),
    [
        ("<seg-source>a b</seg-source>", "<seg-source>a b</seg-source><target>b a</target>"),
        (
            "<alt-trans><target>x</target></alt-trans>",
            "<target>b a</target><alt-trans><target>x</target></alt-trans>",
        ),
        ("<target>x</target>", "<target>x</target>"),
    ],
)
def test_a_target_goes_where_xliff_wants_it(after_source, expected):
    assert backwards(UNIT.format(after_source), "xliff").decode() == UNIT.format(expected)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>a <i class='icon'> </i>b", "<p>b <i class='icon'> </i>a"),
        ("<p>a<i class='icon'>&nbsp;</i> b", "<p>b <i class='icon'>&nbsp;</i> a"),
        ("<p>a <i><b> </b></i> b", "<p>b <i><b> </b></i> a"),
        ("<p>a <a id='x'></a><b>b <img> c</b>", "<p><b>c b <img></b> <a id='x'></a>a"),
    ],
)
def test_elements_of_blanks_only_stay(page, expected):
    assert backwards(page, "html").decode() == expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("<p><a><img> b</a> c d", "html", "<p>d c <a><img> b</a>"),
        ("<p>a b <i>c<img></i> d", "html", "<p>d <i>c<img></i> b a"),
        ("<p>a <i><img>c</i> d", "html", "<p>d <i><img>c</i> a"),
        ("[![x](y) b](z) c d\n", "md", "d c [![x](y) b](z)\n"),
    ],
)
def test_a_point_that_goes_with_its_element_leaves_blanks_between_words(text, kind, expected):
    if kind == "md":
        pytest.importorskip("markdown_it")
    assert backwards(text, kind).decode() == expected


def test_no_element_is_there_twice_and_no_point_is_lost():
    rng = random.Random(0)
    for _ in range(300):
        page = "<p>" + "".join(_content(rng, []))
        document = read_document(page.encode(), "a.html", "html")
        written = document.write([shuffled(one, rng.shuffle) for one in document.segments]).decode()
        before, after = (Counter(re.findall(r"<[^<>]*>", one)) for one in (page, written))
        assert not after - before
        lost = before - after
        assert not [tag for tag in lost if tag.startswith(("<img", "<!--"))]


def _content(rng, numbers, depth=0):
    for _ in range(rng.randrange(1, 5)):
        number = f"id={len(numbers)}"
        numbers.append(number)
        choice = rng.random()
        if choice < 0.5:
            yield rng.choice(["ab ", "cd, ", "(ef) ", "gh"])
        elif choice < 0.7:
            yield rng.choice(POINTS).format(number) + rng.choice([" ", ""])
        elif depth < 3:
            tag = rng.choice(TAGS)
            yield f"<{tag} {number}>{''.join(_content(rng, numbers, depth + 1))}</{tag}> "
