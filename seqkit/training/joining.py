"""How processes become a group: they find each other, and agree on a name for this attempt.

torchrun keeps what processes told each other before it started them again, such as addresses at
which nobody listens any more, so each attempt needs names of its own. The count of restarts is no
such name: every machine counts failures of its own processes only, and one that starts them again
because another machine did counts nothing.
"""

from __future__ import annotations

import atexit
import gc
import time
from contextlib import suppress
from importlib import import_module
from uuid import uuid4

from torch import distributed
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from ..errors import TrainingError

SECONDS = 600.0  # for all processes to start: some may read from a slow disk
_MOMENT = 0.02


def join_group(backend: str) -> None:
    """Join the group that the environment describes, as torchrun sets it."""
    store, rank, world = next(rendezvous("env://"))
    own = PrefixStore(agreed_name(store, rank, world), store)
    import_module("torch.distributed.nn.functional")  # later, its defaults would keep the group
    distributed.init_process_group(backend, store=own, rank=rank, world_size=world)
    atexit.register(_leave_group)


def agreed_name(store: Store, rank: int, world: int, seconds: float = SECONDS) -> str:
    """A name that all processes of this attempt get, and none of an earlier one.

    Each writes down a name of its own, to which the first process answers with its own: an answer
    to another name is of another attempt. Raises `TrainingError` if not all come in time.
    """
    mine = f"seqkit-{uuid4().hex}"
    if rank:
        store.set(f"seqkit-here-{rank}", mine)
        first = store.get(f"{mine}-welcome").decode()  # waits for it
        store.set(f"{first}-joined-{rank}", "")
        return first

    missing = set(range(1, world))
    until = time.monotonic() + seconds
    while missing:
        _welcome(store, mine, missing)
        missing = {one for one in missing if not store.check([f"{mine}-joined-{one}"])}
        if missing and time.monotonic() > until:
            named = ", ".join(map(str, sorted(missing)))
            raise TrainingError(f"of {world} processes, these have not come: {named}")
        if missing:
            time.sleep(_MOMENT)
    return mine


def _welcome(store: Store, name: str, missing: set[int]) -> None:
    """Answer to what is written down for these; it may still be that of an earlier attempt."""
    for one in missing:
        here = f"seqkit-here-{one}"
        if store.check([here]):
            store.set(f"{store.get(here).decode()}-welcome", name)


def _leave_group() -> None:
    """Its threads must end before Python does: one that still runs then may abort the process.

    They end with the last object that has the group, and models often refer to themselves.
    """
    gc.collect()
    with suppress(Exception):  # the others may be gone, or the group
        distributed.destroy_process_group()
