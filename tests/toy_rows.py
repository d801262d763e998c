"""Contestants of benchmarks that need no model. `benchmarks.worker` imports this by name."""

from pathlib import Path

from benchmarks.core import Contestant, Outcome, Row, same_lines


def quick_one(settings, clock):
    with clock:
        total = sum(range(200_000))
    return Outcome(1000, [total])


def slow_one(settings, clock):
    with clock:
        for _ in range(20):
            total = sum(range(200_000))
    return Outcome(1000, [total])


def wrong_one(settings, clock):
    with clock:
        total = sum(range(200_001))
    return Outcome(1000, [total])


def broken_one(settings, clock):
    raise ValueError("no such model")


def absent_one(settings, clock):
    return None


def talkative_one(settings, clock):
    print("this is no figure")
    with clock:
        total = sum(range(settings["count"]))
    return Outcome(settings["count"], [total])


def prepared_one(settings, clock):
    with clock:
        text = (Path(settings["folder"]) / "text").read_text()
        sum(range(100_000))
    return Outcome(1, text, "read in a moment")


def prepare(settings):
    (Path(settings["folder"]) / "text").write_text("prepared")


def broken_preparation(settings):
    raise OSError("no room")


def row(*contestants, peer=None, prepare=None, needs=""):
    return Row(
        title="a toy",
        unit="things",
        cases={"one": {"count": 200_000}},
        contestants=[
            Contestant(run.__name__, run, peer if place else None, needs if place else "")
            for place, run in enumerate(contestants)
        ],
        agree=same_lines(),
        prepare=prepare,
    )


def matrices(settings):
    """A step of two products, 2 x 3 by 3 x 4 and three of 2 x 2 by 2 x 2, for five units."""
    import torch

    a, b, c = torch.ones(2, 3), torch.ones(3, 4), torch.ones(3, 2, 2)

    def step():
        torch.mm(a, b)
        torch.bmm(c, c)
        return 5

    return step
