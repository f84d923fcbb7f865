"""
Open pages are told what is new: once a second at most, only what they show, and bounded.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface.verify import verifyObject

from jetdirect.interfaces import IWatcher
from jetdirect.web.access import Guest, Role
from jetdirect.web.events import EVERY, PATIENCE, PING, STREAMS
from tests.support.webgateway import WebGateway

GUEST = Guest("anna", Role.ADMINISTER)


class Wire:
    """A browser's end of a stream."""

    def __init__(self) -> None:
        self.heard = b""
        self.cuts = 0
        self.finished = False
        self.producer: Any = None
        self._over: Deferred[None] = Deferred()

    def write(self, data: bytes) -> None:
        self.heard += data

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def finish(self) -> None:
        self.finished = True
        self.lose()

    def notifyFinish(self) -> Deferred[None]:
        return self._over

    def cut(self) -> None:
        self.cuts += 1
        self.lose()

    def lose(self) -> None:
        self._over.callback(None)

    def take(self) -> list[dict[str, Any]]:
        """What it was told since the last time."""
        heard, self.heard = self.heard, b""
        lines = heard.decode().split("\n\n")
        return [json.loads(each[6:]) for each in lines if each.startswith("data: ")]


def opened(web: WebGateway, path: str = "", **query: str) -> Wire:
    """One more open page."""
    wire = Wire()
    asked = {name: [value] for name, value in query.items()}
    way = path.split("/")
    assert web.side._streams.add(wire, wire.cut, way, asked, GUEST, "localhost")
    web.machine.advance(EVERY)
    return wire


def test_news() -> None:
    """First all that the page shows; then what is new, and nothing while nothing is."""
    web = WebGateway()
    wire = opened(web)
    [first] = wire.take()
    assert set(first["rows"]) >= {"port-port1", "port-port2", "summary"}
    assert first["title"] == "All well - jetdirect"
    web.machine.advance(20)
    assert wire.take() == []
    web.machine.printer.hesitant = True
    web.machine.upload(b"12345", "a.ps")
    web.machine.advance(2)
    rows = {key for told in wire.take() for key in told["rows"]}
    assert "port-port1" in rows and "port-port2" not in rows
    web.machine.printer.jobs[-1].answer()
    web.machine.advance(2)
    told = wire.take()
    assert (
        "No jobs" in told[-1]["rows"]["port-port1"] or "job" not in told[-1]["rows"]["port-port1"]
    )


def test_onceASecond() -> None:
    """However much happens."""
    web = WebGateway()
    wire = opened(web, "jobs")
    wire.take()
    for number in range(40):
        web.machine.upload(b"x", f"{number}.ps")
        web.machine.advance(0.1, step=0.1)
    assert 3 <= len(wire.take()) <= 5


def test_order() -> None:
    """A new row is told with its place; one that is gone has none."""
    web = WebGateway()
    wire = opened(web, "jobs")
    assert wire.take()[0]["boxes"]["jobs"] == ["empty"]
    web.machine.printer.silent = True
    web.machine.upload(b"x", "a.ps")
    web.machine.upload(b"x", "b.ps")
    web.machine.advance(2)
    assert wire.take()[-1]["boxes"]["jobs"] == ["job-2", "job-1"]
    other = opened(web, "jobs", port="PORT2")
    assert other.take()[0]["boxes"]["jobs"] == ["empty"]


def test_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that show the same are made once."""
    web = WebGateway()
    pages = web.side._streams._pages
    looks = []
    view = pages.view

    def counted(*arguments: Any) -> Any:
        looks.append(1)
        return view(*arguments)

    monkeypatch.setattr(pages, "view", counted)
    wires = [opened(web) for _ in range(5)]
    looks.clear()
    web.machine.upload(b"x", "a.ps")
    web.machine.advance(EVERY)
    assert len(looks) == 1
    assert all(wire.take() for wire in wires)


def test_notReading() -> None:
    """Who does not read is told nothing, then all at once; who does not for long is cut off."""
    web = WebGateway()
    slow, fast = opened(web, "jobs"), opened(web, "jobs")
    slow.take()
    slow.producer.pauseProducing()
    for number in range(5):
        web.machine.upload(b"x", f"{number}.ps")
        web.machine.advance(EVERY)
    assert slow.heard == b"" and len(fast.take()) > 3
    slow.producer.resumeProducing()
    web.machine.advance(2)
    [told] = slow.take()
    assert set(told["rows"]) >= {f"job-{n}" for n in range(1, 6)}
    slow.producer.pauseProducing()
    web.machine.advance(PATIENCE - 2)
    assert slow.cuts == fast.cuts
    web.machine.advance(5)
    assert [slow.cuts, fast.cuts] == [1, 0]
    assert web.side._streams.count == 1


def test_ping() -> None:
    """A quiet one is not taken for a dead one by a proxy between."""
    web = WebGateway()
    wire = opened(web)
    wire.take()
    web.machine.advance(PING + 2)
    assert wire.heard == b":ping\n\n"


def test_bound() -> None:
    """So many, and no more."""
    web = WebGateway()
    wires = [opened(web) for _ in range(STREAMS)]
    one = Wire()
    assert not web.side._streams.add(one, one.cut, [""], {}, GUEST, "localhost")
    wires[0].lose()
    opened(web)
    assert web.side._streams.count == STREAMS


def test_nobodyLooks() -> None:
    """When the last page is closed nothing is watched, and nothing wakes up."""
    web = WebGateway()
    watchers = web.machine.server._watchers
    before = len(watchers._watchers)
    wire = opened(web)
    assert len(watchers._watchers) == before + 1
    wire.lose()
    web.machine.advance(2)
    assert len(watchers._watchers) == before
    assert web.side._streams._timer is None


def test_stop() -> None:
    """The gateway stops: so do they."""
    web = WebGateway()
    wires = [opened(web), opened(web, "jobs")]
    web.side.stop()
    assert all(wire.finished for wire in wires)


def test_wrongPage() -> None:
    """A page that is gone is told as one that says so."""
    web = WebGateway()
    wire = opened(web, "ports/ward9")
    assert wire.take()[0]["title"].startswith("No printing port is called ward9")


def test_hostile() -> None:
    """A name cannot begin an event of its own."""
    web = WebGateway()
    web.machine.printer.silent = True
    wire = opened(web, "jobs")
    web.machine.upload(b"x", "a data: {} <script>.ps")
    web.machine.advance(2)
    for line in wire.heard.decode().split("\n"):
        assert line == "" or line.startswith(("data: {", "retry: ", ":ping"))
    assert "<script>" not in wire.heard.decode()


def test_interfaces() -> None:
    """What is said to be provided is."""
    web = WebGateway()
    wire = opened(web)
    assert verifyObject(IPushProducer, wire.producer)
    assert verifyObject(IWatcher, web.side._streams)
