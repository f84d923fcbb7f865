"""
Many jobs at the same time, each to a printer of its own, beside one that has as many bytes.
"""

from __future__ import annotations

from benchmarks.lab import Delivery, Lab, deliver
from benchmarks.sender import Order
from benchmarks.servers.ours import Ours
from benchmarks.sink import Manners
from benchmarks.table import Row, atLeast, atMost

STREAMS = 64

SIZE = 4 * 1024**3
"""Bytes of all together: enough that 64 logins do not count for much."""


def run(lab: Lab) -> list[Row]:
    """Throughput from the first byte on, and processor time."""
    each = lab.scaled(SIZE) // STREAMS
    many = Order(0, clients=STREAMS, size=each)
    one = Order(0, clients=1, size=each * STREAMS)
    with (
        lab.sink(Manners(listeners=STREAMS)) as sink,
        Ours(lab.directory("ours"), sink.ports, sessions=STREAMS + 8) as server,
    ):
        results = lab.interleaved(
            {
                "one": lambda: deliver(server, sink, one),
                "many": lambda: deliver(server, sink, many),
            },
            unsteady=True,
        )
    gigabytes = each * STREAMS / 1e9
    speed = {name: [gigabytes / _flowing(done) for done in of] for name, of in results.items()}
    cpu = {name: [done.cpu / gigabytes for done in of] for name, of in results.items()}
    beside = "jetdirect, one stream"
    return [
        Row(f"{STREAMS} streams, GB/s", speed["many"], beside, speed["one"], atLeast(0.7)),
        Row(f"{STREAMS} streams, CPU s/GB", cpu["many"], beside, cpu["one"], atMost(1.8)),
    ]


def _flowing(done: Delivery) -> float:
    began = min(job.first for job in done.load.jobs)
    ended = max(connection.ended for connection in done.received)
    return (ended - began) / 1e9
