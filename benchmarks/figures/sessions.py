"""
Whole sessions, one small job each: login, upload, reply, QUIT.
"""

from __future__ import annotations

from functools import partial

from benchmarks.figures.bulk import rows
from benchmarks.lab import Lab, contest, deliver
from benchmarks.sender import Order
from benchmarks.servers.ours import Ours
from benchmarks.servers.pyftpdlib import Pyftpdlib
from benchmarks.servers.server import Server
from benchmarks.servers.stock import Stock
from benchmarks.sink import Manners
from benchmarks.table import Row, atLeast, atMost

SESSIONS = 960
"""In a round, of all clients together."""

STOCK_SHARE = 8
"""The stock server gets so many times fewer: it waits 40 ms in each (Nagle and delayed ACK)."""

_TARGETS = {1: 1.2, 8: 1.5, 64: 1.5}
"""Sessions per second, times pyftpdlib's, by the number of clients."""


def run(lab: Lab) -> list[Row]:
    """Sessions per second, and processor time for each."""
    return [row for clients in _TARGETS for row in _with(lab, clients)]


def _with(lab: Lab, clients: int) -> list[Row]:
    lab.say(f"  {clients} clients")

    def one(server: Server) -> tuple[float, float]:
        count = lab.scaled(SESSIONS) // (STOCK_SHARE if isinstance(server, Stock) else 1)
        order = Order(0, clients=clients, sessions=max(1, count // clients))
        done = deliver(server, sink, order)
        return order.total / done.seconds, done.cpu / order.total * 1000

    # Ours has a printing port for each client; a port prints one job at a time.
    with (
        lab.sink(Manners(listeners=clients)) as sink,
        Ours(lab.directory("ours"), sink.ports, sessions=clients + 8) as ours,
        contest(lab, sink, lab.present([Pyftpdlib, Stock])) as peers,
    ):
        servers: dict[str, Server] = {ours.name: ours, **peers}
        results = lab.interleaved({name: partial(one, each) for name, each in servers.items()})
    rates = {name: [rate for rate, _ in of] for name, of in results.items()}
    costs = {name: [cost for _, cost in of] for name, of in results.items()}
    speed, cost = atLeast(_TARGETS[clients]), atMost(0.75)
    return [
        *rows(f"sessions/s, 10 KiB, c={clients}", rates, {Pyftpdlib: speed, Stock: None}),
        *rows(f"CPU ms/session, c={clients}", costs, {Pyftpdlib: cost, Stock: None}),
    ]
