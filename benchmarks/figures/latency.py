"""
How long a sender with an open session waits.
"""

from __future__ import annotations

import statistics

from benchmarks.figures.bulk import measured, rows
from benchmarks.lab import Delivery, Lab
from benchmarks.sender import Order
from benchmarks.servers.pyftpdlib import Pyftpdlib, WaitingPyftpdlib
from benchmarks.servers.stock import Stock
from benchmarks.table import Row, atMost

JOBS = 200
"""In a round."""


def run(lab: Lab) -> list[Row]:
    """Medians over the jobs of each round, in microseconds."""
    results = measured(lab, [WaitingPyftpdlib, Pyftpdlib, Stock], Order(0, jobs=lab.scaled(JOBS)))
    replies = {name: [_reply(each) for each in of] for name, of in results.items()}
    firsts = {name: [_first(each) for each in of] for name, of in results.items()}
    return [
        *rows(
            "data close to 226, p50 us",
            replies,
            {WaitingPyftpdlib: atMost(1.3), Pyftpdlib: None, Stock: atMost(1 / 50, "1/50")},
        ),
        *rows("first byte to printer, p50 us", firsts, {Stock: atMost(1.0), Pyftpdlib: None}),
    ]


def _reply(done: Delivery) -> float:
    return statistics.median((each.replied - each.closed) / 1e3 for each in done.load.jobs)


def _first(done: Delivery) -> float:
    # One job after the other: the n-th connection to the sink is the n-th job.
    pairs = zip(done.load.jobs, done.received, strict=True)
    return statistics.median((came.first - sent.first) / 1e3 for sent, came in pairs)
