"""
How many sessions there may be, and what becomes of one too many.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import pytest_twisted
from twisted.cred.portal import Portal
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs

from jetdirect.ftp.control import LINGER
from jetdirect.ftp.factory import MOST_LINGERING, PrintFTPFactory
from jetdirect.ftp.realm import AnyName, PrintRealm
from jetdirect.ftp.settings import SessionSettings
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter, FakeSender, MemoryWire


def factory(reactor: Any, **settings: Any) -> PrintFTPFactory:
    """A gateway's factory with one printer."""
    server = PrintServer([FakePrinter()], reactor)
    return PrintFTPFactory(
        Portal(PrintRealm(server), [AnyName()]), reactor, SessionSettings(**settings)
    )


class Bench:
    """Sessions in memory."""

    senders: ClassVar[list[FakeSender]] = []

    def __init__(self, **settings: Any) -> None:
        self.reactor = MemoryReactorClock()
        self.factory = factory(self.reactor, **settings)

    def sender(self) -> FakeSender:
        """Who just connected."""
        self.senders.append(FakeSender(self.factory))
        return self.senders[-1]


@pytest.fixture(autouse=True)
def goodbye() -> Iterator[None]:
    """No sender stays: what is under way would end, and complain, when the garbage is collected."""
    yield
    while Bench.senders:
        Bench.senders.pop().wire.rst()


def test_limit() -> None:
    """The fourth session is refused with a word, as on the device; the three go on."""
    bench = Bench()
    good = [bench.sender() for _ in range(3)]
    with capturedLogs() as events:
        refused = bench.sender()
    assert refused.greeting.startswith("421 Service not available")
    assert [(event["host"], event["n"]) for event in events] == [("192.0.2.1", 3)]
    assert all(sender.greeting.startswith("220 ") for sender in good)
    assert all(sender.say("NOOP")[:3] == "200" for sender in good)


def test_limitIsASetting() -> None:
    """The limit is the operator's."""
    bench = Bench(maxSessions=1)
    bench.sender()
    assert bench.sender().greeting[:3] == "421"


def test_refusalIsCleanlyClosed() -> None:
    """Who is refused gets a FIN behind the 421, is not listened to, and is gone a moment later."""
    bench = Bench(maxSessions=1)
    bench.sender()
    refused = bench.sender()
    assert refused.wire.halfClosed and refused.wire.connected
    assert refused.say("USER a") == ""
    bench.reactor.advance(LINGER)
    assert not refused.wire.connected


def test_refusedDoNotCount() -> None:
    """Many that are refused take nobody's place."""
    bench = Bench(maxSessions=2)
    first = bench.sender()
    bench.sender()
    for _ in range(100):
        assert bench.sender().greeting[:3] == "421"
    first.wire.fin()
    assert bench.sender().greeting[:3] == "220"
    assert bench.sender().greeting[:3] == "421"


def test_countsFromAccept() -> None:
    """A session counts before it says a word."""
    bench = Bench(maxSessions=1)
    bench.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40001))
    assert bench.sender().greeting[:3] == "421"


@pytest.mark.parametrize(
    "leave",
    [
        lambda sender: sender.wire.fin(),
        lambda sender: sender.wire.rst(),
        lambda sender: sender.say("QUIT"),
        lambda sender: sender.reactor.advance(120),
    ],
    ids=["FIN", "RST", "QUIT", "never logged in"],
)
def test_placeIsFree(leave: Any) -> None:
    """A place is usable as soon as its session has ended, however it did."""
    bench = Bench(maxSessions=1)
    leave(bench.sender())
    assert bench.sender().greeting[:3] == "220"


def test_lingering() -> None:
    """Of connections that are refused and not closed, only so many stay; the oldest goes first."""
    bench = Bench(maxSessions=1)
    first = bench.sender()
    refused = [bench.sender() for _ in range(MOST_LINGERING + 2)]
    assert [each.wire.connected for each in refused] == [False] * 2 + [True] * MOST_LINGERING
    assert first.wire.connected
    refused[5].wire.fin()
    bench.sender()
    assert refused[2].wire.connected
    bench.reactor.advance(LINGER)
    assert not any(each.wire.connected for each in refused)


def test_unknownAddress() -> None:
    """A transport without addresses is refused like others."""
    bench = Bench(maxSessions=0)
    wire = MemoryWire(bench.factory.buildProtocol(None))
    assert wire.said()[:3] == b"421"
    bench.reactor.advance(LINGER)
    assert not wire.connected


def test_stopWithoutSessions() -> None:
    """Without sessions the stop is done at once."""
    assert Bench().factory.stopSessions().called


def test_stop() -> None:
    """Each session hears 421; the stop is done when the last connection is gone."""
    bench = Bench()
    senders = [bench.sender() for _ in range(3)]
    senders[0].login()
    senders[1].say("QUIT")
    stopped = bench.factory.stopSessions()
    assert [sender.hear()[:3] for sender in senders] == ["421", "", "421"]
    for sender in senders:
        assert not stopped.called
        assert sender.wire.halfClosed
        sender.wire.fin()
    assert stopped.called


def test_stopIsBounded() -> None:
    """Who does not close its side is closed upon."""
    bench = Bench()
    bench.sender()
    stopped = bench.factory.stopSessions()
    bench.reactor.advance(LINGER)
    assert stopped.called
    assert not bench.reactor.getDelayedCalls()


def test_nobodyNew() -> None:
    """Who connects while the gateway stops is told why it may not."""
    bench = Bench()
    bench.factory.stopSessions()
    assert "shutting down" in bench.sender().greeting


def test_stopTwice() -> None:
    """Two that wait for the end both hear of it."""
    bench = Bench()
    sender = bench.sender()
    stops = [bench.factory.stopSessions() for _ in range(2)]
    sender.wire.fin()
    assert [stop.called for stop in stops] == [True, True]


def eager(port: int) -> bytes:
    """A client that talks before it listens; what it hears, to a clean end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(b"USER a\r\nPASS b\r\n" + b"NOOP\r\n" * 1000)
        heard = b""
        while more := wire.recv(65536):
            heard += more
        return heard


@pytest_twisted.ensureDeferred
async def test_eagerClientHearsTheRefusal() -> None:
    """On a real socket no reset overtakes the 421, though the client talks all the time."""
    from twisted.internet import reactor

    full = factory(reactor, maxSessions=0)
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    port = await endpoint.listen(full)
    for _ in range(20):
        heard = await deferToThread(eager, port.getHost().port)
        assert heard.startswith(b"421 ") and heard.count(b"\r\n") == 1
    await port.stopListening()
