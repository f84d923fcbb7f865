"""
A port that listens no more is closed at once, and the log says nothing of it.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from zope.interface import implementer

from jetdirect.net.listener import IRefusals, Listener
from jetdirect.net.network import listen, networkOf
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
        # The port, the epoll that it is in, the one that is kept for those to be refused, and
        # the list of them.
        assert len(os.listdir("/proc/self/fd")) <= before + 4
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


def test_look() -> None:
    """Who waits is let in when it is asked for, before the reactor tells; else nothing happens."""
    factory = Once()
    factory.port = listen(reactor, 0, factory, HOST)
    factory.port.look()
    assert not factory.came
    with socket.create_connection((HOST, factory.port.getHost().port)):
        factory.port.look()
        assert len(factory.came) == 1
        factory.port.look()
        close(factory.came[0].transport)


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
    assert isinstance(port, Listener) and port._socket is not None
    info = port._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    (room,) = struct.unpack_from("I", info, 28)  # of one that listens: linux/tcp.h, tcpi_sacked
    somaxconn = int(Path("/proc/sys/net/core/somaxconn").read_text())
    assert (BACKLOG, room) == (511, min(511, somaxconn))
    port.stopListening()


# When there is no room.


@contextmanager
def noDescriptorLeft() -> Iterator[None]:
    """As many files are open as may be."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    filling = []
    most = max(map(int, os.listdir("/proc/self/fd"))) + 8
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        while True:
            try:
                filling.append(os.dup(0))
            except OSError:
                break
        yield
    finally:
        for each in filling:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


class Everybody(Quiet):
    """Takes whoever comes."""

    def __init__(self) -> None:
        self.came: list[Protocol] = []

    def buildProtocol(self, addr: object) -> Protocol:
        self.came.append(Protocol())
        return self.came[-1]


class Mistaken(Protocol):
    """Fails when it is connected."""

    def connectionMade(self) -> None:
        raise ZeroDivisionError


class Careless(Everybody):
    """Makes mistakes."""

    def __init__(self, early: bool) -> None:
        super().__init__()
        self._early = early

    def buildProtocol(self, addr: object) -> Protocol:
        self.came.append(Mistaken())
        if self._early:
            raise ZeroDivisionError
        return self.came[-1]


@pytest.mark.parametrize("early", [True, False])
@pytest_twisted.ensureDeferred
async def test_mistake(early: bool, flushErrors: Callable[..., Any]) -> None:
    """Whoever is met by one is closed, and others are taken still."""
    factory = Careless(early)
    port: Any = listen(reactor, 0, factory, HOST)
    for number in (1, 2):
        with socket.create_connection((HOST, port.getHost().port)) as caller:
            caller.setblocking(False)
            await until(lambda: len(factory.came) == number)  # noqa: B023
            await until(lambda: select.select([caller], [], [], 0)[0])
            assert caller.recv(1) == b""
    assert len(flushErrors(ZeroDivisionError)) == 2
    port.stopListening()


@pytest_twisted.ensureDeferred
async def test_notNow() -> None:
    """A port that is not read lets those wait who come, also after it had to rest."""
    factory = Everybody()
    port: Any = listen(reactor, 0, factory, HOST)
    port._restAWhile(port._socket)
    port.stopReading()
    with socket.create_connection((HOST, port.getHost().port)):
        for _ in range(20):
            await deferLater(reactor, 0)
        assert factory.came == []
        port.startReading()
        await until(lambda: factory.came)
    close(factory.came[0].transport)
    port.stopListening()
    port.stopReading()
    port.startReading()


