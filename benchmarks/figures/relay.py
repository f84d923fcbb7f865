"""
What FTP and its promise cost over a bare relay of the same bytes.
"""

from __future__ import annotations

from benchmarks.figures.bulk import SIZE, measured, perGigabyte, rows, throughput
from benchmarks.lab import Lab
from benchmarks.sender import Order
from benchmarks.servers.haproxy import Haproxy
from benchmarks.servers.splice import Splice
from benchmarks.table import Row, atMost


def run(lab: Lab) -> list[Row]:
    """Processor time beside relays."""
    size = lab.scaled(2 * SIZE)
    results = measured(lab, [Splice, Haproxy], Order(0, size=size), unsteady=True)
    return [
        *rows(
            "relay, CPU s/GB",
            perGigabyte(results, size),
            {Splice: atMost(1.7), Haproxy: atMost(0.6)},
        ),
        *rows("relay, GB/s", throughput(results, size), {Splice: None, Haproxy: None}),
    ]
