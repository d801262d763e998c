"""The recurrent encoder-decoder, with or without attention.

Sutskever et al. 2014, arXiv:1409.3215; Cho et al. 2014, arXiv:1406.1078; Bahdanau et al. 2015,
arXiv:1409.0473; Luong et al. 2015, arXiv:1508.04025.

Shapes: B sentences, S source positions, T target positions, E embedding width, H hidden units,
L layers, M width of the memory (H, or 2 H if the encoder reads both ways), V target vocabulary,
R rows of a search; B divides R.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.attention import Attention, Kind
from ...nn.dropout import Dropout
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
        "what a decoder step reads of the attention before it. nothing: all steps are attended at "
        "once, fast; output: the last output (input feeding, arXiv:1508.04025); context: what the "
        "state before the step attends to (arXiv:1409.0473)",
        default="nothing",
    )
    bridge: bool = setting(
        "the decoder starts from a projection of the encoder's last state; else from zeros",
        default=True,
    )
    dropout: float = dropout_rate(
        "dropout of embeddings, between layers and of outputs", default=0.2
    )
    attention_dropout: float = dropout_rate("dropout of attention weights", default=0.0)
    tie: bool = setting(
        "one matrix for target embedding and output, and for the source if the vocabulary is "
        "shared",
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
    """What the decoder keeps between the steps of a search."""

    recurrent: State  # each (L, R, H)
    last_output: Tensor | None  # (R, E), where it is fed to the next step
    keys: Tensor  # (B, S, H), which queries are compared with
    memory: Tensor  # (B, S, M), or (B, 1, M) without attention
    source_mask: Tensor | None  # (B, 1, S), True where the source has a token; None: everywhere


class RecurrentSeq2Seq(nn.Module):
    Config = RecurrentSeq2SeqConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "book": {
            "embedding": 32,
            "hidden": 32,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "bidirectional": False,
            "dropout": 0.1,
            "tie": False,
        },
        "small": {"embedding": 256, "hidden": 256},
        "medium": {"embedding": 512, "hidden": 512, "encoder_layers": 2, "decoder_layers": 2},
    }

    def __init__(
        self, config: RecurrentSeq2SeqConfig, *, target_vocab: int, source_vocab: int = 0
    ) -> None:
        """Without `source_vocab`, both sides share one vocabulary of `target_vocab` tokens."""
        super().__init__()
        c = config
        self.attends = c.attention != "none"
        self.feed = c.feed
        self.source_vocab = source_vocab or target_vocab

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
        self.decoder = Recurrent(
            c.cell,
            c.embedding + self._fed_width(c, memory),
            c.hidden,
            layers=c.decoder_layers,
            dropout=c.dropout,
        )
        self.attend: Attention | None = None
        if c.attention != "none":
            self.attend = Attention(c.attention, c.hidden, memory, dropout=c.attention_dropout)

        states = 2 if c.cell == "lstm" else 1
        self.bridge: nn.Linear | None = None
        if c.bridge:
            self.bridge = nn.Linear(memory, states * c.decoder_layers * c.hidden)
        self.join = nn.Linear(c.hidden + memory, c.embedding)
        self.dropout = Dropout(c.dropout)

        self._initialise_embeddings()
        self.output = self.target_embedding.weight
        if not c.tie:
            weight = torch.empty(target_vocab, c.embedding).normal_(std=c.embedding**-0.5)
            self.output = nn.Parameter(weight)
        self.output_bias = None

    def _fed_width(self, config: RecurrentSeq2SeqConfig, memory: int) -> int:
        """The width of what a decoder step reads beside the embedding."""
        if config.feed == "output":
            return config.embedding
        if config.feed == "context" or not self.attends:
            return memory
        return 0

    def _initialise_embeddings(self) -> None:
        for embedding in dict.fromkeys((self.target_embedding, self.source_embedding)):
            nn.init.normal_(embedding.weight, std=embedding.embedding_dim**-0.5)
            with torch.no_grad():
                embedding.weight[PAD].zero_()

    def forward(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> what `logits` turns into tokens, (B, T, E)"""
        outputs, _ = self._decode(source, inputs)
        return outputs

    def cross_attention_weights(self, source: Tensor, inputs: Tensor) -> Tensor:
        """What each target position attends to: (B, S), (B, T) ids -> (B, 1, 1, T, S)

        Raises ValueError for a model without attention.
        """
        if self.attend is None:
            raise ValueError("this model has no attention")
        _, weights = self._decode(source, inputs)
        return weights[:, None, None]

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, E) -> (…, V)"""
        return F.linear(hidden, self.output)

    def _embed(self, embedding: nn.Embedding, ids: Tensor) -> Tensor:
        """Ids -> embeddings of norm about 1 an entry: (…) -> (…, E)"""
        scaled = embedding(ids) * embedding.embedding_dim**0.5
        embedded: Tensor = self.dropout(scaled)
        return embedded

    def _decode(self, source: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S), (B, T) ids -> outputs (B, T, E), attention (B, T, S)"""
        state = self.start(source)
        x = self._embed(self.target_embedding, inputs)  # (B, T, E)
        if self.feed == "nothing":
            return self._decode_at_once(x, state)

        outputs: list[Tensor] = []
        weights: list[Tensor] = []
        for token in x.unbind(1):
            output, attended, state = self._advance(token, state)
            outputs.append(output)
            weights.append(attended)
        return torch.stack(outputs, 1), torch.cat(weights, 1)

    def _decode_at_once(self, x: Tensor, state: DecoderState) -> tuple[Tensor, Tensor]:
        """All steps, where none waits for the attention of the one before: as `_decode`."""
        if self.attend is None:
            memory = state.memory.expand(-1, x.size(1), -1)
            x = torch.cat([x, memory], -1)
        time_first = x.transpose(0, 1).contiguous()
        hidden, _ = self.decoder(time_first, state.recurrent)
        return self._read(hidden.transpose(0, 1), state)

    def _read(self, hidden: Tensor, state: DecoderState) -> tuple[Tensor, Tensor]:
        """States of T steps (B, T, H) -> outputs (B, T, E), attention (B, T, S)"""
        if self.attend is None:
            context = state.memory.expand(-1, hidden.size(1), -1)
            weights = state.memory.new_ones(*hidden.shape[:2], 1)
        else:
            context, weights = self.attend(hidden, state.keys, state.memory, state.source_mask)
        return self._joined(hidden, context), weights

    def _joined(self, hidden: Tensor, context: Tensor) -> Tensor:
        """(…, H), (…, M) -> (…, E): Luong et al. 2015, equation 5"""
        both = torch.cat([hidden, context], -1)
        output: Tensor = self.dropout(self.join(both).tanh())
        return output

    def _advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, Tensor, DecoderState]:
        """One step of all rows.

        Embedded tokens (R, E) -> outputs (R, E), attention (B, R / B, S), the state after them
        """
        if self.feed == "context" and self.attend is not None:
            return self._advance_by_context(x, state)

        rows, sentences = x.size(0), state.memory.size(0)
        by_sentence = sentences, rows // sentences, -1  # its rows are queries to one memory
        if state.last_output is not None:
            x = torch.cat([x, state.last_output], -1)
        elif self.attend is None:
            memory = state.memory.expand(by_sentence).reshape(rows, -1)
            x = torch.cat([x, memory], -1)

        hidden, recurrent = self.decoder.step(x, state.recurrent)
        output, weights = self._read(hidden.view(by_sentence), state)
        output = output.view(rows, -1)
        last_output = None if state.last_output is None else output
        return output, weights, state._replace(recurrent=recurrent, last_output=last_output)

    def _advance_by_context(
        self, x: Tensor, state: DecoderState
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """`_advance` with the attention of the state before the step as its input."""
        assert self.attend is not None
        rows, sentences = x.size(0), state.memory.size(0)
        queries = state.recurrent[0][-1].view(sentences, rows // sentences, -1)

        context, weights = self.attend(queries, state.keys, state.memory, state.source_mask)
        context = context.view(rows, -1)
        hidden, recurrent = self.decoder.step(torch.cat([x, context], -1), state.recurrent)
        return self._joined(hidden, context), weights, state._replace(recurrent=recurrent)

    # search.StepDecoder:

    def start(self, source: Tensor) -> DecoderState:
        """(B, S) ids -> the state before the first step, B rows"""
        real = source != PAD
        lengths = real.sum(1)
        x = self._embed(self.source_embedding, source.t())  # (S, B, E)
        memory = self.encoder(x, lengths=lengths)[0].transpose(0, 1)  # (B, S, M)
        last = self._last(memory, lengths)

        last_output = None
        if self.feed == "output":
            last_output = last.new_zeros(source.size(0), self.target_embedding.embedding_dim)
        recurrent = self._first_state(last)
        if self.attend is None:
            return DecoderState(recurrent, last_output, last[:, None], last[:, None], None)

        mask = None if bool(real.all()) else real[:, None, :]
        return DecoderState(recurrent, last_output, self.attend.project(memory), memory, mask)

    def _last(self, memory: Tensor, lengths: Tensor) -> Tensor:
        """The encoder's last state, of both directions: (B, S, M), (B,) -> (B, M)"""
        end = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, 1, memory.size(2))
        last = memory.gather(1, end)[:, 0]
        if self.encoder.directions == 1:
            return last

        hidden = self.encoder.hidden
        forwards, backwards = last[:, :hidden], memory[:, 0, hidden:]
        return torch.cat([forwards, backwards], -1)

    def _first_state(self, last: Tensor) -> State:
        """The decoder's first state from the encoder's last: (B, M) -> each (L, B, H)"""
        batch = last.size(0)
        if self.bridge is None:
            return self.decoder.zero_state(batch, last)

        projected = self.bridge(last).tanh()
        parts = projected.view(batch, -1, self.decoder.layers, self.decoder.hidden)
        return tuple(part.transpose(0, 1).contiguous() for part in parts.unbind(1))

    def step(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """(R,) ids of the last tokens -> logits (R, V), the state after them"""
        x = self._embed(self.target_embedding, ids)
        output, _, after = self._advance(x, state)
        return self.logits(output), after

    def select(self, state: DecoderState, rows: Tensor) -> DecoderState:
        """The state with rows `rows` (R',) of the old one, in that order.

        Sentences whose rows stay together in equal number keep one copy of their memory.
        """
        before, sentences = state.recurrent[0].size(1), state.memory.size(0)
        kept_sentences = sentences_to_keep(rows, before, sentences)

        last_output = state.last_output
        selected = state._replace(
            recurrent=tuple(part[:, rows] for part in state.recurrent),
            last_output=None if last_output is None else last_output[rows],
        )
        if kept_sentences is None:
            return selected

        mask = state.source_mask
        return selected._replace(
            keys=state.keys[kept_sentences],
            memory=state.memory[kept_sentences],
            source_mask=None if mask is None else mask[kept_sentences],
        )
