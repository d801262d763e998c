"""The settings of the encoder-decoder Transformer; read without torch by what runs it elsewhere."""

from __future__ import annotations

from ...config import dropout_rate, section, setting
from ...nn.checks import Activation, check_width


@section
class TransformerConfig:
    width: int = setting("size of embeddings and layers, D", default=512, ge=2)
    hidden: int = setting("size inside the feed-forward networks", default=2048, ge=1)
    heads: int = setting("attention heads; divides width", default=8, ge=1)
    encoder_layers: int = setting("layers of the encoder", default=6, ge=1)
    decoder_layers: int = setting("layers of the decoder", default=6, ge=1)
    dropout: float = dropout_rate(
        "dropout of embeddings, sublayers and inside feed-forward networks", default=0.1
    )
    attention_dropout: float = dropout_rate(
        "dropout of attention weights; slow on the CPU", default=0.0
    )
    prenorm: bool = setting(
        "layer norm before each sublayer (trains stably) or, as in the paper, after it",
        default=True,
    )
    activation: Activation = setting(
        "between the two layers of a feed-forward network: relu, swish, gelu, gelu-tanh",
        default="relu",
    )
    output_bias: bool = setting("a bias for each token of the output layer", default=False)
    zero_start: bool = setting(
        "outputs begin after a vector of zeros, as Marian's do, not after the one of <bos>",
        default=False,
    )
    source_eos: bool = setting("the encoder reads the <eos> of a source", default=True)
    learned_positions: int = setting(
        "positions that have a learned vector, which is the longest text in tokens; 0 = sinusoids",
        default=0,
        ge=0,
    )
    tie: bool = setting(
        "one matrix for target embedding and output, and for the source if the vocabulary is "
        "shared",
        default=True,
    )

    def __post_init__(self) -> None:
        check_width(self.width, self.heads)
