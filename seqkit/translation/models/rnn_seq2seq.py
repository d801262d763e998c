"""The recurrent encoder-decoder, with attention or without.

Sutskever et al. 2014, arXiv:1409.3215; Cho et al. 2014, arXiv:1406.1078; Bahdanau et al. 2015, arXiv:1409.0473;
Luong et al. 2015, arXiv:1508.04025.

Shapes: B sentences, S source positions, T target positions, E embedding width, H hidden units, L layers, M width of the
memory (H, or 2 H if the encoder reads both ways), V target vocabulary, R rows of a search.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from ...config import section, setting
from ...nn.attention import Attention, Kind
from ...nn.linear import Dropout, Linear, linear
from ...nn.memory import sentences_to_keep
from ...nn.recurrent import Cell, Recurrent, State
from ...text.vocab import PAD


@section
class RecurrentSeq2SeqConfig:
    cell: Cell = setting("rnn, gru or lstm", default="gru")
    embedding: int = setting("size of word embeddings, E", default=256, ge=1)
    hidden: int = setting(
        "hidden units of each layer, of each direction in the encoder, H", default=256, ge=1
    )
    encoder_layers: int = setting("layers of the encoder", default=1, ge=1)
    decoder_layers: int = setting("layers of the decoder", default=1, ge=1)
    bidirectional: bool = setting("the encoder reads the source both ways", default=True)
    attention: Literal["none"] | Kind = setting(
        "how source positions are weighed; none: the decoder sees the encoder's last state only",
        default="additive",
    )
    feed: Literal["nothing", "output", "context"] = setting(
        "what a decoder step reads of the attention before it. nothing: all steps are attended at once, fast; "
        "output: the last output (input feeding, arXiv:1508.04025); context: what the state before the step attends "
        "to (arXiv:1409.0473)",
        default="nothing",
    )
    bridge: bool = setting(
        "the decoder begins in a state made of the encoder's last; else in zeros", default=True
    )
    dropout: float = setting(
        "dropout of embeddings, between layers and of outputs", default=0.2, ge=0, lt=1
    )
    attention_dropout: float = setting("dropout of attention weights", default=0.0, ge=0, lt=1)
    tie: bool = setting(
        "one matrix for target embedding and output, and for the source if the vocabulary is shared",
        default=True,
    )

    def __post_init__(self) -> None:
        if self.attention == "none" and self.feed != "nothing":
            raise ValueError(f"feed = {self.feed!r} needs attention")
        if self.attention in ("dot", "scaled-dot") and self.bidirectional:
            raise ValueError(
                f"attention = {self.attention!r} needs decoder and encoder of one width: "
                "set bidirectional = false, or attention = 'general'"
            )


class DecoderState(NamedTuple):
    """State of a search: what the decoder keeps between steps."""

    recurrent: State  # each (L, R, H)
    fed: Tensor | None  # (R, E), the last output, where it is fed
    keys: Tensor  # (B, S, H); B divides R
    memory: Tensor  # (B, S, M), or (B, 1, M) without attention
    mask: Tensor | None  # (B, 1, S), True where the source has a token; None if everywhere


class RecurrentSeq2Seq(nn.Module):
    Config = RecurrentSeq2SeqConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "book": {"embedding": 32, "hidden": 32, "encoder_layers": 2, "decoder_layers": 2, "bidirectional": False,
                 "dropout": 0.1, "tie": False},
        "small": {"embedding": 256, "hidden": 256},
        "medium": {"embedding": 512, "hidden": 512, "encoder_layers": 2, "decoder_layers": 2},
    }  # fmt: skip

    def __init__(
        self, config: RecurrentSeq2SeqConfig, *, target_vocab: int, source_vocab: int = 0
    ) -> None:
        """Without `source_vocab`, source and target share one vocabulary of `target_vocab` tokens."""
        super().__init__()
        c = config
        self.attends = c.attention != "none"
        self.feed, self.source_vocab = c.feed, source_vocab or target_vocab
        self.target_embedding = nn.Embedding(target_vocab, c.embedding, padding_idx=PAD)
        self.source_embedding = self.target_embedding
        if source_vocab or not c.tie:
            self.source_embedding = nn.Embedding(self.source_vocab, c.embedding, padding_idx=PAD)
        self.encoder = Recurrent(
            c.cell,
            c.embedding,
            c.hidden,
            layers=c.encoder_layers,
            bidirectional=c.bidirectional,
            dropout=c.dropout,
        )
        memory = c.hidden * self.encoder.directions
        extra = (
            c.embedding
            if c.feed == "output"
            else memory
            if c.feed == "context" or not self.attends
            else 0
        )
        self.decoder = Recurrent(
            c.cell, c.embedding + extra, c.hidden, layers=c.decoder_layers, dropout=c.dropout
        )
        self.attend = (
            Attention(c.attention, c.hidden, memory, dropout=c.attention_dropout)
            if c.attention != "none"
            else None
        )
        parts = 2 if c.cell == "lstm" else 1
        self.bridge = Linear(memory, parts * c.decoder_layers * c.hidden) if c.bridge else None
        self.join = Linear(c.hidden + memory, c.embedding)
        self.dropout = Dropout(c.dropout)
        for embedding in dict.fromkeys((self.target_embedding, self.source_embedding)):
            nn.init.normal_(embedding.weight, std=c.embedding**-0.5)
            with torch.no_grad():
                embedding.weight[PAD].zero_()
        self.output = self.target_embedding.weight if c.tie else nn.Parameter(
            torch.empty(target_vocab, c.embedding).normal_(std=c.embedding**-0.5)
        )  # fmt: skip

    def forward(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> what `logits` makes words of, (B, T, E)"""
        return self._decode(source, inputs)[0]

    def cross_attention_weights(self, source: Tensor, inputs: Tensor) -> Tensor:
        """How much each target position looks at each source position: (B, S), (B, T) -> (B, 1, 1, T, S)

        Raises ValueError for a model without attention.
        """
        if self.attend is None:
            raise ValueError("this model has no attention")
        return self._decode(source, inputs)[1][:, None, None]

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, E) -> (…, V)"""
        return linear(hidden, self.output)

    def _embed(self, embedding: nn.Embedding, ids: Tensor) -> Tensor:
        """Ids -> embeddings of norm about 1 an entry: (…) -> (…, E)"""
        return self.dropout(embedding(ids) * embedding.embedding_dim**0.5)  # type: ignore[no-any-return]

    def _decode(self, source: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S), (B, T) ids -> outputs (B, T, E), attention (B, T, S)"""
        past = self.start(source)
        x = self._embed(self.target_embedding, inputs)  # (B, T, E)
        if self.feed == "nothing":
            if self.attend is None:
                x = torch.cat([x, past.memory.expand(-1, x.size(1), -1)], -1)
            hidden, _ = self.decoder(x.transpose(0, 1).contiguous(), past.recurrent)
            return self._read(hidden.transpose(0, 1), past)
        outputs, weights = [], []
        for now in x.unbind(1):
            output, looked, past = self._advance(now, past)
            outputs.append(output)
            weights.append(looked)
        return torch.stack(outputs, 1), torch.cat(weights, 1)

    def _read(self, hidden: Tensor, past: DecoderState) -> tuple[Tensor, Tensor]:
        """States of T steps (B, T, H) -> outputs (B, T, E), attention (B, T, S)"""
        if self.attend is None:
            context, weights = (
                past.memory.expand(-1, hidden.size(1), -1),
                past.memory.new_ones(*hidden.shape[:2], 1),
            )
        else:
            context, weights = self.attend(hidden, past.keys, past.memory, past.mask)
        return self._joined(hidden, context), weights

    def _joined(self, hidden: Tensor, context: Tensor) -> Tensor:
        """(…, H), (…, M) -> (…, E): Luong et al. 2015, equation 5"""
        return self.dropout(self.join(torch.cat([hidden, context], -1)).tanh())  # type: ignore[no-any-return]

    def _advance(self, x: Tensor, past: DecoderState) -> tuple[Tensor, Tensor, DecoderState]:
        """One step of all rows: embedded tokens (R, E) -> outputs (R, E), attention (B, R / B, S), the state after."""
        rows, sentences = x.size(0), past.memory.size(0)
        grouped = (
            sentences,
            rows // sentences,
            -1,
        )  # rows of a sentence are so many queries to its memory
        if self.feed == "context" and self.attend is not None:
            context, weights = self.attend(
                past.recurrent[0][-1].view(grouped), past.keys, past.memory, past.mask
            )
            context = context.view(rows, -1)
            hidden, state = self.decoder.step(torch.cat([x, context], -1), past.recurrent)
            return self._joined(hidden, context), weights, past._replace(recurrent=state)
        if past.fed is not None:
            x = torch.cat([x, past.fed], -1)
        elif self.attend is None:
            x = torch.cat([x, past.memory.expand(grouped).reshape(rows, -1)], -1)
        hidden, state = self.decoder.step(x, past.recurrent)
        output, weights = self._read(hidden.view(grouped), past)
        output = output.view(rows, -1)
        return (
            output,
            weights,
            past._replace(recurrent=state, fed=None if past.fed is None else output),
        )

    # search.StepDecoder:

    def start(self, source: Tensor) -> DecoderState:
        """(B, S) ids -> the state before the first step, B rows"""
        real = source != PAD
        lengths = real.sum(1)
        x = self._embed(self.source_embedding, source.t())  # (S, B, E)
        memory = self.encoder(x, lengths=lengths)[0].transpose(0, 1)  # (B, S, M)
        last = self._last(memory, lengths)
        batch, layers, hidden = source.size(0), self.decoder.layers, self.decoder.hidden
        if self.bridge is None:
            state = self.decoder.zero_state(batch, last)
        else:
            made = self.bridge(last).tanh().view(batch, -1, layers, hidden)
            state = tuple(part.transpose(0, 1).contiguous() for part in made.unbind(1))
        fed = (
            last.new_zeros(batch, self.target_embedding.embedding_dim)
            if self.feed == "output"
            else None
        )
        mask = None if bool(real.all()) else real[:, None, :]
        if self.attend is None:
            return DecoderState(state, fed, last[:, None], last[:, None], None)
        return DecoderState(state, fed, self.attend.project(memory), memory, mask)

    def _last(self, memory: Tensor, lengths: Tensor) -> Tensor:
        """The encoder's last state, of both ways: (B, S, M), (B,) -> (B, M)"""
        end = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, 1, memory.size(2))
        last = memory.gather(1, end)[:, 0]
        if self.encoder.directions == 1:
            return last
        return torch.cat([last[:, : self.encoder.hidden], memory[:, 0, self.encoder.hidden :]], -1)

    def step(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """(R,) ids of the last tokens -> logits (R, V), the state after them"""
        output, _, after = self._advance(self._embed(self.target_embedding, ids), state)
        return self.logits(output), after

    def select(self, state: DecoderState, rows: Tensor) -> DecoderState:
        """The state with rows `rows` (R',) of the old one, in that order."""
        picked = state._replace(
            recurrent=tuple(part[:, rows] for part in state.recurrent),
            fed=None if state.fed is None else state.fed[rows],
        )
        owner = sentences_to_keep(rows, state.recurrent[0].size(1), state.memory.size(0))
        if owner is None:
            return picked
        mask = None if state.mask is None else state.mask[owner]
        return picked._replace(keys=state.keys[owner], memory=state.memory[owner], mask=mask)
