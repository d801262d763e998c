"""One long text, split into batches: side by side with carried state, or in random windows.

Shapes: B sequences, T steps, D features.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .mixture import MixedIds

Ids = NDArray[Any]  # of any integer type, in memory or in a mapped file
Stream = Ids | MixedIds


@dataclass(frozen=True)
class WindowBatch:
    """Sequences of a text, and what comes next at each of their steps."""

    inputs: Tensor  # (B, T)
    targets: Tensor  # (B, T), the inputs one step later
    fresh: bool  # True if no state is carried into it: first of an epoch, or a random window
    scored: Tensor | None = None  # (B, T), True where a target counts; None for everywhere

    def __repr__(self) -> str:
        sequences, steps = self.inputs.shape
        start = "fresh" if self.fresh else "with carried state"
        return f"<WindowBatch: {sequences} × {steps}, {self.count:,} targets, {start}>"

    @property
    def count(self) -> int:
        """Number of targets that the loss sums over."""
        if self.scored is None:
            return self.targets.numel()

        return int(self.scored.sum())

    def pick_scored(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """A model's output and the target at each step that counts.

        (B, T, D) -> (count, D), (count,)
        """
        hidden = hidden.flatten(0, 1)
        targets = self.targets.flatten()
        if self.scored is None:
            return hidden, targets

        counts = self.scored.flatten()
        return hidden[counts], targets[counts]

    def to(self, device: torch.device) -> WindowBatch:
        inputs = self.inputs.to(device)
        targets = self.targets.to(device)
        scored = self.scored
        if scored is not None:
            scored = scored.to(device)

        return WindowBatch(inputs, targets, self.fresh, scored)


def sequential(
    ids: Stream, batch: int, steps: int, *, seed: int, epoch: int, start: int = 0
) -> Iterator[WindowBatch]:
    """`batch` parts of the text side by side, each batch continuing where the one before ended.

    Zhang et al., Dive into Deep Learning, section 9.3 (sequential partitioning). The offset of the
    parts is drawn anew for each epoch; what does not fill a batch is left out. Yields the batches
    from number `start` on. Pure in all arguments.
    """
    rng = np.random.default_rng([seed, epoch])
    total = len(ids) - 1  # targets
    spare = total % batch + 1
    offsets = min(steps, spare)
    offset = int(rng.integers(0, offsets))

    length = (total - offset) // batch
    starts = offset + length * np.arange(batch)

    batches = length // steps
    for number in range(start, batches):
        found = _windows_at(ids, starts + number * steps, steps)
        yield WindowBatch(found.inputs, found.targets, fresh=number == 0)


def random_windows(
    ids: Stream, batch: int, steps: int, *, seed: int, epoch: int, start: int = 0
) -> Iterator[WindowBatch]:
    """Windows of `steps` in random order, which together cover the text once.

    Zhang et al., Dive into Deep Learning, section 9.3 (random sampling). The offset of the first
    window is random; what does not fill a batch is left out. Yields the batches from number `start`
    on. Pure in all arguments.
    """
    rng = np.random.default_rng([seed, epoch])
    spare = len(ids) - batch * steps
    offsets = max(1, min(steps, spare))
    offset = int(rng.integers(0, offsets))

    end = len(ids) - steps
    starts = np.arange(offset, end, steps)
    order = rng.permutation(len(starts))
    starts = starts[order]

    batches = len(starts) // batch
    for number in range(start, batches):
        first = number * batch
        chosen = starts[first : first + batch]
        yield _windows_at(ids, chosen, steps)


def whole(ids: Ids, steps: int) -> Iterator[WindowBatch]:
    """Every target of the text once and in order, as one sequence (B = 1).

    For models that carry a state.
    """
    total = len(ids) - 1
    for start in range(0, total, steps):
        end = start + steps
        part = ids[start : end + 1]
        yield _one_sequence(part, fresh=start == 0)


def sliding(ids: Ids, window: int, stride: int, batch: int) -> Iterator[WindowBatch]:
    """Every target once, each predicted from at least window - stride tokens before it.

    For models that see one window at a time. Only the first window scores all of its targets, and
    its tokens have fewer before them. All windows of a batch have the same length.
    """
    total = len(ids) - 1
    done = min(window, total)
    if total > 0:
        first = ids[: done + 1]
        yield _one_sequence(first, fresh=True)

    end = total + 1 - window
    starts = np.arange(stride, end, stride)
    for low in range(0, len(starts), batch):
        chosen = starts[low : low + batch]
        yield _windows_at(ids, chosen, window, scored=stride)

    done += stride * len(starts)
    rest = total - done  # targets, fewer than a stride
    if rest > 0:
        last = np.array([total - window])
        yield _windows_at(ids, last, window, scored=rest)


def window_of(target: int, window: int, stride: int) -> int:
    """Where the window begins that scores a target, counted from 0, of a text that goes on."""
    beyond = target - window
    return 0 if beyond < 0 else (beyond // stride + 1) * stride


class Slider:
    """`sliding` for a text that comes in parts: targets are scored as soon as they are there.

    The windows do not depend on the parts. They are those of `sliding` but for the last one, which
    is not moved back to end where the text does.
    """

    def __init__(self, first: int, window: int, stride: int, batch: int) -> None:
        """`first` is the id before the first target."""
        self.window = window
        self.stride = stride
        self.batch = batch
        self._ids: Ids = np.array([first], np.int32)  # those that may still be seen
        self._done = 0  # how many of their targets are scored

    def add(self, ids: Ids) -> Iterator[WindowBatch]:
        """Every target of the next part once, in order."""
        self._ids = np.concatenate([self._ids, ids])
        total = len(self._ids) - 1
        while self._done < total:
            begin = self._begin()
            is_regular = self._done == begin + self.window - self.stride
            starts = np.arange(begin, total + 1 - self.window, self.stride)[: self.batch]
            if is_regular and len(starts):
                yield _windows_at(self._ids, starts, self.window, scored=self.stride)
                self._done = int(starts[-1]) + self.window
            else:
                yield self._rest_of_window(begin, min(begin + self.window, total))

        passed = self._begin()
        self._ids = self._ids[passed:]
        self._done -= passed

    def _begin(self) -> int:
        """Where the window begins that scores the next target."""
        return window_of(self._done, self.window, self.stride)

    def _rest_of_window(self, begin: int, end: int) -> WindowBatch:
        """The targets of one window that are not scored yet, up to `end`."""
        row = _one_sequence(self._ids[begin : end + 1], fresh=True)
        scored = torch.ones(row.targets.shape, dtype=torch.bool)
        scored[:, : self._done - begin] = False
        self._done = end
        return WindowBatch(row.inputs, row.targets, fresh=True, scored=scored)

    def __repr__(self) -> str:
        return f"<Slider: windows of {self.window}, stride {self.stride}>"


class Reader:
    """`whole` for a text that comes in parts."""

    def __init__(self, first: int, steps: int) -> None:
        """`first` is the id before the first target."""
        self.steps = steps
        self._last: Ids = np.array([first], np.int32)
        self._is_first = True

    def add(self, ids: Ids) -> Iterator[WindowBatch]:
        """Every target of the next part once and in order, as one sequence."""
        part = np.concatenate([self._last, ids])
        self._last = part[-1:]
        for batch in whole(part, self.steps):
            yield WindowBatch(batch.inputs, batch.targets, fresh=self._is_first)
            self._is_first = False

    def __repr__(self) -> str:
        return f"<Reader: {self.steps} at a time>"


def _windows_at(
    ids: Stream, starts: NDArray[np.int64], steps: int, scored: int | None = None
) -> WindowBatch:
    """The windows that begin at `starts` (B,); their last `scored` targets count, or all."""
    begin = starts[:, None]
    places = begin + np.arange(steps)  # (B, T)

    inputs = _tensor(ids[places])
    targets = _tensor(ids[places + 1])
    if scored is None:
        return WindowBatch(inputs, targets, fresh=True)

    counts = torch.zeros(places.shape, dtype=torch.bool)
    counts[:, -scored:] = True
    return WindowBatch(inputs, targets, fresh=True, scored=counts)


def _one_sequence(ids: Ids, *, fresh: bool) -> WindowBatch:
    row = _tensor(ids)[None]  # (1, T + 1)
    return WindowBatch(
        inputs=row[:, :-1],
        targets=row[:, 1:],
        fresh=fresh,
    )


def _tensor(ids: Ids) -> Tensor:
    longs = ids.astype(np.int64)
    return torch.from_numpy(longs)
