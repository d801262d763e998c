"""Models and loops as tutorials write them, for rows to stand beside: plain PyTorch."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PAD = 0


class PlainTransformer(nn.Module):
    """`nn.Transformer` with sinusoids and one matrix of embeddings, which is the output too."""

    def __init__(self, config: dict[str, Any], vocab: int) -> None:
        super().__init__()
        width = config["width"]
        self.scale = math.sqrt(width)
        self.embedding = nn.Embedding(vocab, width, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.dropout = nn.Dropout(config["dropout"])
        self.body = nn.Transformer(
            width,
            config["heads"],
            config["encoder_layers"],
            config["decoder_layers"],
            config["hidden"],
            config["dropout"],
            batch_first=True,
            norm_first=config["prenorm"],
        )
        self.positions: Tensor
        self.register_buffer("positions", _sinusoids(512, width), persistent=False)

    def forward(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> logits (B, T, V)"""
        length = inputs.shape[1]
        future = nn.Transformer.generate_square_subsequent_mask(length)
        padded = torch.zeros(source.shape).masked_fill(source == PAD, -math.inf)

        hidden = self.body(
            self._embedded(source),
            self._embedded(inputs),
            tgt_mask=future,
            src_key_padding_mask=padded,
            memory_key_padding_mask=padded,
            tgt_is_causal=True,
        )
        return F.linear(hidden, self.embedding.weight)

    def _embedded(self, ids: Tensor) -> Tensor:
        x = self.embedding(ids) * self.scale + self.positions[: ids.shape[1]]
        dropped: Tensor = self.dropout(x)
        return dropped


def _sinusoids(length: int, width: int) -> Tensor:
    steps = torch.arange(length)[:, None]
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    return torch.stack([(steps * rates).sin(), (steps * rates).cos()], dim=-1).flatten(1)


