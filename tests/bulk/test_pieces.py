"""Handing out work, with workers that are plain objects: deaths come where the test wants them."""

from collections import Counter
from types import SimpleNamespace

import pytest

from seqkit.bulk.formats import Answer, Failure
from seqkit.bulk.pieces import Died, Piece, answered
from seqkit.errors import DataError, SeqkitError

SHARD = SimpleNamespace(place="x.txt, rows 1 to 9")


class Pool:
    """Workers that answer with the row in capitals; a row of `deadly` ends the one that reads it.

    `killed` are the numbers of questions at which a worker dies for no reason of its own.
    """

    def __init__(self, deadly=(), killed=()):
        self.deadly = set(deadly)
        self.killed = set(killed)
        self.started = 0
        self.asked = 0
        self.dead = set()

    def start(self):
        self.started += 1
        return self.started

    def ask(self, handle, rows):
        self.asked += 1
        return (self.asked, handle, tuple(rows))

    def wait(self, tickets):
        return tickets[:1]

    def answers(self, ticket):
        number, handle, rows = ticket
        if handle in self.dead or number in self.killed or self.deadly & set(rows):
            self.dead.add(handle)
            raise Died("it was killed")
        return [Answer({}, text.upper()) for (text,) in rows]

    def end(self, handle):
        self.dead.add(handle)


def pieces(count, size):
    for start in range(0, count, size):
        indices = range(start, start + size)
        yield Piece(SHARD, indices, [(f"row {i}",) for i in indices])


def result(found):
    """Answers by row; each must come once."""
    times = Counter(i for done in found for i in done.piece.indices)
    assert set(times.values()) <= {1}
    return {
        i: answer
        for done in found
        for i, answer in zip(done.piece.indices, done.answers, strict=True)
    }


def test_every_row_is_answered_once_whoever_dies_when():
    for killed in ({1}, {2, 3}, {5, 9, 10, 11}):
        found = result(list(answered(pieces(40, 4), Pool(killed=killed), 3, lambda text: None)))
        assert [found[i].line for i in range(40)] == [f"ROW {i}" for i in range(40)]


def test_a_row_that_ends_workers_is_found_and_set_aside_alone():
    pool = Pool(deadly={("row 13",)})
    notes = []
    found = result(list(answered(pieces(40, 20), pool, 2, notes.append)))
    assert [i for i, answer in found.items() if isinstance(answer, Failure)] == [13]
    assert len(found) == 40
    assert "a worker died (it was killed)" in notes[0]
    assert pool.started <= 2 + 5 + 2  # 20 rows are 1 row after 5 halvings, which is tried twice


def test_no_more_workers_start_than_there_is_work_for():
    pool = Pool()
    list(answered(pieces(4, 2), pool, 8, lambda text: None))
    assert pool.started == 2


def test_pieces_are_read_as_they_are_needed():
    taken = []

    def counted():
        for piece in pieces(100, 1):
            taken.append(piece)
            yield piece

    answers = answered(counted(), Pool(), 2, lambda text: None)
    next(answers)
    assert len(taken) == 4  # two for each worker


def test_many_workers_that_go_with_their_machine_are_replaced():
    """Sixty at once: no row is to blame, and the work goes on."""
    pool = Pool(killed=set(range(1, 61)))
    found = result(list(answered(pieces(240, 4), pool, 60, lambda text: None)))
    assert [found[i].line for i in range(240)] == [f"ROW {i}" for i in range(240)]


def test_workers_that_only_die_end_the_work_with_one_clear_line():
    every_row = {(f"row {i}",) for i in range(40)}
    with pytest.raises(SeqkitError, match=r"20 workers died .*, the last at x\.txt"):
        list(answered(pieces(40, 4), Pool(deadly=every_row), 2, lambda text: None))


def test_an_error_of_the_input_comes_after_all_that_was_begun():
    def damaged():
        yield from pieces(6, 2)
        raise DataError("x.gz is cut off")

    found = []
    with pytest.raises(DataError, match="cut off"):
        found.extend(answered(damaged(), Pool(), 2, lambda text: None))
    assert len(result(found)) == 6
