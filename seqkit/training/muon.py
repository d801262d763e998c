"""Muon: momentum whose matrices are made orthogonal before they are applied.

Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks",
https://kellerjordan.github.io/posts/muon; the scale of the update is that of Liu et al. 2025,
"Muon is Scalable for LLM Training", arXiv:2502.16982, section 2.2, so that learning rates of AdamW
carry over.

`torch.optim.Muon(adjust_lr_fn="match_rms_adamw")` computes the same for matrices, and is what our
tests compare with. It always iterates in bf16, one matrix after the other, which a CPU without
bf16 does 7 to 17 times more slowly (benchmarks/HISTORY.md), and it refuses convolution kernels.
Ours iterates in bf16 if it is told to: the iteration was made for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan et al.: steep at 0, so that five rounds suffice
_ROUNDS = 5
_SCALE = 0.2  # the root mean square of AdamW's updates, about


class Muon(torch.optim.AdamW):
    """Muon for parameter groups marked `orthogonal`, AdamW for the others.

    The others are embeddings, the output layer, biases and norms. The first of `betas` is the
    momentum of AdamW's groups, `momentum` that of the matrices. With `bf16`, matrices are made
    orthogonal in bf16; momentum and weights stay as they are.
    """

    def __init__(
        self,
        groups: list[dict[str, Any]],
        momentum: float = 0.95,
        *,
        bf16: bool = False,
        **adamw: Any,
    ) -> None:
        super().__init__(groups, **adamw)
        self.momentum = momentum
        self.bf16 = bf16

    @torch.no_grad()
    def step(  # type: ignore[override]
        self, closure: Callable[[], float] | None = None
    ) -> float | None:
        groups = self.param_groups
        self.param_groups = [group for group in groups if not group.get("orthogonal")]
        try:
            loss: float | None = super().step(closure)
        finally:
            self.param_groups = groups

        for group in groups:
            if group.get("orthogonal"):
                self._update_matrices(group)
        return loss

    def _update_matrices(self, group: dict[str, Any]) -> None:
        """Matrices of one shape go through one batched product.

        Kernels of more than two dimensions count as (out, rest).
        """
        parameters = [p for p in group["params"] if p.grad is not None]
        by_shape: dict[tuple[int, int], list[Tensor]] = {}
        for parameter in parameters:
            shape = (parameter.shape[0], parameter[0].numel())
            by_shape.setdefault(shape, []).append(parameter)

        lr = group["lr"]
        shrink = 1 - lr * group["weight_decay"]
        for shape, members in by_shape.items():
            directions = torch.stack([self._direction(p).reshape(shape) for p in members])
            rounded = directions.bfloat16() if self.bf16 else directions
            updates = orthogonal(rounded).to(directions.dtype)

            scale = lr * _SCALE * max(shape) ** 0.5
            for parameter, update in zip(members, updates, strict=True):
                parameter.mul_(shrink)
                parameter.sub_(update.view_as(parameter), alpha=scale)

    def _direction(self, parameter: Tensor) -> Tensor:
        """Nesterov's momentum: the mean gradient, looked at one step ahead."""
        gradient = parameter.grad
        assert gradient is not None

        state = self.state[parameter]
        if "momentum" not in state:
            state["step"] = torch.zeros(())  # AdamW's loader of states expects it
            state["momentum"] = torch.zeros_like(parameter)
        state["step"] += 1

        mean: Tensor = state["momentum"].lerp_(gradient, 1 - self.momentum)
        return gradient.lerp(mean, self.momentum)


def orthogonal(matrices: Tensor) -> Tensor:
    """The orthogonal matrix nearest to each, roughly. (N, R, C) -> same

    Newton-Schulz iteration: only products of matrices, no decomposition. Singular values end up
    between 0.7 and 1.2.
    """
    a, b, c = _QUINTIC
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices

    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_ROUNDS):
        gram = x @ x.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return x.mT if tall else x
