"""Trainings in float64, by one process or several, whose weights can be compared."""

import os
import sys

from processes import end, start

BATCHES = 4  # an update, by all processes together


def train_by_ddp(config, settings):
    """As on several machines, which share no memory."""
    from seqkit.training import processes

    processes.found_machine = lambda *_: None
    train_in_float64(config, settings)


def train_in_float64(config, settings):
    import torch

    import seqkit

    torch.set_default_dtype(torch.float64)
    torch.nn.modules.module.register_module_forward_pre_hook(_widen)
    torch.set_num_threads(1)
    resume = os.path.exists("run/config.toml")
    try:
        seqkit.train(config, out="run", device="cpu", overrides=settings, resume=resume)
    except seqkit.SeqkitError as error:
        sys.exit(f"error: {error}")
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _widen(module, inputs):
    """Images and columns of tables come in float32."""
    return tuple(map(_in_float64, inputs))


def _in_float64(value):
    import torch

    is_number = isinstance(value, torch.Tensor) and value.is_floating_point()
    return value.double() if is_number else value


def trained_together(config, settings, folder, world, how=train_in_float64):
    """The run of `world` processes, which `settings` leave four batches an update."""
    shared = {"train.accumulate": BATCHES // world, "train.precision": "fp32", **settings}
    processes = start(how, folder, config, shared, world=world)
    codes, said = end(processes, folder)
    assert codes == [0] * world, said
    return folder / "run"


def refused_together(config, settings, folder, world=2):
    """What each process says of data that it refuses, all but its place."""
    processes = start(train_in_float64, folder, config, settings, world=world)
    codes, said = end(processes, folder)
    assert codes == [1] * world, said
    assert not (folder / "run").exists() or not list((folder / "run").glob("step-*"))
    return [text.strip().splitlines()[-1] for text in said if "Traceback" not in text]


def tensors(run):
    """What is trained, and what training goes on with."""
    from safetensors.torch import load_file

    from seqkit.training import checkpoint

    last = checkpoint.resolve(run, prefer="last")
    weights = load_file(last / checkpoint.MODEL)
    trainer = load_file(last / checkpoint.TRAINER)
    trained = {n: t for n, t in trainer.items() if n.startswith(("optimizer.", "model.", "evalua"))}
    return weights | trained


def furthest(run, other):
    """The largest difference between two runs in any number."""
    ours, theirs = tensors(run), tensors(other)
    assert ours.keys() == theirs.keys()
    return max(float((value - theirs[name]).abs().max()) for name, value in ours.items())
