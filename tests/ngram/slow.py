"""Textbook n-gram models in dictionaries, slow and plain: the reference for the fast ones.

`probability(w, h)` is the formula as the papers write it, recursing to shorter histories.
"""

import random
from collections import Counter, defaultdict

UNK, BOS, EOS = "<unk>", "<s>", "</s>"


def some_lines(seed, words="abcde", lines=25, longest=7):
    """A random corpus of uneven n-grams, with blank lines and long ones."""
    rng = random.Random(seed)
    made = []
    for _ in range(lines):
        line = [rng.choice(words)]
        while rng.random() < 0.8 and len(line) < longest:
            line.append(
                line[-1]
                if rng.random() < 0.3
                else rng.choice(words[: 1 + rng.randrange(len(words))])
            )
        made.append(" ".join(line) if rng.random() > 0.08 else "")
    return [*made, " ".join(words)]


def ngrams(lines, order):
    """How often each k-gram occurs, k up to `order`; `<s>` only begins them."""
    counts = Counter()
    for line in lines:
        sentence = (BOS, *line.split(), EOS)
        for k in range(1, order + 1):
            counts.update(sentence[i : i + k] for i in range(len(sentence) - k + 1))
    del counts[BOS,]
    return counts


class Slow:
    def __init__(self, lines, order, smoothing, *, prune=(), vocabulary=None, k=1.0, unigrams=True):
        self.order, self.smoothing, self.k, self.unigrams = order, smoothing, k, unigrams
        self.raw = ngrams(lines, order)
        self.given = self.adjusted() if smoothing.endswith("kneser-ney") else self.raw
        thresholds = [*prune, *[prune[-1] if prune else 0] * order]
        allowed = {UNK, BOS, EOS, *(w for (w, *rest) in self.raw if not rest)}
        if vocabulary is not None:
            allowed &= {UNK, BOS, EOS, *vocabulary}
        self.kept = {
            gram
            for gram, count in self.raw.items()
            if (count > thresholds[len(gram) - 1] or gram == (EOS,)) and set(gram) <= allowed
        }
        self.words = sorted({UNK, EOS} | {gram[0] for gram in self.kept if len(gram) == 1})
        self.followers = defaultdict(list)
        for gram in self.raw:
            self.followers[gram[:-1]].append(gram)

    def adjusted(self):
        """For KN: how many words come before a k-gram; plain counts at the top and after `<s>`."""
        before = defaultdict(set)
        for gram in self.raw:
            before[gram[1:]].add(gram[0])
        return {
            gram: count if len(gram) == self.order or gram[0] == BOS else len(before[gram])
            for gram, count in self.raw.items()
        }

    def frequencies(self, k, most):
        """n_0 … n_most: how many k-grams have that count."""
        found = Counter(count for gram, count in self.given.items() if len(gram) == k)
        return [found[i] for i in range(most + 1)]

    def discounts(self, k):
        """D_1, D_2, D_3+ of order k."""
        n = self.frequencies(k, 4)
        if self.smoothing != "modified-kneser-ney":
            return [n[1] / (n[1] + 2 * n[2]) if n[1] else 0.5] * 3
        if not all(n[1:4]):
            return [0.5, 1, 1.5]
        y = n[1] / (n[1] + 2 * n[2])
        found = [j - (j + 1) * y * n[j + 1] / n[j] for j in (1, 2, 3)]
        return found if all(0 <= d <= j for j, d in enumerate(found, 1)) else [0.5, 1, 1.5]

    def probability(self, word, history):
        """p(word | history); the history may begin with `<s>`, unknown words are `<unk>`."""
        history = tuple(history)[max(0, len(history) - self.order + 1) :]
        return {"katz": self._katz, "add-k": self._add_k, "maximum-likelihood": self._relative}.get(
            self.smoothing,
            self._stupid if self.smoothing == "stupid-backoff" else self._interpolated,
        )(word, history)

    def total(self, history):
        return sum(self.given[gram] for gram in self.followers[history])

    def _interpolated(self, word, history):
        lower = self._interpolated(word, history[1:]) if history else 1 / len(self.words)
        kept = [gram for gram in self.followers[history] if gram in self.kept]
        if history and not kept:
            return lower
        count = self.given[*history, word] if (*history, word) in self.kept else 0
        lost = sum(self.given[gram] for gram in self.followers[history] if gram not in self.kept)
        total = self.total(history)
        if self.smoothing == "witten-bell":
            return count / (total + len(kept)) + (len(kept) + lost) / (total + len(kept)) * lower
        taken = [0, *self.discounts(len(history) + 1)]
        weight = (lost + sum(taken[min(3, self.given[gram])] for gram in kept)) / total
        if not history and not self.unigrams:
            lower = float(word == UNK)
        return (count - taken[min(3, count)]) / total + weight * lower

    def _relative(self, word, history):
        if self.followers[history]:
            return self.raw[*history, word] / self.total(history)
        return self._relative(word, history[1:])

    def _add_k(self, word, history):
        return (self.raw[*history, word] + self.k) / (
            self.total(history) + self.k * len(self.words)
        )

    def _stupid(self, word, history):
        if self.raw[*history, word]:
            return self.raw[*history, word] / self.total(history)
        return 0.4 * self._stupid(word, history[1:]) if history else 1 / self.total(())

    def good_turing(self, k, most=5):
        """The share that is left of each count from 0 to most + 1; None where the formula fails."""
        n = self.frequencies(k, most + 1)
        if not all(n[1:]):
            return None
        common = (most + 1) * n[most + 1] / n[1]
        found = [
            ((r + 1) * n[r + 1] / (r * n[r]) - common) / (1 - common) for r in range(1, most + 1)
        ]
        return [0, *found, 1] if all(0 < d <= 1 for d in found) else None

    def _katz(self, word, history):
        seen = [gram for gram in self.followers[history] if gram in self.kept]
        if history and not seen:
            return self._katz(word, history[1:])
        shares = self.good_turing(len(history) + 1)
        total = self.total(history)
        taken = {
            g: self.raw[g] * shares[min(6, self.raw[g])] if shares else self.raw[g] - 0.5
            for g in seen
        }
        gram = (*history, word)
        if gram in taken:
            return taken[gram] / total
        left = 1 - sum(taken.values()) / total
        if not history:
            return left if word == UNK else 0.0
        return (
            left
            * self._katz(word, history[1:])
            / (1 - sum(self._katz(g[-1], history[1:]) for g in seen))
        )
