"""A bridge for people who come from torchtext: its names mapped to ours, and its `Vocab` in both directions.

torchtext stopped in 2024 and does not import beside today's torch; nothing here needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..errors import DataError
from .vocab import SPECIALS, UNK, Vocab

NAMES: dict[str, tuple[str, str]] = {
    "vocab.Vocab": (
        "seqkit.text:Vocab",
        "`Vocab.from_torchtext(v)` and `vocab.to_torchtext()` convert",
    ),
    "vocab.vocab": ("seqkit.text:Vocab.build", "from sentences; it counts by itself"),
    "vocab.build_vocab_from_iterator": (
        "seqkit.text:Vocab.build",
        "`min_freq`, `max_size`; specials are built in",
    ),
    "Vocab.set_default_index": ("seqkit.text:UNK", "the default is always `<unk>`, id 1"),
    "Vocab.lookup_indices": ("seqkit.text:Vocab.encode", ""),
    "Vocab.lookup_tokens": ("seqkit.text:Vocab.decode", ""),
    "Vocab.get_itos": ("seqkit.text:Vocab", "`vocab.tokens`; `vocab[token]` for get_stoi"),
    "data.utils.get_tokenizer": (
        "seqkit.text:Tokenizer",
        '"basic_english" is `normalize=["lower"]` with the `word` splitter',
    ),
    "data.utils.ngrams_iterator": ("seqkit.text:ngrams", "tuples, of one order or of several"),
    "data.metrics.bleu_score": (
        "seqkit.metrics:bleu",
        "on raw text, by sacrebleu, with its signature",
    ),
    "data.functional.generate_sp_model": ("seqkit.text:SentencePieceTokenizer.train", ""),
    "data.functional.load_sp_model": ("seqkit.text:SentencePieceTokenizer.load", ""),
    "transforms.SentencePieceTokenizer": ("seqkit.text:SentencePieceTokenizer", ""),
    "transforms.RegexTokenizer": (
        "seqkit.text:WordTokenizer",
        "words and punctuation apart, any script",
    ),
    "transforms.CharBPETokenizer": ("seqkit.text:SentencePieceTokenizer", 'model_type "bpe"'),
    "transforms.VocabTransform": ("seqkit.text:Tokenizer.encode", ""),
    "transforms.AddToken": ("seqkit.text:Tokenizer.encode", "`bos=True`, `eos=True`"),
    "transforms.Truncate": (
        "seqkit.translation.task:TranslationData",
        "`data.max_length`: longer pairs are left out and counted",
    ),
    "transforms.ToTensor": ("seqkit.data.batching:pad", ""),
    "transforms.PadTransform": ("seqkit.data.batching:pad", ""),
    "transforms.StrToIntTransform": ("seqkit.text:Vocab.encode", "ids are ints from the start"),
    "transforms.LabelToIndex": ("seqkit.text:Vocab", "`Vocab(labels)[label]`"),
    "transforms.Sequential": (
        "seqkit.text:Tokenizer",
        "normaliser, splitter and vocabulary in one, saved with the model",
    ),
    "transforms.MaskTransform": ("", "masked language models are not trained here"),
    "transforms.GPT2BPETokenizer": (
        "",
        "other models' own tokenizers are not read; train one by `Tokenizer.train`",
    ),
    "transforms.CLIPTokenizer": (
        "",
        "other models' own tokenizers are not read; train one by `Tokenizer.train`",
    ),
    "transforms.BERTTokenizer": (
        "",
        "other models' own tokenizers are not read; train one by `Tokenizer.train`",
    ),
    "functional.to_tensor": ("seqkit.data.batching:pad", ""),
    "functional.add_token": ("seqkit.text:Tokenizer.encode", "`bos=True`, `eos=True`"),
    "functional.str_to_int": ("seqkit.text:Vocab.encode", "ids are ints from the start"),
    "functional.truncate": (
        "seqkit.translation.task:TranslationData",
        "`data.max_length`: longer pairs are left out and counted",
    ),
    "data.functional.simple_space_split": ("seqkit.text:WhitespaceTokenizer", ""),
    "data.functional.numericalize_tokens_from_iterator": ("seqkit.text:Vocab.encode", ""),
    "data.functional.sentencepiece_tokenizer": ("seqkit.text:Tokenizer.split", ""),
    "data.functional.sentencepiece_numericalizer": ("seqkit.text:Tokenizer.encode_all", ""),
    "data.functional.custom_replace": (
        "seqkit.text.normalize:Normalizer",
        "named steps, or a plugin's tokenizer",
    ),
    "data.functional.filter_wikipedia_xml": ("", "take a text extractor for Wikipedia"),
    "data.utils.RandomShuffler": ("", "order is a function of (seed, epoch)"),
    "vocab.GloVe": (
        "",
        "pretrained word vectors are not read; embeddings are trained with the model",
    ),
    "vocab.FastText": (
        "",
        "pretrained word vectors are not read; embeddings are trained with the model",
    ),
    "vocab.CharNGram": (
        "",
        "pretrained word vectors are not read; embeddings are trained with the model",
    ),
    "vocab.Vectors": (
        "",
        "pretrained word vectors are not read; embeddings are trained with the model",
    ),
    "vocab.pretrained_aliases": (
        "",
        "pretrained word vectors are not read; embeddings are trained with the model",
    ),
    "models": (
        "seqkit:load",
        "the shipped translator; encoders such as RoBERTa and T5 are not read",
    ),
    "utils.download_from_url": ("seqkit.data:fetch", "cards hold addresses and checksums"),
    "utils.extract_archive": ("seqkit.data:fetch", "unpacks safely"),
    "datasets.Multi30k": (
        "seqkit.data:fetch",
        "`seqkit corpora fetch multi30k`: checksums, resumes",
    ),
    "datasets.IWSLT2016": ("seqkit.data:read_parallel", "your own two files or one TSV"),
    "datasets.IWSLT2017": ("seqkit.data:read_parallel", "your own two files or one TSV"),
    "datasets.PennTreebank": (
        "seqkit.data:read_lines",
        "a file of your own; `seqkit lm ngram --unk keep` for its literal <unk>",
    ),
    "datasets.WikiText2": (
        "seqkit.data:read_lines",
        "a file of your own; `seqkit lm ngram --unk keep` for its literal <unk>",
    ),
    "datasets.WikiText103": (
        "seqkit.data:read_lines",
        "a file of your own; `seqkit lm ngram --unk keep` for its literal <unk>",
    ),
    "datasets.EnWik9": ("seqkit.data:read_lines", "a file of your own"),
    "datasets.AG_NEWS": (
        "",
        "text classification is not done here; neither for the other labelled sets",
    ),
    "data.to_map_style_dataset": ("seqkit.data:read_parallel", "lists; nothing to convert"),
    "legacy.data.Field": ("seqkit.text:Tokenizer", ""),
    "legacy.data.BucketIterator": (
        "seqkit.data.batching:token_batches",
        "a budget of real tokens, bucketed by length",
    ),
}
"""torchtext's name → (ours as "module:attribute", or "" where there is none, and what to know)."""

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
