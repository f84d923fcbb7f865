"""
How many sessions there may be, and what becomes of one too many.
"""

from __future__ import annotations

import socket
from typing import Any

import pytest
import pytest_twisted
from twisted.cred.portal import Portal
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs

from jetdirect.ftp.control import LINGER
from jetdirect.ftp.factory import PrintFTPFactory
from jetdirect.ftp.lingering import MOST_LINGERING
from jetdirect.ftp.realm import AnyName, PrintRealm
from jetdirect.ftp.settings import SessionSettings
from jetdirect.server import PrintServer
from jetdirect.testing import FakePrinter, MemoryWire
from tests.support.memory import MemoryGateway


def factory(reactor: Any, **settings: Any) -> PrintFTPFactory:
    """A gateway's factory with one printer."""
    server = PrintServer([FakePrinter()], reactor)
    return PrintFTPFactory(
        Portal(PrintRealm(server), [AnyName()]), reactor, SessionSettings(**settings)
    )


def test_limit() -> None:
    """The fourth session is refused with a word, as on the device; the three go on."""
    gateway = MemoryGateway()
    good = [gateway.stranger() for _ in range(3)]
    with capturedLogs() as events:
        refused = gateway.stranger()
    assert refused.greeting.startswith("421 Service not available")
    assert [(event["host"], event["n"]) for event in events] == [("192.0.2.1", 3)]
    assert all(sender.greeting.startswith("220 ") for sender in good)
    assert all(sender.say("NOOP")[:3] == "200" for sender in good)


def test_limitIsASetting() -> None:
    """The limit is the operator's."""
    gateway = MemoryGateway(maxSessions=1)
    gateway.stranger()
    assert gateway.stranger().greeting[:3] == "421"


def test_refusalIsCleanlyClosed() -> None:
    """
    A sender that is refused gets a FIN behind the 421, is not listened to, and is gone a moment
    later.
    """
    gateway = MemoryGateway(maxSessions=1)
    gateway.stranger()
    refused = gateway.stranger()
    assert refused.wire.halfClosed and refused.wire.connected
    assert refused.say("USER a") == ""
    gateway.reactor.advance(LINGER)
    assert not refused.wire.connected


def test_refusedDoNotCount() -> None:
    """Many that are refused take nobody's place."""
    gateway = MemoryGateway(maxSessions=2)
    first = gateway.stranger()
    gateway.stranger()
    for _ in range(100):
        assert gateway.stranger().greeting[:3] == "421"
    first.wire.fin()
    assert gateway.stranger().greeting[:3] == "220"
    assert gateway.stranger().greeting[:3] == "421"


def test_countsFromAccept() -> None:
    """A session counts before it says a word."""
    gateway = MemoryGateway(maxSessions=1)
    gateway.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40001))
    assert gateway.stranger().greeting[:3] == "421"


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
    gateway = MemoryGateway(maxSessions=1)
    leave(gateway.stranger())
    assert gateway.stranger().greeting[:3] == "220"


def test_lingering() -> None:
    """Of connections that are refused and not closed, only so many stay; the oldest goes first."""
    gateway = MemoryGateway(maxSessions=1)
    first = gateway.stranger()
    refused = [gateway.stranger() for _ in range(MOST_LINGERING + 2)]
    assert [each.wire.connected for each in refused] == [False] * 2 + [True] * MOST_LINGERING
    assert first.wire.connected
    refused[5].wire.fin()
    gateway.stranger()
    assert refused[2].wire.connected
    gateway.reactor.advance(LINGER)
    assert not any(each.wire.connected for each in refused)


def test_unknownAddress() -> None:
    """A transport without addresses is refused like others."""
    gateway = MemoryGateway(maxSessions=0)
    wire = MemoryWire(gateway.factory.buildProtocol(None))
    assert wire.said()[:3] == b"421"
    gateway.reactor.advance(LINGER)
    assert not wire.connected


def test_stopWithoutSessions() -> None:
    """Without sessions the stop is done at once."""
    assert MemoryGateway().factory.stopSessions().called


def test_stop() -> None:
    """Each session hears 421; the stop is done when the last connection is gone."""
    gateway = MemoryGateway()
    senders = [gateway.stranger() for _ in range(3)]
    senders[0].login()
    senders[1].say("QUIT")
    stopped = gateway.factory.stopSessions()
    assert [sender.hear()[:3] for sender in senders] == ["421", "", "421"]
    for sender in senders:
        assert not stopped.called
        assert sender.wire.halfClosed
        sender.wire.fin()
    assert stopped.called


def test_stopIsBounded() -> None:
    """A sender that does not close its side is closed upon."""
    gateway = MemoryGateway()
    gateway.stranger()
    stopped = gateway.factory.stopSessions()
    gateway.reactor.advance(LINGER)
    assert stopped.called
    assert not gateway.reactor.getDelayedCalls()


def test_nobodyNew() -> None:
    """A sender that connects while the gateway stops is told why it may not."""
    gateway = MemoryGateway()
    gateway.factory.stopSessions()
    assert "shutting down" in gateway.stranger().greeting


def test_stopTwice() -> None:
    """Two that wait for the end both hear of it."""
    gateway = MemoryGateway()
    sender = gateway.stranger()
    stops = [gateway.factory.stopSessions() for _ in range(2)]
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
