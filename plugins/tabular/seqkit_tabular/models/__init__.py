"""Models of tables, one a file: features (B, D) -> outputs (B, O).

contract.py says what the tasks ask of them, layers.py holds the layers they are made of, by torch
or written out. A model is made of its `Config` and of two sizes derived from the data: `features`,
and `outputs`, which is 1 for regression and the number of classes for classification.
"""
