"""The text that the tests of bulk work read."""

ANIMALS = ("cat", "dog")
VERBS = ("sat", "ran")
PLACES = ("here", "there", "on the mat")
LINES = [f"the {a} {v} {p}" for a in ANIMALS for v in VERBS for p in PLACES]