@pytest_twisted.ensureDeferred
async def test_noMemory(monkeypatch: pytest.MonkeyPatch, flushErrors: Callable[..., Any]) -> None:
    """Nothing can be waited for: a listener begins not at all, rests, or refuses; it goes on."""
    monkeypatch.setattr("jetdirect.net.listener.REST", 0.01)
    loop, asked = reactor._events, 0
    want, before = loop.want, descriptors()

    def refuse(descriptor: int, one: object, events: int) -> None:
        nonlocal asked
        asked += 1
        if asked in failing:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        want(descriptor, one, events)

    monkeypatch.setattr(loop, "want", refuse)
    failing = {1}
    with pytest.raises(error.CannotListenError):
        listen(reactor, 0, Everybody(), HOST)
    assert descriptors() == before
    factory = Everybody()
    port: Any = listen(reactor, 0, factory, HOST)
    failing.add(asked + 1)
    port._listenOn(port._socket)
    rests = asked
    await until(lambda: asked > rests)
    failing.add(asked + 1)
    with socket.create_connection((HOST, port.getHost().port)) as refused:
        await until(lambda: factory.came)
        refused.setblocking(False)
        await until(lambda: select.select([refused], [], [], 0)[0])
        assert refused.recv(1) == b""
    with socket.create_connection((HOST, port.getHost().port)):
        await until(lambda: len(factory.came) > 1)
    close(factory.came[1].transport)
    port.stopListening()
    assert len(flushErrors(OSError)) == 1


@pytest_twisted.ensureDeferred
async def test_noDescriptor() -> None:
    """Who comes is refused at once, and the log says so once; then all is as before."""
    network: Any = networkOf(reactor)
    network._reserve._silentUntil = 0.0
    factory = Everybody()
    port: Any = listen(reactor, 0, factory, HOST)
    callers = [socket.socket() for _ in range(4)]
    place = (HOST, port.getHost().port)
    with capturedLogs() as logged, noDescriptorLeft():
        for each in callers[:3]:
            each.connect(place)
        await until(lambda: all(select.select([each], [], [], 0)[0] for each in callers[:3]))
        for each in callers[:3]:
            with suppress(ConnectionResetError):
                assert each.recv(1) == b""
    assert factory.came == []
    assert len(logged) == 1
    assert "no file descriptor is left: a connection was refused" in logged[0]["log_format"]
    callers[3].connect(place)
    await until(lambda: factory.came)
    close(factory.came[0].transport)
    port.stopListening()
    for each in callers:
        each.close()


@implementer(IRefusals)
class Told(Everybody):
    """Hears who had no room."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[object] = []

    def connectionRefused(self, peer: object) -> None:
        self.refused.append(peer)


@pytest_twisted.ensureDeferred
async def test_refusalsAreTold() -> None:
    """A factory that wants to hears of each connection that had no room."""
    factory = Told()
    port: Any = listen(reactor, 0, factory, HOST)
    with socket.socket() as caller, noDescriptorLeft():
        caller.connect((HOST, port.getHost().port))
        await until(lambda: factory.refused)
        assert factory.refused == [IPv4Address("TCP", *caller.getsockname())]
    port.stopListening()


@pytest_twisted.ensureDeferred
async def test_notEvenAReserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one the listener rests, instead of being looked at without an end."""
    monkeypatch.setattr("jetdirect.net.listener.REST", 0.2)
    factory = Everybody()
    port: Any = listen(reactor, 0, factory, HOST)
    looks: list[int] = []
    happened = Listener.happened

    def look(self: Listener, events: int) -> None:
        looks.append(events)
        happened(self, events)

    monkeypatch.setattr(Listener, "happened", look)
    caller, other = socket.socket(), socket.socket()
    with noDescriptorLeft():
        port._reserve._free()
        filled = os.dup(0)
        caller.connect((HOST, port.getHost().port))
        await until(lambda: looks)
        for _ in range(50):
            await deferLater(reactor, 0)
        assert len(looks) == 1
        os.close(filled)
    await until(lambda: factory.came)
    assert port._reserve._descriptor >= 0  # for the next time
    close(factory.came[0].transport)
    monkeypatch.setattr("jetdirect.net.listener.Reserve.refuse", lambda self, listener: None)
    with noDescriptorLeft():
        other.connect((HOST, port.getHost().port))
        await until(lambda: port._rest)
    port.stopListening()
    assert port._rest is None
    for each in (caller, other):
        each.close()


@pytest_twisted.ensureDeferred
async def test_goneBeforeItWasAccepted() -> None:
    """Nobody there, and no harm."""
    port: Any = listen(reactor, 0, Everybody(), HOST)
    port.happened(select.EPOLLIN)
    port._reserve.refuse(port._socket)
    port.lost(Failure(error.ConnectionLost()))
    assert port.getHost().port == 0  # as it was asked for
