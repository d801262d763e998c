"""Terms that take the places of a translation's words."""

from types import SimpleNamespace

import pytest
import torch
from translators import blind

from seqkit.search.settings import SearchConfig
from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.cutting import Part
from seqkit.translation.engines import own
from seqkit.translation.glossary import Glossary, Term
from seqkit.translation.replaced_terms import Replacing, Word, replaced, room
from seqkit.translation.segments import Candidate, Segment
from seqkit.translation.terms import Found, Terms


def terms(glossary, tokenizer, languages=("en", "de"), longest=100):
    return Terms(glossary, tokenizer, tokenizer, languages=languages, longest=longest)


def changed(tokenizer, glossary, source, translation, weights):
    """A translation with its terms; `weights` are those of its words (T, S)."""
    replacing = Replacing(tokenizer, tokenizer, None, SearchConfig())
    segment = Segment(source, [], translation.split(), "")
    found = Terms(Glossary(glossary), tokenizer, tokenizer, languages=("xx", "xx"), longest=9).find(
        source
    )
    return replacing.text(segment, torch.as_tensor(weights), found)


def test_a_term_that_a_search_only_adds_takes_the_place_of_the_words_it_stands_for(
    english, monkeypatch
):
    monkeypatch.setattr(Terms, "appends", lambda *_: True)  # whatever the search finds
    text = "The contract was signed yesterday."
    assert english.translate([text]) == ["Der Vertrag wurde gestern unterschrieben."]
    (line,) = english.predict([text], glossary=Glossary({"contract": "Kontrakt"}), align=True)
    assert line.best.text == "Der Kontrakt wurde gestern unterschrieben."
    assert not line.unplaced_terms
    assert line.best.log_probability == pytest.approx(
        english.score([text], [line.best.text])[0], abs=1e-3
    )
    assert line.alignment == english.align([english.force(text, line.best.text)])[0]


def test_terms_are_replaced_by_what_their_words_attend_to(backwards):
    """The model says the words from last to first, and attends to those it says."""
    found = terms(Glossary({"Haus": "Hausboot", "rot": "rote"}), backwards.source, ("de", "de"))
    text = "das Haus ist rot"
    ((best,),) = backwards.translate_nbest([text], nbest=1)
    assert best.text == "rot ist Haus das"
    segment = best.parts[0]
    (attended,) = own.attention_of(backwards.model, backwards.source, backwards.target, [segment])
    replacing = Replacing(backwards.source, backwards.target, None, backwards.search)
    changed = replacing.text(segment, attended.mean_attention, found.find(text))
    assert changed == "rote ist Hausboot das"


@pytest.mark.parametrize(
    ("attention", "surface", "place"),
    [
        ([0.1, 0.8, 0.2], "a", (2, 4)),
        ([0.1, 0.8, 0.7], "a", (2, 4)),  # one word for one word
        ([0.1, 0.8, 0.7], "a b", (2, 7)),
        ([0.7, 0.8, 0.1], "a b", (0, 4)),
        ([0.1, 0.8, 0.2], "a b", (2, 4)),  # the other word means something else
        ([0.0, 0.05, 0.01], "a", None),
    ],
)
def test_the_words_that_attend_to_a_term_most_make_room(attention, surface, place):
    spans = [(0, 1), (2, 4), (5, 7)]
    words = [Word(*span, value) for span, value in zip(spans, attention, strict=True)]
    assert room([words], surface) == place


@pytest.mark.parametrize(
    "source",
    [
        "Flughafen und Hafen",  # which the first word ends with
        "İzmirs ßßß Hafen",  # longer in lower case
        "der   große\u00a0 Hafen",  # the model reads single blanks
        "der Gro\u0308ße Hafen",  # and no marks of their own
    ],
)
def test_a_term_is_replaced_where_it_stands_whatever_else_is_like_it(source):
    words = ["Flughafen", "und", "Hafen", "der", "große", "Port", "İzmirs", "ßßß"]
    config = TextConfig(tokenizer="word", normalize=["nfc", "spaces", "squeeze"])
    tokenizer = Tokenizer.train([" ".join(words)], config)
    text = changed(tokenizer, {"Hafen": "Port"}, source, "eins zwei drei", torch.eye(3))
    assert text == "eins zwei Port"


def test_a_term_that_the_model_reads_otherwise_is_not_replaced(words):
    """The tokenizer has no such word."""
    found = Found(Term("a", "b", "terms.tsv:1"), "Hafen", 4, 9)
    source = SimpleNamespace(token_strings=lambda _: ["der", "<unk>"], join=" ".join)
    replacing = Replacing(source, words, None, SearchConfig())
    segment = Segment("der Hafen", [], ["eins", "zwei"], "")
    assert replacing.text(segment, torch.eye(2), [found]) is None


def test_a_term_of_two_words_takes_no_marks_between_them(words):
    attention = [[0.5, 0.4], [0.0, 0.0], [0.4, 0.5]]
    text = changed(words, {"das Haus": "rot"}, "das Haus", "eins , drei", attention)
    assert text == "rot , drei"


def test_a_term_of_two_words_takes_no_place_of_another(words):
    attention = [[0.0, 0.5, 0.0], [0.9, 0.0, 0.0], [0.0, 0.0, 0.5]]
    glossary = {"Hund": "der", "das Haus": "rot"}
    text = changed(words, glossary, "Hund das Haus", "eins zwei drei", attention)
    assert text == "rot der drei"


def test_candidates_are_ranked_anew_and_each_is_there_once(words, monkeypatch):
    scores = [[-3.0], [-1.0], [-2.0], [-2.0]]
    monkeypatch.setattr(own, "token_scores", lambda *_: scores)
    weights = SimpleNamespace(mean_attention=torch.eye(3))
    monkeypatch.setattr(own, "attention_of", lambda *args: [weights] * len(args[-1]))
    part = Part("das Haus", [5, 6, 3], "")
    candidates = [
        Candidate(part, words.encode(text), text.split(), text, -1.0, -1.0, "", -2.0)
        for text in ["Haus rot", "Haus Hund", "Haus der", "Haus der"]
    ]
    found = terms(Glossary({"das": "ist"}), words).find(part.text)
    searcher = SimpleNamespace(attends=True, models=[None])
    replacing = Replacing(words, words, searcher, SearchConfig(length_penalty=0.0))

    (made,) = replacing.candidates([part], [candidates], [found])
    assert [one.text for one in made] == ["Ist Hund", "Ist der", "Ist rot"]
    assert [one.lm_log_probability for one in made] == [None] * 3  # it was of the old words


def test_a_sentence_still_begins_with_a_capital():
    term = Term("cat", "mieze", "terms.tsv:1")
    kept = Term("git", "-", "terms.tsv:2")
    assert (
        replaced("Katzen mögen Katzen.", {(0, 6): Found(term, "cat", 0, 3)})
        == "Mieze mögen Katzen."
    )
    assert replaced("Die Katze!", {(4, 9): Found(term, "cat", 0, 3)}) == "Die mieze!"
    assert replaced("Git ist gut.", {(0, 3): Found(kept, "git", 0, 3)}) == "git ist gut."


def test_a_model_without_attention_only_searches(words):
    translator = blind(words)
    glossary = Glossary({"Haus": "Hund"})
    (line,) = translator.predict(["das Haus"], glossary=glossary)
    assert line.best.text
