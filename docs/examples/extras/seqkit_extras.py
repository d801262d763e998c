"""One small thing of each kind: a tokenizer, a metric, a rule of the search, a command."""

import click
import torch

from seqkit.metrics import Score


def register(plugin):
    plugin.tokenizer(
        "bytes", "seqkit_extras:ByteTokenizer", "UTF-8 bytes as two hexadecimal digits"
    )
    plugin.metric(
        "exact", "seqkit_extras:exact_match", "percentage of outputs equal to a reference"
    )
    plugin.rule("no-digits", "seqkit_extras:no_digits", "outputs without tokens that hold a digit")
    plugin.command("hello", "seqkit_extras:hello", "Say hello.")


class ByteTokenizer:
    """Text to bytes and back, exactly."""

    has_own_vocab = False
    unit = "character"

    def split(self, text):
        return [f"{byte:02x}" for byte in text.encode()]

    def join(self, tokens):
        return bytes.fromhex("".join(tokens)).decode(errors="replace")

    def save(self, folder):
        """Nothing to save."""

    @classmethod
    def load(cls, folder):
        return cls()


class ExactMatch:
    name = "exact"
    better = "higher"

    def __call__(self, outputs, references):
        right = sum(
            output in answers
            for output, answers in zip(outputs, zip(*references, strict=True), strict=True)
        )
        return Score(100 * right / len(outputs), "exact|case:mixed")


exact_match = ExactMatch()


class NoDigits:
    least = 0

    def __init__(self, barred):
        self.barred = barred  # (V,) True for tokens with a digit

    def forbidden(self, history, vocab):
        """Tokens so far (R, t) -> True for what may not follow (R, V)"""
        return self.barred.to(history.device).expand(len(history), vocab)


def no_digits(tokenizer, value):
    """`--search rules.no-digits=true`"""
    barred = [any(c.isdigit() for c in token) for token in tokenizer.vocab.tokens]
    return NoDigits(torch.tensor(barred) & bool(value))


@click.command()
def hello():
    """Say hello."""
    click.echo("hello from a plugin")
