"""A bridge for people who come from torchtext: its names mapped to ours, and its `Vocab` in both directions.

torchtext stopped in 2024 and does not import beside today's torch; nothing here needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..errors import DataError
from .vocab import SPECIALS, UNK, Vocab

NAMES: dict[str, tuple[str, str]] = {
    "vocab.Vocab": ("seqkit.text:Vocab", "`Vocab.from_torchtext(v)` and `vocab.to_torchtext()` convert"),
    "vocab.vocab": ("seqkit.text:Vocab.build", "from sentences; it counts by itself"),
    "vocab.build_vocab_from_iterator": ("seqkit.text:Vocab.build", "`min_freq`, `max_size`; specials are built in"),
    "Vocab.set_default_index": ("seqkit.text:UNK", "the default is always `<unk>`, id 1"),
    "Vocab.lookup_indices": ("seqkit.text:Vocab.encode", ""),
    "Vocab.lookup_tokens": ("seqkit.text:Vocab.decode", ""),
    "Vocab.get_itos": ("seqkit.text:Vocab", "`vocab.tokens`; `vocab[token]` for get_stoi"),
    "data.utils.get_tokenizer": (
        "seqkit.text:Tokenizer",
        '"basic_english" is `normalize=["lower"]` with the `word` splitter',
    ),
    "data.utils.ngrams_iterator": ("seqkit.text:ngrams", "tuples, of one order or of several"),
    "data.metrics.bleu_score": ("seqkit.metrics:bleu", "on raw text, by sacrebleu, with its signature"),
    "data.functional.generate_sp_model": ("seqkit.text:SentencePieceSplitter.train", ""),
    "data.functional.load_sp_model": ("seqkit.text:SentencePieceSplitter.load", ""),
    "transforms.SentencePieceTokenizer": ("seqkit.text:SentencePieceSplitter", ""),
    "transforms.RegexTokenizer": ("seqkit.text:WordSplitter", "words and punctuation apart, any script"),
    "transforms.CharBPETokenizer": ("seqkit.text:SentencePieceSplitter", 'model_type "bpe"'),
    "transforms.VocabTransform": ("seqkit.text:Tokenizer.encode", ""),
    "transforms.AddToken": ("seqkit.text:Tokenizer.encode", "`bos=True`, `eos=True`"),
    "transforms.Truncate": (
        "seqkit.tasks.translation:TranslationData",
        "`data.max_length`: longer pairs are left out and counted",
    ),
    "transforms.ToTensor": ("seqkit.data.batching:pad", ""),
    "transforms.PadTransform": ("seqkit.data.batching:pad", ""),
    "functional.to_tensor": ("seqkit.data.batching:pad", ""),
    "datasets.Multi30k": ("seqkit.data:fetch", "`seqkit corpora fetch multi30k`: checksums, resumes"),
    "datasets.IWSLT2017": ("seqkit.data:read_parallel", "your own two files or one TSV"),
    "data.to_map_style_dataset": ("seqkit.data:read_parallel", "lists; nothing to convert"),
    "legacy.data.Field": ("seqkit.text:Tokenizer", ""),
    "legacy.data.BucketIterator": ("seqkit.data.batching:token_batches", "a budget of real tokens, bucketed by length"),
}
"""torchtext's name → (ours as "module:attribute", what to know)."""

_ALIASES = {"<s>": "<bos>", "<sos>": "<bos>", "</s>": "<eos>", "[PAD]": "<pad>", "[UNK]": "<unk>"}


class TorchtextLike(Protocol):
    """The one method of `torchtext.vocab.Vocab` that a conversion needs."""

    def get_itos(self) -> list[str]: ...


def from_torchtext(vocab: TorchtextLike) -> Vocab:
    """Our `Vocab` with the tokens of a torchtext one, in its order.

    Its specials, wherever they stand and under their usual spellings, become ids 0..3, so ids differ
    from torchtext's: encode again, or map old ids by `ours[theirs.get_itos()[i]]`.
    """
    if not callable(getattr(vocab, "get_itos", None)):
        raise DataError(f"{type(vocab).__name__} is no torchtext vocabulary: it has no get_itos()")
    return Vocab(token for token in vocab.get_itos() if _ALIASES.get(token, token) not in SPECIALS)


class TorchtextVocab:
    """The methods of `torchtext.vocab.Vocab` over one of ours. Read only; the default index is `<unk>`."""

    def __init__(self, vocab: Vocab) -> None:
        self._vocab = vocab

    def __len__(self) -> int:
        return len(self._vocab)

    def __contains__(self, token: str) -> bool:
        return token in self._vocab

    def __getitem__(self, token: str) -> int:
        return self._vocab[token]

    def __call__(self, tokens: Sequence[str]) -> list[int]:
        return self._vocab.encode(tokens)

    forward = lookup_indices = __call__

    def lookup_token(self, index: int) -> str:
        return self._vocab.tokens[index]

    def lookup_tokens(self, indices: Sequence[int]) -> list[str]:
        return [self._vocab.tokens[i] for i in indices]

    def get_itos(self) -> list[str]:
        return list(self._vocab.tokens)

    def get_stoi(self) -> dict[str, int]:
        return {token: i for i, token in enumerate(self._vocab.tokens)}

    def get_default_index(self) -> int:
        return UNK
