"""
Connections that we make, by address.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from jetdirect.net.dial import addressEndpoint, hostEndpoint
from jetdirect.net.dialing import AddressEndpoint
from jetdirect.net.stream import Stream
from tests.support.line import HOST, descriptors, reactor, until


class Caller(Protocol):
    """Knows when it is over."""

    def __init__(self) -> None:
        self.lost: Deferred[None] = Deferred()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)


class Callers(ClientFactory):
    """Writes down what becomes of it."""

    noisy = False

    def __init__(self, protocol: Any = Caller) -> None:
        self.events: list[str] = []
        self.made: list[Any] = []
        self.why: list[Failure] = []
        self._make = protocol

    def doStart(self) -> None:
        self.events.append("start")

    def doStop(self) -> None:
        self.events.append("stop")

    def startedConnecting(self, connector: Any) -> None:
        self.events.append("connecting")

    def buildProtocol(self, addr: Any) -> Any:
        self.events.append("made")
        self.made.append(self._make())
        return self.made[-1]

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        self.events.append("lost")
        self.why.append(reason)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.events.append("failed")
        self.why.append(reason)


@contextmanager
def listening(host: str = HOST) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as made:
        yield made


@contextmanager
def deaf() -> Iterator[tuple[str, int]]:
    """A place where nobody answers: the room for those who wait is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind((HOST, 0))
        listener.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield listener.getsockname()


async def end(*callers: Any) -> None:
    for each in callers:
        each.transport.abortConnection()
        await each.lost


@pytest.mark.parametrize("host", [HOST, "::1"])
@pytest_twisted.ensureDeferred
async def test_atOnce(host: str) -> None:
    """One on this host is there before the call returns, over a stream, and unwrapped."""
    with listening(host) as listener:
        number = listener.getsockname()[1]
        endpoint = hostEndpoint(reactor, host, number)
        connected = endpoint.connect(Factory.forProtocol(Caller))
        assert connected.called
        caller: Any = await connected
        assert isinstance(caller.transport, Stream)
        assert caller.transport.protocol is caller
        assert caller.transport.getTcpNoDelay()
        there = caller.transport.getPeer()
        assert (there.host, there.port) == (host, number)
        await end(caller)


@pytest_twisted.ensureDeferred
async def test_byName() -> None:
    """A name leads to a stream as well, and so does an endpoint of Twisted's."""
    with listening() as listener:
        number = listener.getsockname()[1]
        for endpoint in (
            HostnameEndpoint(reactor, "localhost", number),
            TCP4ClientEndpoint(reactor, HOST, number),
        ):
            caller: Any = await endpoint.connect(Factory.forProtocol(Caller))
            assert isinstance(caller.transport, Stream)
            await end(caller)


@pytest_twisted.ensureDeferred
async def test_refused() -> None:
    """Nobody listens there."""
    with listening() as listener:
        number = listener.getsockname()[1]
    before = descriptors()
    with pytest.raises(error.ConnectionRefusedError):
        await addressEndpoint(reactor, HOST, number).connect(Factory.forProtocol(Caller))
    assert descriptors() == before


@pytest_twisted.ensureDeferred
async def test_givenUp() -> None:
    """Who gives up leaves no descriptor, at once."""
    with deaf() as (host, number):
        before = descriptors()
        connecting = addressEndpoint(reactor, host, number).connect(Factory.forProtocol(Caller))
        assert not connecting.called
        connecting.cancel()
        assert descriptors() == before
        with pytest.raises(CancelledError):
            await connecting


@pytest_twisted.ensureDeferred
async def test_noAnswer() -> None:
    """Nobody answers in time."""
    with deaf() as (host, number):
        factory = Callers()
        reactor.connectTCP(host, number, factory, timeout=0.05)
        await until(lambda: factory.why)
    assert factory.why[0].type is error.TimeoutError
    assert factory.events == ["start", "connecting", "failed", "stop"]


