"""Every alignment of a few frames, one by one: what a CTC search is compared with."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np

from seqkit import ngram

LETTERS = ["<pad>", "a", "b", "|"]
LM = ngram.train(["a b", "ab a", "b b a", "a"], order=3, smoothing="witten-bell")


def frames(count, labels, seed):
    """Random log probabilities, (count, labels)."""
    rng = np.random.default_rng(seed)
    found = rng.dirichlet(np.full(labels, 0.7), count)
    return np.log(np.maximum(found, 1e-6) / np.maximum(found, 1e-6).sum(1, keepdims=True))


def collapse(alignment, blank):
    """The labels of an alignment without repeats, then without blanks."""
    distinct = [label for label, _ in itertools.groupby(alignment)]
    return [label for label in distinct if label != blank]


def spell(labels):
    """The words that labels spell: "|" and "▁" begin one, "##" does not."""
    text = "".join(labels).replace("|", " ").replace("▁", " ")
    return text.split()


def spell_tokens(labels):
    """Every label is a word."""
    return labels


def texts(logs, labels, blank, spelled=spell):
    """The log probability of every text, by its words: summed over all alignments of it."""
    found = defaultdict(float)
    for alignment in itertools.product(range(len(labels)), repeat=len(logs)):
        probability = math.exp(sum(logs[frame, label] for frame, label in enumerate(alignment)))
        words = spelled([labels[i] for i in collapse(alignment, blank)])
        found[tuple(words)] += probability
    return {words: math.log(probability) for words, probability in found.items()}
