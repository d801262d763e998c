"""The limit of this CPU for a row, and where the time goes: `python -m benchmarks ROW --limit`.

The arithmetic of a step is that of its matrix products. How fast this CPU can do it is measured in
the same process, by the very products of the step, each alone with its operands in the cache: no
program that does these products one by one is faster. The share of that limit is what a row
reaches; a profile says where the rest goes.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar
from unittest import mock

import click

from . import rows
from .core import Clock, Outcome, Row, Settings, cpu_seconds
from .turns import run, settings_of

WARM_UP, STEPS = 3, 10
DATA = "benchmark: data"  # the name of what prepares data, in profiles
_SECONDS = 0.03  # that a product is repeated
_KINDS = {  # of operations, by a part of their names; the first that fits
    "products": ("mm", "linear", "matmul", "addmv", "mkldnn_rnn", "lstm", "recurrentlayer"),
    "attention": ("scaled_dot_product", "flash_attention"),
    "norms": ("norm",),
    "dropout": ("dropout", "random", "bernoulli"),
    "loss": ("softmax", "nll_loss", "logsumexp", "cross_entropy"),
    "embeddings": ("embedding", "index"),
    "copies": ("copy", "cat", "contiguous", "clone"),
}
T = TypeVar("T")


class Product(NamedTuple):
    """`batch` products of (rows, inner) by (inner, columns)."""

    batch: int
    rows: int
    inner: int
    columns: int

    @property
    def flops(self) -> int:
        """One multiplication and one addition for each term."""
        return 2 * self.batch * self.rows * self.inner * self.columns


def show(name: str, row: Row, case: str, *, quick: bool, settings: Settings) -> None:
    """Measure in a process of its own, and print."""
    if row.limit is None:
        click.echo(f"  {name} has no limit: its module gives no step to count (`Row.limit`)")
        return

    chosen = settings_of(name, row, case, quick=quick, settings=settings)
    if row.prepare is not None:
        run(row.prepare, chosen)
    told = run(measure, {**chosen, "row": name}, cores=row.cores)
    click.echo("\n".join(lines_of(told, row.unit)))


def lines_of(told: dict[str, Any], unit: str) -> list[str]:
    speed = told["work"] / told["cpu"]
    found = told["result"]
    flops = found["flops"] / found["units"]
    lines = [f"  arithmetic: {flops / 1e6:,.2f} MFLOP for one of the {unit}"]

    for dtype, rate in found["rates"].items():
        bound = rate / flops
        lines.append(
            f"  {dtype}: products at {rate / 1e9:,.0f} GFLOP/s, "
            f"limit {bound:,.0f} {unit} a CPU second: {speed:,.0f} are {speed / bound:.0%} of it"
        )
    shares = [f"{kind} {share:.0%}" for kind, share in found["profile"].items() if share >= 0.005]
    return [*lines, f"  where the time goes: {', '.join(shares)}"]


def measure(settings: Settings, clock: Clock) -> Outcome:
    """Speed, arithmetic, rates and profile of a row's step."""
    step = _step_of(settings)
    for _ in range(WARM_UP):
        step()

    products, flops, counted_units = counted(step)
    units = 0.0
    steps = 2 if settings["quick"] else STEPS
    with clock:
        for _ in range(steps):
            units += step()

    found = {
        "units": counted_units,
        "flops": flops,
        "rates": {dtype: rate(products, dtype) for dtype in ("float32", "bfloat16")},
        "profile": profile(step, steps),
    }
    return Outcome(units, found)


def _step_of(settings: Settings) -> Callable[[], float]:
    import torch

    torch.set_num_threads(1)
    of_row = rows.load(settings["row"]).limit
    assert of_row is not None
    return of_row(settings)


# Arithmetic


def counted(step: Callable[[], float]) -> tuple[Counter[Product], int, float]:
    """The products of a step, their floating-point operations, and how many units it did.

    All by torch: what the compiled library multiplies is not seen. Raises `AssertionError` if
    torch's own counter, which knows fewer operations, finds more.
    """
    from torch.utils.flop_counter import FlopCounterMode

    from seqkit.native.library import ENVIRONMENT

    counter = FlopCounterMode(display=False)
    recorder = _recorder()
    with mock.patch.dict(os.environ, {ENVIRONMENT: "off"}), counter, recorder:
        units = step()

    flops = sum(product.flops * times for product, times in recorder.products.items())
    by_torch = counter.get_total_flops()
    assert flops >= by_torch, f"an operation is unknown: {flops:,} of {by_torch:,} are counted"
    return recorder.products, flops, units


def _recorder() -> Any:
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recorder(TorchDispatchMode):
        """Notes the sizes of every product."""

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.products: Counter[Product] = Counter()

        def __torch_dispatch__(self, func: Any, _: Any, args: Any = (), options: Any = None) -> Any:
            name = func._schema.name.removeprefix("aten::")
            self.products.update(_products_of(name, args))
            return func(*args, **(options or {}))

    return Recorder()


