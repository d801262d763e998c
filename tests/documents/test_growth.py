"""Documents of any shape cost what their size says: nothing in them grows as its square."""

import random
import re
import time

import pytest
from documents.zoo import CUE, RUN, docx

from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.placing import Places, places_of
from seqkit.translation.documents.segment import Translated

SIZE = 8_000
CODE_RUN = '<w:r><w:rPr><w:rStyle w:val="HTMLCode"/></w:rPr><w:t>x</w:t></w:r>'


def reversed_words(segment):
    words = segment.text.split()
    last = len(words) - 1
    return Translated(" ".join(reversed(words)), [(last - i, i) for i in range(len(words))])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("html", "<p>" + "a b <img src=x> " * SIZE),
        ("html", "<p>" + "a <b>b</b> c " * SIZE),
        ("html", "<p>" + "a<sup><a href=#x>1</a></sup> b " * SIZE),
        ("html", "<p>" + "".join(f"a <code>x{i}</code>, b " for i in range(SIZE))),
        ("xliff", f"<xliff>{'<trans-unit><source>a b</source></trans-unit>' * 2 * SIZE}</xliff>"),
        ("srt", CUE.format(1, 1, 2, "a, b c " * SIZE)),
        ("srt", CUE.format(1, 1, 2, "a <i>b</i> c " * SIZE)),
        ("md", "a " + "{{ " * SIZE),
        ("md", "a " + "<!-- " * SIZE),
        ("md", "a " + "<code> " * SIZE),
        ("md", "a " + "".join("`" * (i % 200 + 1) + "a " for i in range(SIZE // 8))),
        ("docx", docx(f"<w:p>{(RUN.format('a ') + CODE_RUN + RUN.format(' b')) * 3_000}</w:p>")),
    ],
    ids=range(12),
)
def test_a_document_of_one_endless_paragraph_takes_seconds(kind, text):
    if kind == "md":
        pytest.importorskip("markdown_it")
    data = text if isinstance(text, bytes) else text.encode()

    start = time.process_time()
    document = read_document(data, f"a.{kind}", kind)
    document.write([reversed_words(segment) for segment in document.segments])
    assert time.process_time() - start < 4


def test_points_go_where_a_search_through_all_words_puts_them():
    rng = random.Random(0)
    for _ in range(500):
        sources, targets = rng.randrange(1, 8), rng.randrange(8)
        aligned = [rng.randrange(sources) for _ in range(targets)]
        words = sorted(rng.randrange(targets) for _ in range(2 * targets))
        places = Places(aligned, words, sources)
        for count in range(sources + 1):
            for touches in (False, True):
                expected = _slowly(aligned, words, sources, count, touches)
                assert places.after(count, touches=touches) == expected


def _slowly(aligned, words, sources, count, touches):
    if count == 0:
        return 0
    if count == sources and all(source < count for source in aligned):
        return len(words)
    last = [i for i, source in enumerate(aligned) if source == count - 1]
    word = last[-1] + 1 if touches and last else sum(source < count for source in aligned)
    return next((i for i, of_unit in enumerate(words) if of_unit >= word), len(words))


def test_what_is_kept_is_found_as_by_one_pattern_of_all_of_it():
    rng = random.Random(0)
    for _ in range(500):
        wanted = {"".join(rng.choices("`ab]", k=rng.randrange(1, 4))) for _ in range(4)}
        text = "".join(rng.choices("`ab] ", k=30))
        pattern = "|".join(re.escape(one) for one in sorted(wanted, key=len, reverse=True))
        expected = [(match[0], match.start()) for match in re.finditer(pattern, text)]
        assert list(places_of(wanted, text)) == expected
