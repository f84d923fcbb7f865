"""
The numbers for Prometheus: read as its own client reads them.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from jetdirect.configuration import Configuration
from jetdirect.gateway import Gateway
from jetdirect.interfaces import IMetrics, IWatcher
from jetdirect.job import Job
from jetdirect.named import PortSettings
from jetdirect.record import PortRecord, PortState
from jetdirect.testing import FakePrinter
from jetdirect.watch.metrics import Metrics, Waiting
from jetdirect.watch.pace import SLICE
from tests.support.answers import hear
from tests.support.machine import Machine
from tests.test_web_site import WebServer

Numbers = dict[tuple[str, ...], float]
"""Values by the name of the number, and its labels' values behind it, by the labels' names."""


def read(text: bytes) -> Numbers:
    """What a Prometheus would keep of it."""
    found: Numbers = {}
    names: list[str] = []
    for family in text_string_to_metric_families(text.decode("ascii")):
        names.append(family.name)
        for sample in family.samples:
            key = (sample.name, *(value for _, value in sorted(sample.labels.items())))
            assert key not in found, key
            found[key] = sample.value
    assert len(names) == len(set(names)), "a number is told in one place only"
    return found


def scraped(gateway: Gateway) -> Numbers:
    """The numbers of a gateway that answers over HTTP."""
    assert gateway._metrics is not None
    answers: list[bytes] = []
    gateway._metrics.text().addCallback(answers.append)
    return read(answers[0])


class Counted(Machine):
    """A spooling gateway in memory that is asked for its numbers."""

    def start(self, held: bool = False) -> None:
        super().start(held)
        self.gateway._listenWeb("tcp:8631:interface=127.0.0.1")

    @property
    def numbers(self) -> Numbers:
        """Those of this moment."""
        return scraped(self.gateway)


def test_streaming() -> None:
    """A fresh gateway has all numbers at 0; a job is counted with its outcome, level and bytes."""
    web = WebServer()
    assert scraped(web.gateway) == {
        ("jetdirect_jobs_total", "", "aborted", "PORT1"): 0,
        ("jetdirect_job_bytes_total", "PORT1"): 0,
        ("jetdirect_queued_jobs", "PORT1"): 0,
        ("jetdirect_held_jobs", "PORT1"): 0,
        ("jetdirect_oldest_queued_seconds", "PORT1"): 0,
        ("jetdirect_port_stopped", "PORT1"): 0,
        ("jetdirect_sessions",): 0,
        ("jetdirect_spool_bytes",): 0,
    }
    job = web.gateway.server.printTestPage(web.gateway.server.ports[0])
    assert isinstance(job, Job)
    web.clock.advance(1)
    numbers = scraped(web.gateway)
    assert numbers["jetdirect_jobs_total", "delivered", "completed", "PORT1"] == 1
    assert numbers["jetdirect_job_bytes_total", "PORT1"] == job.size


def test_waiting() -> None:
    """What waits, for how long, what is held, and that the printer is away; also over a restart."""
    machine = Counted()
    machine.printer.silent = True
    machine.upload(b"1" * 10)
    machine.advance(50)
    machine.upload(b"2" * 20)
    machine.upload(b"3" * 30)
    told = hear(machine.gateway.operator.hold(3, "anna"))
    machine.advance(100)
    assert told

    def check() -> None:
        numbers = machine.numbers
        assert numbers["jetdirect_queued_jobs", "PORT1"] == 2
        assert numbers["jetdirect_held_jobs", "PORT1"] == 1
        assert numbers["jetdirect_spool_bytes",] == 60
        assert 150 <= numbers["jetdirect_oldest_queued_seconds", "PORT1"] < 160

    check()
    assert machine.numbers["jetdirect_port_stopped", "PORT1"] == 1
    machine.restart()
    check()
    machine.printer.silent = False
    machine.advance(120)
    numbers = machine.numbers
    assert numbers["jetdirect_oldest_queued_seconds", "PORT1"] == 0
    assert numbers["jetdirect_spool_bytes",] == 30
    assert numbers["jetdirect_jobs_total", "delivered", "completed", "PORT1"] == 2


def test_streamsThatWait() -> None:
    """A sender that waits for its turn is a job that waits; the one that prints is none."""
    web = WebServer()
    server = web.gateway.server
    server.wallClock = web.clock.seconds
    [port] = server.ports
    assert isinstance(port.transport, FakePrinter)
    port.transport.silent = True
    for _ in range(3):
        server.printTestPage(port)
        web.clock.advance(2)
    numbers = scraped(web.gateway)
    assert numbers["jetdirect_queued_jobs", "PORT1"] == 2
    assert numbers["jetdirect_oldest_queued_seconds", "PORT1"] == 4


def test_twoServers() -> None:
    """Two gateways in one process count each for itself."""
    one, other = WebServer(), WebServer()
    one.gateway.server.printTestPage(one.gateway.server.ports[0])
    key = "jetdirect_jobs_total", "delivered", "completed", "PORT1"
    assert scraped(one.gateway)[key] == 1
    assert key not in scraped(other.gateway)


def test_overHTTP() -> None:
    """C{/metrics} has the type that Prometheus asks for, and is only read."""
    web = WebServer()
    head, _, body = web.ask("GET /metrics").partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" in head
    assert read(body.encode("ascii")) == scraped(web.gateway)
    assert web.ask("POST /metrics").startswith("HTTP/1.1 405")


def test_otherSites() -> None:
    """No page of another site reads them: the names of ports are nobody else's."""
    told = WebServer().ask("GET /metrics", "Host: evil.example\r\n")
    assert told.startswith("HTTP/1.1 403") and "PORT1" not in told


