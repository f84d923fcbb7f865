"""
Which reactors get transports of our own, and what else of them is their own still.
"""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, ServerFactory, connectionDone
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import deferLater
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from jetdirect.configuration import Configuration
from jetdirect.gateway import Gateway
from jetdirect.net.dial import addressEndpoint
from jetdirect.net.gaps import tellTimeSteadily
from jetdirect.net.listener import Listener
from jetdirect.net.network import Network, listen, networkOf
from jetdirect.testing import FakePrinter
from tests.support.line import HOST

reactor: Any = theReactor


class Quiet(ServerFactory):
    """Says nothing itself."""

    noisy = False
    protocol = Protocol


def test_oneForEach() -> None:
    """A reactor has one network, and a network is its own."""
    network = networkOf(reactor)
    assert isinstance(network, Network)
    assert networkOf(reactor) is network
    assert networkOf(network) is network


def test_inMemory() -> None:
    """A reactor in memory stays as it is, and so do its transports."""
    memory: Any = MemoryReactorClock()
    listen(memory, 2121, Quiet(), HOST)
    [(number, _, _, where)] = memory.tcpServers
    assert (number, where) == (2121, HOST)
    addressEndpoint(memory, "192.0.2.1", 9100).connect(Factory.forProtocol(Protocol))
    assert memory.tcpClients[0][:2] == ("192.0.2.1", 9100)
    assert networkOf(memory) is memory


@pytest_twisted.ensureDeferred
async def test_theRestIsTheReactors() -> None:
    """Time, names and threads are the reactor's."""
    network = networkOf(reactor)
    for interface in (IReactorTCP, IReactorTime, IReactorPluggableNameResolver, IReactorThreads):
        assert interface.providedBy(network)
    assert network.nameResolver is reactor.nameResolver
    before = len(reactor.getDelayedCalls())
    calls = [network.callLater(60 + n, lambda: None) for n in range(3)]
    assert len(reactor.getDelayedCalls()) == before + 1
    for each in calls:
        each.cancel()
    await deferLater(network, 0)


class _Heard(Protocol):
    """What came, and then the end."""

    def __init__(self) -> None:
        self.came = b""
        self.over: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.came += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.over.callback(self.came)


@pytest_twisted.ensureDeferred
async def test_adopt() -> None:
    """One end of a pair of sockets is a connection; its end is closed."""
    ours, theirs = socket.socketpair()
    heard, network = _Heard(), networkOf(theReactor)
    assert isinstance(network, Network)
    network.adopt(ours, heard)
    with theirs:
        assert heard.transport is not None
        heard.transport.write(b"a question")
        assert theirs.recv(100) == b"a question"
        theirs.sendall(b"an answer")
    assert await heard.over == b"an answer"
    assert ours.fileno() == -1


def test_clockThatIsSetLater() -> None:
    """The command sets the reactor's clock, and that of a network which it has already."""
    new = SelectReactor()
    network = networkOf(new)
    tellTimeSteadily(new)
    for each in new.removeAll():
        each.connectionLost(Failure(ConnectionDone()))
    assert network.seconds is new.seconds is time.monotonic


def test_words() -> None:
    """The log says of a lasting port when it begins and ends."""
    with capturedLogs() as logged:
        port: Any = networkOf(reactor).listenTCP(0, Quiet(), interface=HOST)
        number = port.getHost().port
        port.stopListening()
    said = [each["log_format"].format(**each) for each in logged]
    assert said == [f"Quiet starting on {number}", f"(TCP Port {number} Closed)"]


def test_gatewayAsks() -> None:
    """A gateway that is given a real reactor listens on a port of ours."""
    gateway = Gateway(Configuration([FakePrinter()], [f"tcp:0:interface={HOST}"]), reactor)
    gateway.privilegedStartService()
    network: Any = networkOf(reactor)
    listening = [
        each
        for each in network._events._all.values()
        if isinstance(each, Listener) and each.factory is gateway.factory
    ]
    assert len(listening) == 1
    gateway.startService()
    return gateway.stopService()  # type: ignore[return-value]
