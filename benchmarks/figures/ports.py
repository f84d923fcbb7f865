"""
A thousand printing ports.
"""

from __future__ import annotations

import ftplib
import statistics
import time

from benchmarks.lab import Lab, deliver
from benchmarks.process import PATIENCE
from benchmarks.sender import Order
from benchmarks.servers.ours import Ours
from benchmarks.table import Row, atMost

PORTS = 1000

_LISTS = 5
_SESSIONS = 200

NOISE = 1.25
"""A cost that does not grow may come out so many times as great (chosen)."""


def run(lab: Lab) -> list[Row]:
    """The start, a listing, and a small job, beside a gateway with one port."""

    def one(ports: int) -> tuple[float, float, float]:
        began = time.monotonic()
        with lab.sink() as sink, Ours(lab.directory("ours"), sink.ports * ports) as server:
            started = server.listened - began
            order = Order(0, sessions=lab.scaled(_SESSIONS))
            deliver(server, sink, Order(0))
            cost = deliver(server, sink, order).cpu / order.total * 1000
            return started * 1000, _listed(server.port, ports), cost

    results = lab.interleaved({"many": lambda: one(PORTS), "one": lambda: one(1)})
    start, listing, cost = zip(*results["many"], strict=True)
    name = f"{PORTS:,} printing ports"
    few = [each[2] for each in results["one"]]
    return [
        Row(f"{name}: start, ms", start, target=atMost(2000, "2,000")),
        Row(f"{name}: LIST, ms", listing, target=atMost(100)),
        Row(f"{name}: CPU ms/session", cost, "jetdirect, one port", few, atMost(NOISE)),
    ]


def _listed(port: int, ports: int) -> float:
    times = []
    with ftplib.FTP(timeout=PATIENCE) as session:
        session.connect("127.0.0.1", port)
        session.login("anonymous", "tester@example.org")
        for _ in range(_LISTS):
            lines: list[str] = []
            began = time.monotonic()
            session.dir(lines.append)
            times.append((time.monotonic() - began) * 1000)
            if sum("PORT" in line for line in lines) != ports:
                raise AssertionError(f"LIST shows {len(lines)} lines of {ports} printing ports")
    return statistics.median(times)
