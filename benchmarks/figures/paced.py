"""
A job that comes no faster than a gigabit Ethernet brings it: the cost is in waking up.
"""

from __future__ import annotations

from benchmarks.figures.bulk import measured, perGigabyte, rows
from benchmarks.lab import Lab
from benchmarks.sender import Order
from benchmarks.servers.splice import Splice
from benchmarks.servers.stock import Stock
from benchmarks.table import Row, atMost

SIZE = 192 * 1024**2

PACE = 117_000_000
"""Bytes per second of payload on 1 Gbit/s: 1448 of the 1538 octets of a frame and its gap."""


def run(lab: Lab) -> list[Row]:
    """Processor time at line rate."""
    size = lab.scaled(SIZE)
    results = measured(lab, [Stock, Splice], Order(0, size=size, pace=PACE), unsteady=True)
    cpu = perGigabyte(results, size)
    return rows("paced to 1 Gbit/s, CPU s/GB", cpu, {Stock: atMost(0.7), Splice: None})
