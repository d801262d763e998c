"""JoeyNMT's model and updates. Its environment runs this: numpy, torch and joeynmt only."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from joeynmt.batch import Batch
from joeynmt.builders import build_gradient_clipper, build_optimizer
from joeynmt.model import build_model
from joeynmt.vocabulary import Vocabulary

PAD, BOS, EOS = 1, 2, 3  # JoeyNMT's; seqkit has <pad> first and <unk> second
SPECIALS = ["unk", "pad", "bos", "eos", "sep"]


class JoeyTraining:
    """Updates as in `joeynmt.training.TrainManager`, from given weights and batches."""

    def __init__(
        self,
        config: str,
        weights: dict[str, np.ndarray],
        ids: dict[str, np.ndarray],
        *,
        rate: float,
        plain: bool = False,
    ) -> None:
        """With dropout and label smoothing as the config says, or without both if `plain`."""
        torch.set_num_threads(1)
        told = json.loads(config)
        self.accumulate = told["accumulate"]
        self.ids = ids
        self.next = 0

        order = np.arange(len(weights["target_embedding.tokens.weight"]))
        order[:2] = [1, 0]
        self.order = order
        self.model = _model(told["model"], len(order), 0.0 if plain else told["model"]["dropout"])
        self.model.load_state_dict(_renamed(weights, order), strict=False)
        self.model.loss_function = ("crossentropy", 0.0 if plain else told["smoothing"])

        options = {"optimizer": "adamw", "learning_rate": rate, "adam_betas": (0.9, 0.98)}
        self.optimizer = build_optimizer(options, self.model.parameters())
        self.clip = build_gradient_clipper({"clip_grad_val": None, "clip_grad_norm": 1.0})

    def update(self) -> tuple[float, int]:
        """One update on several batches: the mean loss of a target, and how many targets."""
        batches = [self._batch() for _ in range(self.accumulate)]
        count = sum(batch.ntokens for batch in batches)
        total = 0.0
        self.model.train()
        for batch in batches:
            batch.sort_by_src_length()
            loss, _, _, correct = self.model(return_type="loss", **vars(batch))
            (loss / count).backward()
            total += loss.item()
            correct.item()

        self.clip(parameters=self.model.parameters())
        self.optimizer.step()
        self.model.zero_grad()
        return total / count, count

    def _batch(self) -> Batch:
        """Targets of JoeyNMT begin with <s>, which it cuts off."""
        source, inputs, targets = (
            torch.from_numpy(self.order[self.ids[f"{self.next} {part}"]])
            for part in ("source", "inputs", "targets")
        )
        self.next += 1
        return Batch(
            src=source,
            src_length=(source != PAD).sum(1),
            src_prompt_mask=None,
            trg=torch.cat([inputs[:, :1], targets], 1),
            trg_prompt_mask=None,
            indices=torch.arange(len(source)),
            device=torch.device("cpu"),
            pad_index=PAD,
            eos_index=EOS,
        )


def _model(config: dict[str, Any], vocab: int, dropout: float) -> Any:
    marks = {f"{name}_token": f"<{name}>" for name in SPECIALS[:4]}
    numbers = {f"{name}_id": i for i, name in enumerate(SPECIALS[:4])}
    special = SimpleNamespace(**marks, **numbers, sep_token=None, lang_tags=[])
    words = Vocabulary([f"w{i}" for i in range(vocab - 4)], special)

    side = {
        "type": "transformer",
        "embeddings": {"embedding_dim": config["width"], "scale": True, "dropout": dropout},
        "hidden_size": config["width"],
        "ff_size": config["hidden"],
        "num_heads": config["heads"],
        "dropout": dropout,
        "layer_norm": "pre",
    }
    sizes = {
        "encoder": {**side, "num_layers": config["encoder_layers"]},
        "decoder": {**side, "num_layers": config["decoder_layers"]},
    }
    return build_model({**sizes, "tied_embeddings": True, "tied_softmax": True}, words, words)


def _renamed(weights: dict[str, np.ndarray], order: np.ndarray) -> dict[str, torch.Tensor]:
    """The weights of seqkit's Transformer by JoeyNMT's names."""
    parts = {
        "around_cross_attention.norm": "dec_layer_norm",
        "around_feed_forward.norm": "feed_forward.layer_norm",
        "feed_forward.up": "feed_forward.pwff_layer.0",
        "feed_forward.down": "feed_forward.pwff_layer.3",
    }
    embedding = weights["target_embedding.tokens.weight"][order]
    found = dict.fromkeys(
        ["src_embed.lut.weight", "trg_embed.lut.weight", "decoder.output_layer.weight"], embedding
    )
    for name, value in weights.items():
        side, _, rest = name.partition(".")
        if side.endswith("_norm"):
            found[f"{side.removesuffix('_norm')}.layer_norm.{rest}"] = value
        if side not in ("encoder", "decoder"):
            continue

        number, rest = rest.split(".", 1)
        part, _, kind = rest.rpartition(".")
        own = {
            "encoder": {"attention": "src_src_att", "around_attention.norm": "layer_norm"},
            "decoder": {
                "attention": "trg_trg_att",
                "cross_attention": "src_trg_att",
                "around_attention.norm": "x_layer_norm",
            },
        }[side]
        before = f"{side}.layers.{number}."
        if part in parts or part in own:
            found[f"{before}{parts.get(part) or own[part]}.{kind}"] = value
            continue

        attention, _, which = part.partition(".")
        before += own[attention]
        if which == "key_value":
            keys, values = np.split(value, 2)
            found[f"{before}.k_layer.{kind}"] = keys
            found[f"{before}.v_layer.{kind}"] = values
        else:
            layer = {"query": "q_layer", "out": "output_layer"}[which]
            found[f"{before}.{layer}.{kind}"] = value
    return {name: torch.from_numpy(value) for name, value in found.items()}
