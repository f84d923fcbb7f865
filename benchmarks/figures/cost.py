"""
What options cost a small job: processor time with them and without, side by side.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.lab import Lab, deliver
from benchmarks.sender import Order
from benchmarks.servers.ours import Ours
from benchmarks.sink import Manners
from benchmarks.table import Row, atMost

JOBS = 8000
"""In a round, of 1 KiB."""

CLIENTS = 8

SETTLED = 1.0
"""Seconds after which all that a job leaves to be done is done: its row is written."""


def _none(place: Path) -> Sequence[str]:
    return ()


def cost(lab: Lab, title: str, options: Callable[[Path], Sequence[str]]) -> Row:
    """
    Milliseconds of processor time of a job; 5 % more with the options are allowed.

    @param options: made for a server with this directory.
    """
    order = Order(0, clients=CLIENTS, jobs=max(1, lab.scaled(JOBS) // CLIENTS), size=1024)
    first = replace(order, jobs=max(1, order.jobs // 4))

    def one(options: Callable[[Path], Sequence[str]]) -> float:
        place = lab.directory("ours")
        with (
            lab.sink(Manners(listeners=CLIENTS)) as sink,
            Ours(place, sink.ports, sessions=CLIENTS + 8, options=options(place)) as server,
        ):
            deliver(server, sink, first)
            time.sleep(SETTLED)
            before = server.cpu()
            deliver(server, sink, order)
            time.sleep(SETTLED)
            return (server.cpu() - before) / order.total * 1000

    results = lab.interleaved(
        {"with": lambda: one(options), "without": lambda: one(_none)}, unsteady=True
    )
    title = f"CPU ms/job of 1 KiB with {title}"
    return Row(title, results["with"], "jetdirect without", results["without"], atMost(1.05))