def _products_of(name: str, args: Any) -> dict[Product, int]:
    """What products an operation consists of."""
    if name in ("mm", "bmm"):
        return _single(args[0].shape, args[1].shape)
    if name in ("addmm", "baddbmm"):
        return _single(args[1].shape, args[2].shape)
    if name == "_scaled_dot_product_flash_attention_for_cpu":
        return _of_attention(args[0].shape, args[1].shape)
    if name == "_scaled_dot_product_flash_attention_for_cpu_backward":
        return _of_attention(args[1].shape, args[2].shape, backward=True)
    if name in ("mkldnn_rnn_layer", "mkldnn_rnn_layer_backward"):
        backward = name.endswith("backward")
        return _of_lstm(args[0].shape, args[1].shape, args[2].shape, backward=backward)
    return {}


def _single(a: Sequence[int], b: Sequence[int]) -> dict[Product, int]:
    batch = a[0] if len(a) == 3 else 1
    return {Product(batch, a[-2], a[-1], b[-1]): 1}


def _of_attention(
    query: Sequence[int], key: Sequence[int], *, backward: bool = False
) -> dict[Product, int]:
    """Scores and weighted sums; backward, the scores once more and two gradients of each."""
    batch, heads, steps, width = query
    scores = Product(batch * heads, steps, width, key[2])
    sums = Product(batch * heads, steps, key[2], width)
    return {scores: 3, sums: 2} if backward else {scores: 1, sums: 1}


def _of_lstm(
    inputs: Sequence[int], w: Sequence[int], u: Sequence[int], *, backward: bool = False
) -> dict[Product, int]:
    """The products with all inputs at once, and those with the state step by step.

    Backward, each has two gradients.
    """
    steps, batch, width = inputs
    times = 2 if backward else 1
    return {
        Product(1, steps * batch, width, w[0]): times,
        Product(1, batch, u[1], u[0]): times * steps,
    }


# Rates


def rate(products: Counter[Product], dtype: str) -> float:
    """Floating-point operations a CPU second at which this CPU does these products.

    Those with the most arithmetic, 95 % of it, are measured; the others are taken for as fast.
    """
    if not products:
        return peak_rate(dtype)

    total = sum(product.flops * times for product, times in products.items())
    flops = 0
    seconds = 0.0
    for product, times in sorted(products.items(), key=lambda item: -item[0].flops * item[1]):
        flops += product.flops * times
        seconds += seconds_of(product, dtype) * times
        if flops > 0.95 * total:
            break
    return flops / seconds


def peak_rate(dtype: str) -> float:
    """The same of a large square product."""
    square = Product(1, 1024, 1024, 1024)
    return square.flops / seconds_of(square, dtype)


def seconds_of(product: Product, dtype: str) -> float:
    """CPU seconds of one product, with its operands in the cache: the least of several runs."""
    import torch

    kind = getattr(torch, dtype)
    a = torch.randn(product.batch, product.rows, product.inner).to(kind)
    b = torch.randn(product.batch, product.inner, product.columns).to(kind)
    out = torch.empty(product.batch, product.rows, product.columns, dtype=kind)
    if product.batch == 1:
        a, b, out = a[0], b[0], out[0]

    def repeat(times: int) -> float:
        began = time.process_time()
        for _ in range(times):
            torch.matmul(a, b, out=out)
        return (time.process_time() - began) / times

    once = max(repeat(2), 1e-7)
    times = max(1, round(_SECONDS / once / 3))
    return min(repeat(times) for _ in range(3))


# Where the time goes


def named(name: str, items: Iterator[T]) -> Iterator[T]:
    """The same items; in a profile, the time of making them has this name."""
    from torch.profiler import record_function

    while True:
        with record_function(name):
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


def profile(step: Callable[[], float], steps: int) -> dict[str, float]:
    """Shares of the CPU time by kind, the largest first; "Python" is what no operation took."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    with profiled(activities=[ProfilerActivity.CPU]) as found:
        began = cpu_seconds()
        for _ in range(steps):
            step()
        total = (cpu_seconds() - began) * 1e6

    kinds: defaultdict[str, float] = defaultdict(float)
    for event in found.events():
        kinds[_kind(event)] += event.self_cpu_time_total
    kinds["Python"] += max(0.0, total - sum(kinds.values()))
    whole = sum(kinds.values())
    largest = sorted(kinds.items(), key=lambda one: -one[1])
    return {kind: spent / whole for kind, spent in largest}


def _kind(event: Any) -> str:
    """What an operation belongs to: what it runs in counts before its own name."""
    outer = event
    while outer is not None:
        if outer.name.startswith("Optimizer."):
            return "optimiser"
        if outer.name == DATA:
            return "data"
        outer = outer.cpu_parent

    name = event.name.removeprefix("aten::").lower()
    for kind, parts in _KINDS.items():
        if any(part in name for part in parts):
            return kind
    return "other operations"
