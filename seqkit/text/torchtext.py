"""For people who come from torchtext: its names mapped to ours, and its `Vocab` in our terms.

torchtext stopped in 2024 and cannot be imported beside today's torch; nothing here needs it.
`Vocab.from_torchtext` and `Vocab.to_torchtext` convert vocabularies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..errors import DataError

_VECTORS = (
    "",
    "pretrained word vectors are not read; embeddings are trained with the model",
)
_THEIR_TOKENIZERS = (
    "",
    "tokenizers of other models are not read; train one with `Tokenizer.train`",
)
_OWN_FILE = (
    "seqkit.data:read_lines",
    "a file of your own; `seqkit lm ngram --unk keep` for its literal <unk>",
)
_OWN_PAIRS = ("seqkit.data:read_parallel", "your own two files or one TSV")
_MAX_LENGTH = (
    "seqkit.translation.task:TranslationData",
    "`data.max_length`: longer pairs are left out and counted",
)

NAMES: dict[str, tuple[str, str]] = {
    "vocab.Vocab": (
        "seqkit.text:Vocab",
        "`Vocab.from_torchtext(v)` and `vocab.to_torchtext()` convert",
    ),
    "vocab.vocab": ("seqkit.text:Vocab.build", "from sentences, which it counts"),
    "vocab.build_vocab_from_iterator": (
        "seqkit.text:Vocab.build",
        "`min_freq`, `max_size`, `specials`",
    ),
    "Vocab.set_default_index": ("seqkit.text:UNK", "the default is always `<unk>`, id 1"),
    "Vocab.lookup_indices": ("seqkit.text:Vocab.encode", ""),
    "Vocab.lookup_tokens": ("seqkit.text:Vocab.decode", ""),
    "Vocab.get_itos": ("seqkit.text:Vocab", "`vocab.tokens`; `vocab[token]` for get_stoi"),
    "data.utils.get_tokenizer": (
        "seqkit.text:Tokenizer",
        '"basic_english" is `normalize=["lower"]` with the `word` tokenizer',
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
    "transforms.Truncate": _MAX_LENGTH,
    "transforms.ToTensor": ("seqkit.data.batching:pad", ""),
    "transforms.PadTransform": ("seqkit.data.batching:pad", ""),
    "transforms.StrToIntTransform": ("seqkit.text:Vocab.encode", "ids are ints from the start"),
    "transforms.LabelToIndex": ("seqkit.text:Vocab", "`Vocab(labels, specials=())[label]`"),
    "transforms.Sequential": (
        "seqkit.text:Tokenizer",
        "normaliser, tokenizer and vocabulary in one, saved with the model",
    ),
    "transforms.MaskTransform": ("", "masked language models cannot be trained"),
    "transforms.GPT2BPETokenizer": _THEIR_TOKENIZERS,
    "transforms.CLIPTokenizer": _THEIR_TOKENIZERS,
    "transforms.BERTTokenizer": _THEIR_TOKENIZERS,
    "functional.to_tensor": ("seqkit.data.batching:pad", ""),
    "functional.add_token": ("seqkit.text:Tokenizer.encode", "`bos=True`, `eos=True`"),
    "functional.str_to_int": ("seqkit.text:Vocab.encode", "ids are ints from the start"),
    "functional.truncate": _MAX_LENGTH,
    "data.functional.simple_space_split": ("seqkit.text:WhitespaceTokenizer", ""),
    "data.functional.numericalize_tokens_from_iterator": ("seqkit.text:Vocab.encode", ""),
    "data.functional.sentencepiece_tokenizer": ("seqkit.text:Tokenizer.split", ""),
    "data.functional.sentencepiece_numericalizer": ("seqkit.text:Tokenizer.encode_all", ""),
    "data.functional.custom_replace": (
        "seqkit.text.normalize:Normalizer",
        "named steps, or a plugin's tokenizer",
    ),
    "data.functional.filter_wikipedia_xml": ("", "use a text extractor for Wikipedia"),
    "data.utils.RandomShuffler": ("", "order is a function of (seed, epoch)"),
    "vocab.GloVe": _VECTORS,
    "vocab.FastText": _VECTORS,
    "vocab.CharNGram": _VECTORS,
    "vocab.Vectors": _VECTORS,
    "vocab.pretrained_aliases": _VECTORS,
    "models": (
        "seqkit:load",
        "the shipped translator; encoders such as RoBERTa and T5 are not read",
    ),
    "utils.download_from_url": ("seqkit.data:fetch", "cards hold addresses and checksums"),
    "utils.extract_archive": ("seqkit.data:fetch", "extracts one named member"),
    "datasets.Multi30k": (
        "seqkit.data:fetch",
        "`seqkit corpora fetch multi30k`: checks and resumes",
    ),
    "datasets.IWSLT2016": _OWN_PAIRS,
    "datasets.IWSLT2017": _OWN_PAIRS,
    "datasets.PennTreebank": _OWN_FILE,
    "datasets.WikiText2": _OWN_FILE,
    "datasets.WikiText103": _OWN_FILE,
    "datasets.EnWik9": ("seqkit.data:read_lines", "a file of your own"),
    "datasets.AG_NEWS": (
        "",
        "text classification is not done here; nor the other labelled sets",
    ),
    "data.to_map_style_dataset": ("seqkit.data:read_parallel", "lists; nothing to convert"),
    "legacy.data.Field": ("seqkit.text:Tokenizer", ""),
    "legacy.data.BucketIterator": (
        "seqkit.data.batching:token_batches",
        "a budget of real tokens, bucketed by length",
    ),
}
"""torchtext's name → (ours as "module:attribute", or "" where there is none, and what to know)."""


class TorchtextLike(Protocol):
    """The one method of `torchtext.vocab.Vocab` that a conversion needs."""

    def get_itos(self) -> list[str]: ...


class TorchtextVocab:
    """The methods of `torchtext.vocab.Vocab` over a list of tokens. Read only."""

    def __init__(self, tokens: Sequence[str], default_index: int | None) -> None:
        """`default_index` is the id of unknown tokens; if it is None, they raise `DataError`."""
        self._tokens = tokens
        self._ids = {token: i for i, token in enumerate(tokens)}
        self._default_index = default_index

    def __len__(self) -> int:
        return len(self._tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        found = self._ids.get(token, self._default_index)
        if found is None:
            raise DataError(f"the vocabulary has no token {token!r}, and no default index")
        return found

    def __call__(self, tokens: Sequence[str]) -> list[int]:
        return [self[token] for token in tokens]

    forward = lookup_indices = __call__

    def __repr__(self) -> str:
        return f"<TorchtextVocab: {len(self):,} tokens>"

    def lookup_token(self, index: int) -> str:
        return self._tokens[index]

    def lookup_tokens(self, indices: Sequence[int]) -> list[str]:
        return [self._tokens[i] for i in indices]

    def get_itos(self) -> list[str]:
        return list(self._tokens)

    def get_stoi(self) -> dict[str, int]:
        return dict(self._ids)

    def get_default_index(self) -> int | None:
        return self._default_index
