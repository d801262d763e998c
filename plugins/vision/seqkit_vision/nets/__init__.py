"""Networks, one family a file: images (B, C, S, S), normalised, -> logits (B, classes).

Importing them needs torch only, never torchvision. Every net is made of its `Config` (what a person chooses) and
of what the data decides: `channels`, `size` (images are square) and `classes`. Its last layer is `output`.
"""
