"""Models that label: contract.py says what the tasks ask of them, the others are one model a file.

Every model is given the length of each text and looks at nothing behind it: what it says of a text
does not depend on the padding of its batch.
"""
