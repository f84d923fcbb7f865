"""
What page, history, metrics and alarms cost a small job, and for how long a scrape of many ports
keeps others waiting.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from twisted.internet.task import Clock

from benchmarks.figures.cost import cost
from benchmarks.lab import Lab
from benchmarks.servers.server import freePort
from benchmarks.table import Row, atMost
from jetdirect.collector import keepForGood
from jetdirect.configuration import Configuration
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter
from jetdirect.watch.metrics import Metrics, Waiting

PORTS = 4000

SCRAPES = 5

ALARMS = """
[notify]
webhook = "http://127.0.0.1:{port}/"
"""


def run(lab: Lab) -> list[Row]:
    """Processor time with and without, and milliseconds of one turn of the reactor."""
    return [cost(lab, "--web, --history, metrics and alarms", _options), *_scrapes(lab)]


def _options(place: Path) -> tuple[str, ...]:
    # Nobody listens where alarms would go.
    file = place / "gateway.toml"
    file.write_text(ALARMS.format(port=freePort()))
    return f"--config={file}", f"--web={freePort()}", "--history=history.sqlite"


class _Turns(Clock):
    """A reactor in which only the processor's time passes; one call is a turn of it."""

    def seconds(self) -> float:
        return time.thread_time()

    def turn(self) -> None:
        """What others would have their turn after."""
        call = self.calls.pop(0)
        call.called = 1
        call.func(*call.args, **call.kw)


def _scrapes(lab: Lab) -> list[Row]:
    ports = lab.scaled(PORTS)
    clock = _Turns()
    configuration = Configuration([FakePrinter() for _ in range(ports)], [])
    server = PrintServer(configuration.ports, clock)

    def waiting() -> Iterator[Waiting]:
        for port in server.ports:
            yield Waiting(server.portRecord(port), server.waitAt(port))

    keepForGood()
    metrics = Metrics(clock, waiting, lambda: 0, lambda: 0)
    turns, wholes = [], []
    for _ in range(SCRAPES):
        longest, whole = _scrape(clock, metrics)
        turns.append(longest * 1000)
        wholes.append(whole * 1000)
    name = f"a scrape of {ports:,} printing ports"
    return [
        Row(f"{name}: its longest turn, CPU ms", turns, target=atMost(5)),
        Row(f"{name}: all of it, CPU ms", wholes),
    ]


def _scrape(clock: _Turns, metrics: Metrics) -> tuple[float, float]:
    answers: list[bytes] = []
    began = time.thread_time()
    metrics.text().addCallback(answers.append)
    longest = time.thread_time() - began
    while not answers:
        last = time.thread_time()
        clock.turn()
        longest = max(longest, time.thread_time() - last)
    return longest, time.thread_time() - began
