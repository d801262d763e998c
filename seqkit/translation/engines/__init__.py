"""What searches for translations.

own.py           our search, by torch: every model, every setting, and what the others are held to
packed.py        a model that our own search has in 8 bits, and torch not at all
ctranslate2.py   the same search by CTranslate2, several times as fast, where it does the same
agreement.py     which settings those are
compute.py       the types of numbers that it computes with, and what this CPU is good at
searcher.py      the choice between the two, and models that are opened when they are needed
opening.py       a run folder opened without torch
foreign.py       a model of another program opened without torch
"""
