"""TensorBoard event files of a run, in its folder `tensorboard`, by the extra of that name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from ..config import TrainConfig
from ..errors import CheckpointError, ConfigError, reason
from ..training.events import Evaluated, Updated

FOLDER = "tensorboard"

Record = Callable[[object], None]


def check_installed(config: TrainConfig) -> None:
    """Raise `ConfigError` if event files are wanted and what writes them is not there."""
    if config.tensorboard and find_spec("tensorboardX") is None:
        raise ConfigError(
            "train.tensorboard needs tensorboardX: `pip install 'seqkit[tensorboard]'`, "
            "or leave it out"
        )


@contextmanager
def event_files(run: Path, config: TrainConfig, step: int) -> Iterator[Record]:
    """A function that records events if `config` wants it; others than a trainer's are left out.

    TensorBoard no longer shows what an earlier attempt recorded after `step`.
    """
    if not config.tensorboard:
        yield lambda event: None
        return

    from tensorboardX import SummaryWriter

    def record(event: object) -> None:
        try:
            for name, value in _figures(event).items():
                writer.add_scalar(name, value, event.step)  # type: ignore[attr-defined]
            if isinstance(event, Evaluated):
                writer.flush()
        except OSError as error:
            raise CheckpointError(f"cannot write to {run / FOLDER}: {reason(error)}") from None

    # Files are named by the second: one of the second before would be written over.
    writer = SummaryWriter(
        str(run / FOLDER), purge_step=step + 1, filename_suffix=f".{step}.{time.time_ns()}"
    )
    try:
        yield record
    finally:
        writer.close()


def _figures(event: object) -> dict[str, float]:
    if isinstance(event, Updated):
        return {
            "train/loss": event.loss,
            "train/learning_rate": event.lr,
            "train/gradient_norm": event.grad_norm,
            "train/targets_per_second": event.targets / max(event.seconds, 1e-9),
        }
    if isinstance(event, Evaluated):
        figures = {f"valid/{name}": value for name, value in event.metrics.items()}
        for layer, values in event.layers.items():
            figures |= {f"{name}/{layer}": value for name, value in values.items()}
        return figures
    return {}
