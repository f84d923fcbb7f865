"""
A port that listens no more is closed at once, and the log says nothing of it.
"""

from __future__ import annotations

import os
import select
import socket
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.tcp import Port
from twisted.logger import capturedLogs

from jetdirect.net.listener import listen
from jetdirect.net.tuning import BACKLOG
from tests.support.line import HOST, descriptors, reactor, until


class Quiet(ServerFactory):
    """Says nothing itself."""

    noisy = False


class Once(Quiet):
    """Closes its port when the first has come."""

    def __init__(self) -> None:
        self.came: list[Protocol] = []
        self.port: Any = None

    def buildProtocol(self, addr: object) -> Protocol | None:
        if self.came:
            return None
        self.port.stopListening()
        self.came.append(Protocol())
        return self.came[0]


def close(transport: object) -> None:
    """Without waiting for anybody."""
    assert ITCPTransport.providedBy(transport)
    transport.abortConnection()


@pytest.mark.parametrize("host", [HOST, "::1"])
def test_closedAtOnce(host: str) -> None:
    """When it says so nobody can connect any more, and no descriptor is left; no line of log."""
    before = descriptors()
    with capturedLogs() as logged:
        port = listen(reactor, 0, Quiet(), host)
        place = (host, port.getHost().port)  # type: ignore[attr-defined]
        port.stopListening()
        port.stopListening()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place)
    assert descriptors() == before
    assert not logged


def test_manyInOneTurn() -> None:
    """However many follow each other in one turn of the reactor: one descriptor."""
    before = len(descriptors())
    for _ in range(2000):
        port = listen(reactor, 0, Quiet(), HOST)
        assert len(os.listdir("/proc/self/fd")) <= before + 3
        port.stopListening()


@pytest.mark.parametrize("callers", [1, 2, 50])
@pytest_twisted.ensureDeferred
async def test_firstCloses(callers: int) -> None:
    """It can be closed while it takes somebody: the others get a RST, and nothing goes wrong."""
    factory = Once()
    factory.port = listen(reactor, 0, factory, HOST)
    number = factory.port.getHost().port
    wires = [socket.create_connection((HOST, number)) for _ in range(callers)]
    await until(lambda: factory.came)
    poll = select.poll()
    for wire in wires[1:]:
        poll.register(wire, select.POLLIN)
        assert poll.poll(5000)
        with pytest.raises(ConnectionResetError):
            wire.recv(1)
        poll.unregister(wire)
    close(factory.came[0].transport)
    for wire in wires:
        wire.close()


@pytest_twisted.ensureDeferred
async def test_strangersOneByOne() -> None:
    """Those that are refused do not keep others from being taken."""

    class Third(Once):
        met = 0

        def buildProtocol(self, addr: object) -> Protocol | None:
            self.met += 1
            return super().buildProtocol(addr) if self.met > 2 else None

    factory = Third()
    factory.port = listen(reactor, 0, factory, HOST)
    number = factory.port.getHost().port
    wires = [socket.create_connection((HOST, number)) for _ in range(3)]
    await until(lambda: factory.came)
    assert factory.met == 3
    close(factory.came[0].transport)
    for wire in wires:
        wire.close()


def test_taken() -> None:
    """A port that is in use cannot be had; it can when it was closed a moment ago."""
    port = listen(reactor, 0, Quiet(), HOST)
    number = port.getHost().port  # type: ignore[attr-defined]
    before = descriptors()
    with pytest.raises(error.CannotListenError):
        listen(reactor, number, Quiet(), HOST)
    assert descriptors() == before
    port.stopListening()
    listen(reactor, number, Quiet(), HOST).stopListening()


def test_room() -> None:
    """As many may wait to be taken as at the port of the sessions."""
    port = listen(reactor, 0, Quiet(), HOST)
    assert isinstance(port, Port)
    assert port.backlog == BACKLOG == 511
    port.stopListening()


def test_twistedStillWaits() -> None:
    """Twisted's own port is open for another turn; when this fails, QuietPort can go."""
    port = reactor.listenTCP(0, Quiet(), interface=HOST)
    number = port.getHost().port
    port.stopListening()
    socket.create_connection((HOST, number)).close()
