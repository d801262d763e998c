"""Translators that need no training, and sentences for them and for the shipped one."""

import torch
from torch import nn

from seqkit.config import build
from seqkit.plugins import components
from seqkit.text.vocab import PAD
from seqkit.translation.translator import Translator

LINES = [
    "das Haus ist rot",
    "ein Hausboot sieht die Hause",
    "der Hund sieht das rote Haus .",
    "你好。",
    "好你。",
]
SENTENCES = [
    "Where is my book?",
    "I live in a small house.",
    "She bought a new car yesterday.",
    "No.",
]


class Backwards(nn.Module):
    """Says the words of the source from the last to the first, and attends to them.

    The runner-up of every word is `second`.
    """

    attends = True

    def __init__(self, vocab, second=4):
        super().__init__()
        self.one, self.vocab, self.second = nn.Parameter(torch.zeros(1)), vocab, second

    def place(self, source, t):
        """The source position that step `t` (B,) attends to: `<eos>` last."""
        end = (source != PAD).sum(1) - 1
        return torch.where(t < end, end - 1 - t, end)

    def start(self, source):
        return source, torch.zeros(len(source), dtype=torch.long)

    def step(self, ids, state):
        source, t = state
        logits = torch.full((len(source), self.vocab), -5.0)
        logits[:, self.second] = 1.0
        return logits.scatter(1, source.gather(1, self.place(source, t)[:, None]), 3.0), (
            source,
            t + 1,
        )

    def select(self, state, rows):
        return state[0][rows], state[1][rows]

    def forward(self, source, inputs):
        steps = [torch.full((len(source),), t) for t in range(inputs.size(1))]
        return torch.stack([self.step(None, (source, t))[0] for t in steps], 1)

    def logits(self, hidden):
        return hidden

    def cross_attention_weights(self, source, inputs):
        """One head is sure, the other one sees nothing: (B, 1, 2, T, S)"""
        steps = [self.place(source, torch.full((len(source),), t)) for t in range(inputs.size(1))]
        sure = nn.functional.one_hot(torch.stack(steps, 1), source.size(1)).float()
        return torch.stack([sure, torch.full_like(sure, 1 / source.size(1))], 1)[:, None]


def tiny(tokenizer, seed=0, name="transformer", **sizes):
    """An untrained translator."""
    torch.manual_seed(seed)
    cls = components().models.load(name)
    if name == "transformer":
        sizes = {
            "width": 8,
            "hidden": 16,
            "heads": 2,
            "encoder_layers": 1,
            "decoder_layers": 1,
            **sizes,
        }
    model = cls(build(cls.Config, sizes, name), target_vocab=len(tokenizer.vocab)).eval()
    return Translator(model, tokenizer, tokenizer, search=None)


def blind(tokenizer):
    return tiny(tokenizer, name="rnn-seq2seq", embedding=8, hidden=8, attention="none")


def rules(translator, **settings):
    return translator.rules(translator.settings(settings))
