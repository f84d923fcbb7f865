"""
What a session costs, counted and not timed: user instructions and system calls.

A count hardly depends on what else the machine does, so a step of some percent shows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.figures.bulk import rows
from benchmarks.lab import Lab
from benchmarks.sender import Order, send
from benchmarks.servers.ours import Ours
from benchmarks.servers.pyftpdlib import Pyftpdlib, WaitingPyftpdlib
from benchmarks.servers.server import Server, program
from benchmarks.servers.stock import Stock
from benchmarks.sink import Manners
from benchmarks.table import Row, atMost

CLIENTS = 8
"""At a time."""

FEW, MORE = 40, 144
"""Sessions of all clients together: the start of a server costs more than all of them, so a
session's cost is the difference between two runs, divided by that of their sessions."""

PATIENCE = 600.0
"""Seconds for what takes seconds: under valgrind everything is some fifty times slower."""

_INSTRUCTIONS = (
    *("env", "PYTHONHASHSEED=0"),  # else some percent differ from start to start
    *("valgrind", "--tool=cachegrind", "--cache-sim=no"),
    *("--log-file={place}/counted", "--cachegrind-out-file=/dev/null"),
)
_CALLS = ("strace", "-D", "-f", "-c", "-o", "{place}/counted")
"""-D: the process that is started, and ended, is the server and not strace."""

_TOTALS = {
    "valgrind": re.compile(r"I +refs: +([\d,]+)"),
    "strace": re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+).* total$", re.MULTILINE),
}


def run(lab: Lab) -> list[Row]:
    """For each session, in one run: a round is like the next."""
    kinds: list[type[Server]] = [Ours, *lab.present([WaitingPyftpdlib, Pyftpdlib, Stock])]
    return [
        *_counted(lab, "valgrind", _INSTRUCTIONS, kinds, "M user instructions", 1e6, 1.3),
        *_counted(lab, "strace", _CALLS, kinds, "system calls", 1, 56),
    ]


def _counted(
    lab: Lab,
    tool: str,
    under: Sequence[str],
    kinds: Sequence[type[Server]],
    what: str,
    unit: float,
    most: float,
) -> list[Row]:
    if program(tool) is None:
        raise RuntimeError(f"{tool} is not installed; apt-get install {tool}")
    found = {}
    for kind in kinds:
        lab.say(f"    {what}: {kind.name}")
        _serve(lab.directory("warm"), lab, kind, CLIENTS)  # compiles what is imported
        # A class of its own, so that its instances are started under the tool.
        watched = type(kind.__name__, (kind,), {"under": under, "patience": PATIENCE})
        few, more = (_total(lab, watched, count, tool) for count in (FEW, MORE))
        found[kind.name] = [(more - few) / (MORE - FEW) / unit]
    figure = f"{what}/session, c={CLIENTS}"
    return [
        Row(figure, found[Ours.name], target=atMost(most)),
        *rows(figure, found, {WaitingPyftpdlib: None, Pyftpdlib: None, Stock: None}),
    ]


def _total(lab: Lab, kind: type[Server], sessions: int, tool: str) -> int:
    place = lab.directory("counted")
    _serve(place, lab, kind, sessions)
    return read(place / "counted", tool)


def _serve(place: Path, lab: Lab, kind: type[Server], sessions: int) -> None:
    with lab.sink(Manners(listeners=CLIENTS)) as sink:
        start: Callable[[], Server] = partial(kind, place, sink.ports)  # type: ignore[arg-type]
        if issubclass(kind, Ours):
            start = partial(kind, place, sink.ports, sessions=CLIENTS + 8)
        with start() as server:
            each = sessions // CLIENTS
            order = Order(server.port, clients=CLIENTS, sessions=each, name=server.jobName)
            send(order)
            sink.check(order.total, order.size)


def read(file: Path, tool: str) -> int:
    """What a tool counted in all; it writes that when the server has ended, or a little later."""
    end = time.monotonic() + PATIENCE
    while (found := _TOTALS[tool].search(file.read_text() if file.exists() else "")) is None:
        if time.monotonic() > end:
            raise RuntimeError(f"{file} does not say how many there were")
        time.sleep(0.01)
    return int(found[1].replace(",", ""))
