"""
What does not grow: with the jobs done, and with the size of one.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks import measure
from benchmarks.figures.ports import NOISE
from benchmarks.lab import Lab, deliver
from benchmarks.sender import Order
from benchmarks.servers.ours import Ours
from benchmarks.sink import Manners
from benchmarks.table import Row, atMost

JOBS, FULL = 10_000, 100_000

CLIENTS = 8

WARM = 10_000
"""Jobs before, until the heap has its size: 2 to 3 MiB more than after 1,000, and no more after
100,000 (measured)."""

PARTS = 10
"""Equal parts of the jobs, after each of which is looked."""

SMALL, LARGE = 256 * 1024**2, 4 * 1024**3
"""Bytes of jobs that should cost the same for each byte."""


def run(lab: Lab) -> list[Row]:
    """Memory and processor time after many jobs, and for a large one."""
    return [*_many(lab), *_large(lab)]


def _many(lab: Lab) -> list[Row]:
    jobs = lab.scaled(FULL if lab.full else JOBS)
    order = Order(0, clients=CLIENTS, jobs=max(1, jobs // PARTS // CLIENTS), size=1024)
    warm = replace(order, jobs=max(1, lab.scaled(WARM) // CLIENTS))
    with (
        lab.sink(Manners(listeners=CLIENTS)) as sink,
        Ours(lab.directory("ours"), sink.ports, sessions=CLIENTS + 8) as server,
    ):
        deliver(server, sink, warm)
        memory, cost = [measure.resident(server.pid) / 1024**2], []
        for part in range(PARTS):
            lab.say(f"    part {part + 1} of {PARTS}")
            cost.append(deliver(server, sink, order).cpu / order.total * 1000)
            memory.append(measure.resident(server.pid) / 1024**2)
    done = order.total * PARTS
    half = PARTS // 2
    return [
        Row(f"growth over {done:,} jobs, MiB", [max(memory) - memory[0]], target=atMost(1)),
        Row(
            f"CPU ms/job, last half of {done:,}",
            cost[-half:],
            "jetdirect, first half",
            cost[:half],
            atMost(NOISE),
        ),
    ]


def _large(lab: Lab) -> list[Row]:
    with lab.sink() as sink, Ours(lab.directory("ours"), sink.ports) as server:

        def one(size: int) -> float:
            return deliver(server, sink, Order(0, size=size)).cpu / (size / 1e9)

        small, large = lab.scaled(SMALL), lab.scaled(LARGE)
        results = lab.interleaved({"small": lambda: one(small), "large": lambda: one(large)})
    title = f"CPU s/GB, a job of {large / 1024**3:.3g} GiB"
    beside = f"jetdirect, {small / 1024**2:.3g} MiB"
    return [Row(title, results["large"], beside, results["small"], atMost(NOISE))]
