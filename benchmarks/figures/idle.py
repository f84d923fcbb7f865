"""
What thousands of sessions cost that do nothing.
"""

from __future__ import annotations

import contextlib
import socket
import time
from functools import partial

from benchmarks import measure
from benchmarks.figures.bulk import rows
from benchmarks.lab import Lab
from benchmarks.process import PATIENCE
from benchmarks.servers.ours import Ours
from benchmarks.servers.pyftpdlib import Pyftpdlib
from benchmarks.servers.server import Server
from benchmarks.servers.stock import Stock
from benchmarks.table import Row, atMost

SESSIONS = 9000


def run(lab: Lab) -> list[Row]:
    """Proportional memory for 1,000 logged-in sessions, in MiB."""
    count = lab.scaled(SESSIONS)

    def one(kind: type[Server]) -> float:
        with lab.sink() as sink, contextlib.ExitStack() as stack:
            place = lab.directory("server")
            if kind is Ours:
                server: Server = stack.enter_context(Ours(place, sink.ports, sessions=count + 100))
            else:
                server = stack.enter_context(kind(place, sink.ports))  # type: ignore[arg-type,call-arg]
            wire = stack.enter_context(login(server.port))  # what the first one ever needs
            before = measure.proportional(server.pid)
            wires = [stack.enter_context(login(server.port)) for _ in range(count)]
            time.sleep(0.5)
            grown = measure.proportional(server.pid) - before
            for wire in wires:
                _say(wire, b"NOOP", b"200")  # held, every one of them
            return grown / 1024**2 / (count / 1000)

    kinds: list[type[Server]] = [Ours, *lab.present([Pyftpdlib, Stock])]
    results = lab.interleaved({each.name: partial(one, each) for each in kinds})
    figure = f"idle, MiB per 1,000 sessions, {count:,} held"
    return [
        Row(figure, results[Ours.name], target=atMost(1.6)),
        *rows(figure, results, {Pyftpdlib: None, Stock: None}),
    ]


def login(port: int) -> socket.socket:
    """A session of everybody's guest."""
    wire = socket.create_connection(("127.0.0.1", port), PATIENCE)
    _hear(wire, b"220")
    if _say(wire, b"USER anonymous", b"331", b"230").startswith(b"331"):
        _say(wire, b"PASS tester@example.org", b"230")
    return wire


def _say(wire: socket.socket, line: bytes, *expected: bytes) -> bytes:
    wire.sendall(line + b"\r\n")
    return _hear(wire, *expected)


def _hear(wire: socket.socket, *expected: bytes) -> bytes:
    # Whole: its last line has a space after the code.
    heard = b""
    while not (heard.endswith(b"\n") and heard.splitlines()[-1][3:4] == b" "):
        more = wire.recv(4096)
        if not more:
            raise AssertionError(f"a session ended after {heard!r}")
        heard += more
    last = heard.splitlines()[-1]
    if not last.startswith(expected):
        raise AssertionError(f"not {expected} but {heard!r}")
    return last