def test_notInstalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra all else works, and the answer says what to install."""
    real = builtins.__import__

    def absent(name: str, *arguments: Any) -> Any:
        if name == "watch.metrics":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", absent)
    web = WebServer()
    told = web.ask("GET /metrics")
    assert told.startswith("HTTP/1.1 404")
    assert "pip install 'jetdirect[metrics]'" in told
    assert web.ask("GET /api/ports").startswith("HTTP/1.1 200")


class Slow(Clock):
    """
    A clock by which every look at it takes a tenth of a slice.

    @ivar turns: how often others had their turn.
    """

    turns = 0

    def seconds(self) -> Any:
        self.rightNow += SLICE / 10
        return super().seconds()

    def callLater(self, delay: float, callable: Any, *args: object, **kw: object) -> Any:
        self.turns += 1
        return super().callLater(delay, callable, *args, **kw)


def many(count: int) -> Iterator[Waiting]:
    """Printing ports."""
    for number in range(count):
        record = PortRecord(
            name=f"ward{number}", number=number, aliases=(), uri="socket://printer",
            description="", location="", state=PortState.IDLE, reasons=(), message="", since=0.0,
            accepting=True, spooled=False, queued=number, held=0, job=None,
        )  # fmt: skip
        yield Waiting(record, 0.0)


def metrics(clock: Clock, ports: int) -> Metrics:
    """The numbers of so many ports."""
    return Metrics(clock, lambda: many(ports), lambda: 3, lambda: 4)


def test_inPieces() -> None:
    """However many ports there are, others have their turn, and each number stands there once."""
    clock = Slow()
    answers: list[bytes] = []
    tested = metrics(clock, 500)
    tested.text().addCallback(answers.append)
    while not answers:
        clock.advance(0)
    assert clock.turns > 50
    assert answers[0].count(b"# TYPE ") == answers[0].count(b"# HELP ") == 8
    numbers = read(answers[0])
    assert len(numbers) == 500 * 6 + 2
    assert all(numbers["jetdirect_queued_jobs", f"ward{n}"] == n for n in range(500))


def test_manyAsk() -> None:
    """Who asks while the numbers are written gets the same; the next one gets new ones."""
    clock = Slow()
    answers: list[bytes] = []
    tested = metrics(clock, 100)
    asked: Sequence[Deferred[bytes]] = [tested.text(), tested.text()]
    for each in asked:
        each.addCallback(answers.append)
    while not answers:
        clock.advance(0)
    assert answers[0] is answers[1]
    again = hear(tested.text())
    while not again:
        clock.advance(0)
    assert again[0] is not answers[0]


ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"jetdirect_[a-z_]+", re.ASCII)


def test_documents() -> None:
    """The page has each number, with its labels; it and the alert rules name no others."""
    told = read(hear(metrics(Clock(), 1).text())[0])
    page = (ROOT / "docs/metrics.rst").read_text()
    assert set(NUMBER.findall(page)) == {key[0] for key in told}
    for name, *labels in told:
        known = {0: "", 1: "{port}", 3: "{port,outcome,delivery}"}[len(labels)]
        assert f"``{name}{known}``" in page
    assert set(NUMBER.findall((ROOT / "contrib/prometheus.yml").read_text())) < {
        key[0] for key in told
    }


def test_interfaces() -> None:
    """It is a watcher, and has the numbers."""
    tested = metrics(Clock(), 1)
    assert verifyObject(IWatcher, tested)
    assert verifyObject(IMetrics, tested)


def test_withoutWeb() -> None:
    """A gateway that answers no operator counts nothing: nobody asks."""
    gateway = Gateway(Configuration([FakePrinter()], [], defaults=PortSettings()), Clock())
    assert gateway._metrics is None
