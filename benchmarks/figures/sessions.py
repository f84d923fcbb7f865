"""
Whole sessions, one small job each: login, upload, reply, QUIT.
"""

from __future__ import annotations

from functools import partial

from benchmarks.figures.bulk import rows
from benchmarks.lab import Lab, contest, deliver
from benchmarks.sender import Order
from benchmarks.servers.ours import Ours
from benchmarks.servers.pyftpdlib import Pyftpdlib, WaitingPyftpdlib
from benchmarks.servers.server import Server
from benchmarks.servers.stock import Stock
from benchmarks.sink import Manners
from benchmarks.table import Row, atLeast, atMost

SESSIONS = 960
"""In a round, of all clients together."""

STOCK_SHARE = 8
"""The stock server gets so many times fewer: it waits 40 ms in each (Nagle and delayed ACK)."""

CLIENTS = (1, 8, 64)
"""At a time."""

_RATES = {WaitingPyftpdlib: (0.9, 1.05, 1.05), Pyftpdlib: (0.75, 0.75, 0.75), Stock: ()}
_COSTS = {WaitingPyftpdlib: (1.0, 1.0, 1.0), Pyftpdlib: (1.2, 1.2, 1.2), Stock: (None, 0.8, 1.0)}
"""Targets, times the peer's, for each number of clients."""


def run(lab: Lab) -> list[Row]:
    """Sessions per second, and processor time for each."""
    return [row for place in range(len(CLIENTS)) for row in _with(lab, place)]


def _with(lab: Lab, place: int) -> list[Row]:
    clients = CLIENTS[place]
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
        contest(lab, sink, lab.present([WaitingPyftpdlib, Pyftpdlib, Stock])) as peers,
    ):
        servers: dict[str, Server] = {ours.name: ours, **peers}
        results = lab.interleaved({name: partial(one, each) for name, each in servers.items()})
    rates = {name: [rate for rate, _ in of] for name, of in results.items()}
    costs = {name: [cost for _, cost in of] for name, of in results.items()}
    speed = {peer: atLeast(of[place]) if of else None for peer, of in _RATES.items()}
    cost = {
        peer: None if (most := of[place]) is None else atMost(most) for peer, of in _COSTS.items()
    }
    return [
        *rows(f"sessions/s, 10 KiB, c={clients}", rates, speed),
        *rows(f"CPU ms/session, c={clients}", costs, cost),
    ]
