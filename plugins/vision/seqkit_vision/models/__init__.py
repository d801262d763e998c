"""Networks, one family a file: images (B, C, S, S), normalised, -> logits (B, classes).

contract.py says what the task asks of them, common.py holds the parts they share. A network is made
of its `Config` (the settings) and of sizes derived from the data: `channels`, `size` (images are
square) and `classes`. Importing networks needs torch only, never torchvision.
"""