@pytest_twisted.ensureDeferred
async def test_laterIsGoodEnough(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not on this host is waited for."""
    calls = []

    class Later(socket.SocketType):
        def connect_ex(self, place: Any) -> int:
            calls.append(place)
            return errno.EINPROGRESS if len(calls) < 3 else super().connect_ex(place)

    monkeypatch.setattr("jetdirect.net.tuning.SocketType", Later)
    with listening() as listener:
        number = listener.getsockname()[1]
        connecting = addressEndpoint(reactor, HOST, number).connect(Factory.forProtocol(Caller))
        assert not connecting.called
        caller: Any = await connecting
        assert len(calls) >= 3
        await end(caller)


@pytest_twisted.ensureDeferred
async def test_sourcePort() -> None:
    """Two may come from one port, to different places, if both say so."""
    with listening() as one, listening() as other, socket.socket() as free:
        free.bind((HOST, 0))
        source = free.getsockname()
        free.close()
        callers = []
        for there in (one, other):
            endpoint = addressEndpoint(reactor, HOST, there.getsockname()[1], source, shared=True)
            callers.append(await endpoint.connect(Factory.forProtocol(Caller)))
            assert there.accept()[1] == source
        endpoint = addressEndpoint(reactor, HOST, one.getsockname()[1], source)
        with pytest.raises(error.ConnectBindError) as refused:
            await endpoint.connect(Factory.forProtocol(Caller))
        assert refused.value.osError == errno.EADDRINUSE
        await end(*callers)


@pytest_twisted.ensureDeferred
async def test_nobodyWantsIt() -> None:
    """A factory that makes no protocol gets no connection."""
    with listening() as listener:
        number = listener.getsockname()[1]
        before = descriptors()
        with pytest.raises(error.NoProtocol):
            await addressEndpoint(reactor, HOST, number).connect(Callers(lambda: None))
        reactor.connectTCP(HOST, number, Callers(lambda: None))
        assert descriptors() == before


@pytest_twisted.ensureDeferred
async def test_connector() -> None:
    """L{IConnector}: it can be stopped while it connects, and ends the connection later."""
    with listening() as listener:
        number = listener.getsockname()[1]
        factory = Callers()
        connector = reactor.connectTCP(HOST, number, factory)
        assert factory.events == ["start", "connecting", "made"]
        assert connector.getDestination().port == number
        with pytest.raises(error.NotConnectingError):
            connector.stopConnecting()
        connector.disconnect()
        await factory.made[0].lost
        await until(lambda: factory.why)
        assert factory.why[0].check(error.ConnectionDone)
        assert factory.events[3:] == ["lost", "stop"]
    with deaf() as (host, number):
        factory = Callers()
        connector = reactor.connectTCP(host, number, factory)
        connector.disconnect()
        assert factory.why[0].type is error.UserError


@pytest_twisted.ensureDeferred
async def test_again() -> None:
    """A factory that is told of the end may connect again."""

    class Stubborn(Callers):
        def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
            super().clientConnectionLost(connector, reason)
            if len(self.made) < 2:
                connector.connect()

    with listening() as listener:
        factory = Stubborn()
        reactor.connectTCP(HOST, listener.getsockname()[1], factory)
        factory.made[0].transport.loseConnection()
        await until(lambda: len(factory.made) == 2)
        await end(factory.made[1])
    await until(lambda: factory.events.count("stop") == 2)
    assert factory.events.count("start") == 2


@pytest_twisted.ensureDeferred
async def test_notWithItself() -> None:
    """
    A port that nobody listens at, and that our own end happens to have, is none to print at: the
    kernel would make a connection of one end.
    """
    with socket.socket() as free:
        free.bind((HOST, 0))
        place: tuple[str, int] = free.getsockname()
    with socket.socket() as alone:
        alone.bind(place)
        assert alone.connect_ex(place) == 0  # so it is
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    endpoint = addressEndpoint(reactor, HOST, place[1], place)
    with pytest.raises(error.ConnectionRefusedError):
        await endpoint.connect(Factory.forProtocol(Caller))


@pytest_twisted.ensureDeferred
async def test_nothingCanBeWaitedFor(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory for it: there is no connection, no descriptor is left, and there is a reason."""

    def refuse(descriptor: int, one: object, events: int) -> None:
        if events:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")

    with deaf() as (host, number):
        before = descriptors()
        monkeypatch.setattr(reactor._events, "want", refuse)
        connecting = addressEndpoint(reactor, host, number).connect(Factory.forProtocol(Caller))
        monkeypatch.undo()
        with pytest.raises(error.ConnectBindError) as refused:
            await connecting
        assert refused.value.osError == errno.ENOMEM
        assert descriptors() == before


@pytest_twisted.ensureDeferred
async def test_reactorStops() -> None:
    """A connection that is being made fails."""
    with deaf() as (host, number):
        factory = Callers()
        reactor.connectTCP(host, number, factory)
        for each in list(reactor._events._all.values()):
            each.lost(Failure(error.ConnectionLost()))
    assert factory.why[0].check(error.ConnectError)


@pytest_twisted.ensureDeferred
async def test_noDescriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a descriptor there is no connection, and a reason."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    endpoint = addressEndpoint(reactor, HOST, 9100)
    assert isinstance(endpoint, AddressEndpoint)
    monkeypatch.setattr("jetdirect.net.tuning.SocketType", refuse)
    connecting = endpoint.connect(Factory.forProtocol(Caller))
    monkeypatch.undo()
    with pytest.raises(error.ConnectBindError) as refused:
        await connecting
    assert refused.value.osError == errno.EMFILE
