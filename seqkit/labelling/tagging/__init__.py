"""Tagging: a sentence of words in, a tag for each word out.

task.py         what the trainer must know: batches, the loss, the figures
data_config.py  the [data] section; learned.py: in which form sentences are learned
reading.py      sentences and tags from files; sentences.py: what they are in memory
schemes.py      how tags spell spans; tags.py: those that a tagger knows
prepared.py     the sentences in files of the cache; remarks.py: what to say of them
encoding.py     words as ids, with their letters and features; encoded.py: batches of them
decoding.py     from a model's outputs to tags that the scheme allows
tagger.py       the predictor; splitting.py: lines as its words; predictions.py: its answers
evaluation.py   measured on sentences; report.py: the figures; comparison.py: of two models
baseline.py     what counting reaches
estimator.py    the same as scikit-learn has it
"""