class FastTransformer(nn.Module):
    """What is fast in PyTorch by itself: one kernel for attention, one product for k and v."""

    def __init__(self, config: dict[str, Any], vocab: int) -> None:
        super().__init__()
        self.scale = math.sqrt(config["width"])
        self.embedding = nn.Embedding(vocab, config["width"], padding_idx=PAD)
        self.dropout = nn.Dropout(config["dropout"])

        self.encoder = nn.ModuleList(_Layer(config) for _ in range(config["encoder_layers"]))
        self.decoder = nn.ModuleList(
            _Layer(config, crosses=True) for _ in range(config["decoder_layers"])
        )
        self.encoder_norm = nn.LayerNorm(config["width"])
        self.decoder_norm = nn.LayerNorm(config["width"])
        self.positions: Tensor
        self.register_buffer("positions", _sinusoids(512, config["width"]), persistent=False)

    def forward(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> logits (B, T, V)"""
        real = source != PAD
        mask = None if bool(real.all()) else real[:, None, None]

        memory = self._embedded(source)
        for layer in self.encoder:
            memory = layer(memory, mask=mask)
        memory = self.encoder_norm(memory)

        x = self._embedded(inputs)
        for layer in self.decoder:
            x = layer(x, memory, mask)
        return F.linear(self.decoder_norm(x), self.embedding.weight)

    def _embedded(self, ids: Tensor) -> Tensor:
        x = self.embedding(ids) * self.scale + self.positions[: ids.shape[1]]
        dropped: Tensor = self.dropout(x)
        return dropped


class _Layer(nn.Module):
    """Norms come before attention and the feed-forward network."""

    def __init__(self, config: dict[str, Any], *, crosses: bool = False) -> None:
        super().__init__()
        width, heads = config["width"], config["heads"]
        self.crosses = crosses
        self.norm_attention = nn.LayerNorm(width)
        self.attention = _Attention(width, heads)
        if crosses:
            self.norm_cross_attention = nn.LayerNorm(width)
            self.cross_attention = _Attention(width, heads)

        self.norm_feed_forward = nn.LayerNorm(width)
        self.up = nn.Linear(width, config["hidden"])
        self.down = nn.Linear(config["hidden"], width)
        self.dropout = nn.Dropout(config["dropout"])

    def forward(self, x: Tensor, memory: Tensor | None = None, mask: Any = None) -> Tensor:
        y = self.norm_attention(x)
        own = None if self.crosses else mask
        x = x + self.dropout(self.attention(y, y, own, causal=self.crosses))
        if self.crosses:
            y = self.norm_cross_attention(x)
            x = x + self.dropout(self.cross_attention(y, memory, mask))

        y = self.dropout(self.up(self.norm_feed_forward(x)).relu())
        after: Tensor = x + self.dropout(self.down(y))
        return after


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor, mask: Any, *, causal: bool = False) -> Tensor:
        """(B, T, D), (B, S, D) -> (B, T, D)"""
        queries, (keys, values) = self.query(x), self.key_value(memory).chunk(2, -1)
        by_head = [part.unflatten(-1, (self.heads, -1)) for part in (queries, keys, values)]
        q, k, v = (part.transpose(1, 2) for part in by_head)

        read = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
        out: Tensor = self.out(read.transpose(1, 2).flatten(2))
        return out


def weights_of_fast_transformer(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of seqkit's Transformer by the names of `FastTransformer`."""
    found = {"embedding.weight": ours["target_embedding.tokens.weight"]}
    for name, value in ours.items():
        if name.startswith(("encoder", "decoder")):
            named = name.replace(".around_", ".norm_").replace(".norm.", ".")
            found[named.replace(".feed_forward.", ".")] = value
    return found


def weights_of_nn_transformer(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same by the names of `PlainTransformer`."""
    parts = {
        "cross_attention.out": "multihead_attn.out_proj",
        "cross_attention.query": "multihead_attn.in_proj",
        "attention.out": "self_attn.out_proj",
        "attention.query": "self_attn.in_proj",
        "feed_forward.up": "linear1",
        "feed_forward.down": "linear2",
    }
    found = {"embedding.weight": ours["target_embedding.tokens.weight"]}
    for name, value in ours.items():
        side, _, rest = name.partition(".")
        if side.endswith("_norm"):
            found[f"body.{side.removesuffix('_norm')}.norm.{rest}"] = value
        if side not in ("encoder", "decoder") or ".key_value." in name:
            continue

        number, part = rest.split(".", 1)
        part, _, kind = part.rpartition(".")
        named = f"{parts[part]}.{kind}" if part in parts else f"{_norm(side, part)}.{kind}"
        if part.endswith(".query"):
            named = f"{parts[part]}_{kind}"
            value = torch.cat([value, ours[name.replace(".query.", ".key_value.")]])
        found[f"body.{side}.layers.{number}.{named}"] = value
    return found


def _norm(side: str, part: str) -> str:
    """norm1 is before self-attention; the last one is before the feed-forward network."""
    order = ["around_attention.norm", "around_feed_forward.norm"]
    if side == "decoder":
        order.insert(1, "around_cross_attention.norm")
    return f"norm{order.index(part) + 1}"


class PlainLSTM(nn.Module):
    """Embedding or one-hot input, LSTM, output; one matrix for both where the sizes allow."""

    def __init__(self, config: dict[str, Any], vocab: int) -> None:
        super().__init__()
        embedding, hidden, layers = config["embedding"], config["hidden"], config["layers"]
        self.vocab = vocab
        self.embedding = nn.Embedding(vocab, embedding) if embedding else None
        self.drop = nn.Dropout(config["dropout"])

        between_layers = config["dropout"] if layers > 1 else 0.0
        self.lstm = nn.LSTM(embedding or vocab, hidden, layers, dropout=between_layers)
        self.output = nn.Linear(hidden, vocab)
        if self.embedding is not None and config["tie"]:
            self.output.weight = self.embedding.weight

    def forward(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """(T, B) ids -> logits (T, B, V)"""
        x = F.one_hot(ids, self.vocab).float()
        if self.embedding is not None:
            x = self.embedding(ids)

        hidden, state = self.lstm(self.drop(x), state)
        return self.output(self.drop(hidden)), state


class Optimizers:
    """Several optimisers that step as one."""

    def __init__(self, *members: torch.optim.Optimizer) -> None:
        self.members = members

    def zero_grad(self) -> None:
        for member in self.members:
            member.zero_grad()

    def step(self) -> None:
        for member in self.members:
            member.step()


def make_optimizer(model: nn.Module, name: str, rate: float, *, fused: bool) -> Optimizers:
    """AdamW; or torch's Muon for hidden matrices, and AdamW for the rest."""
    hidden = []
    if name == "muon":
        named = model.named_parameters()
        hidden = [p for path, p in named if p.dim() == 2 and "embedding" not in path]
    rest = [p for p in model.parameters() if not any(p is other for other in hidden)]

    adamw = torch.optim.AdamW(
        rest, lr=rate, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0, fused=fused
    )
    if not hidden:
        return Optimizers(adamw)
    muon = torch.optim.Muon(hidden, lr=rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    return Optimizers(adamw, muon)


def transformer_update(
    model: nn.Module, optimizer: Optimizers, batches: list[Any], smoothing: float
) -> tuple[float, int]:
    """One update on several batches: the mean loss of a target, and how many targets."""
    optimizer.zero_grad()
    count = sum(batch.count for batch in batches)
    total = 0.0
    for batch in batches:
        logits = model(batch.source, batch.inputs)
        loss = F.cross_entropy(
            logits.flatten(0, 1),
            batch.targets.flatten(),
            ignore_index=PAD,
            reduction="sum",
            label_smoothing=smoothing,
        )
        (loss / count).backward()
        total += float(loss.detach())

    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return total / count, count
