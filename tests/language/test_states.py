"""States of trained models: token by token, with the scores of whole lines."""

import pytest
from language.tiny import LINES, SMALL, untrained
from stepping import walk

from seqkit.errors import WrongType, WrongValue

LINE = "the cat sees the zebra ."


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("line", [LINE, "", LINES[0]])
def test_steps_give_the_scores_of_the_line(name, line):
    model = untrained(name)
    scores, _ = walk(model, line)
    found = model.score_block(f"{line}\n".encode())
    assert scores == pytest.approx(found.scores.tolist(), rel=1e-4)


def test_a_line_longer_than_the_window_is_seen_as_it_is_when_it_arrives():
    model = untrained("transformer-lm", steps=4, stride=2)
    line = " ".join([LINE] * 3)
    scores, _ = walk(model, line)
    ((_, found),) = model.score_blocks([f"{line}\n".encode()], at_once=True)
    assert scores == pytest.approx(found.scores.tolist(), rel=1e-4)


def test_states_after_the_same_tokens_are_equal():
    model, other = untrained("gru"), untrained("gru")
    _, state = walk(model, "the cat")
    assert state == walk(model, "the cat")[1]
    assert hash(state) == hash(walk(model, "the cat")[1])
    assert state != walk(model, "the dog")[1]
    assert state != walk(other, "the cat")[1]


def test_the_next_tokens_are_the_likeliest():
    model = untrained("lstm")
    _, state = walk(model, "the cat")
    tokens = model.tokenizer.vocab.tokens[4:]
    expected = sorted((model.step(state, token)[0] for token in tokens), reverse=True)
    found = model.next("the cat", top=3)
    assert [score for _, score in found] == pytest.approx(expected[:3], rel=1e-5)
    assert {token for token, _ in model.next("the cat", start="b")} == {"ball", "bird"}


def test_the_state_of_another_model_is_refused():
    model, other = untrained("gru"), untrained("gru")
    with pytest.raises(WrongValue, match="this state is of another model: begin with begin"):
        model.step(other.begin(), "the")
    with pytest.raises(WrongType, match="give a state of this language model, not int"):
        model.finish(3)
    with pytest.raises(WrongType, match="give one token as a string"):
        model.step(model.begin(), 3)
