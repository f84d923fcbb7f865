"""
One big job, from login until the printer has its last byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from benchmarks.lab import Delivery, Lab, contest, deliver
from benchmarks.sender import Order
from benchmarks.servers.ours import Ours
from benchmarks.servers.pyftpdlib import Pyftpdlib
from benchmarks.servers.server import Server
from benchmarks.servers.stock import Stock
from benchmarks.servers.vsftpd import Vsftpd
from benchmarks.table import Row, Target, atLeast, atMost

SIZE = 1024**3

_THROUGHPUT = {Stock: atLeast(2.5), Pyftpdlib: atLeast(2), Vsftpd: atLeast(3)}
_CPU = {Stock: atMost(1 / 6, "1/6"), Pyftpdlib: atMost(1 / 4, "1/4"), Vsftpd: atMost(1 / 8, "1/8")}


def run(lab: Lab) -> list[Row]:
    """Throughput and processor time of FTP servers."""
    size = lab.scaled(SIZE)
    results = measured(lab, [Stock, Pyftpdlib, Vsftpd], Order(0, size=size), unsteady=True)
    return [
        *rows("bulk, GB/s", throughput(results, size), _THROUGHPUT),
        *rows("bulk, CPU s/GB", perGigabyte(results, size), _CPU),
    ]


def measured(
    lab: Lab, peers: Sequence[type[Server]], order: Order, unsteady: bool = False
) -> dict[str, list[Delivery]]:
    """The same order, carried out by ours and by those who are there."""
    with lab.sink() as sink, contest(lab, sink, [Ours, *lab.present(peers)]) as servers:
        return lab.interleaved(
            {name: partial(deliver, each, sink, order) for name, each in servers.items()},
            unsteady,
        )


def throughput(results: Mapping[str, list[Delivery]], size: int) -> dict[str, list[float]]:
    """10**9 bytes per second, when each delivery had C{size} bytes."""
    return {name: [size / 1e9 / each.seconds for each in of] for name, of in results.items()}


def perGigabyte(results: Mapping[str, list[Delivery]], size: int) -> dict[str, list[float]]:
    """Seconds of processor time for 10**9 bytes, when each delivery had C{size} bytes."""
    return {name: [each.cpu / (size / 1e9) for each in of] for name, of in results.items()}


def rows(
    figure: str,
    values: Mapping[str, Sequence[float]],
    targets: Mapping[type[Server], Target | None],
) -> list[Row]:
    """Ours beside each of the others."""
    ours = values[Ours.name]
    return [
        Row(figure, ours, peer.name, values.get(peer.name, ()), target)
        for peer, target in targets.items()
    ]
