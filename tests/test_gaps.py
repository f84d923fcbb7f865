"""
What Twisted lacks still: each test that fails names what can go from L{jetdirect.net}.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.base import ReactorBase
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import Factory, Protocol, ServerFactory, connectionDone
from twisted.internet.testing import StringTransport
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from tests.support.line import HOST, until

reactor: Any = theReactor


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class Witness(Protocol):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def dataReceived(self, data: bytes) -> None:
        self.told.append(data)

    def readConnectionLost(self) -> None:
        self.told.append("FIN")

    def writeConnectionLost(self) -> None:
        self.told.append("our FIN")

    def handshakeCompleted(self) -> None:
        self.told.append("TLS")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.told.append(reason.type)


def test_headerIsNotTold() -> None:
    """L{whenProxied<jetdirect.net.gaps.whenProxied>}: a PROXY header is known to nobody."""
    witness = Witness()
    factory = HAProxyWrappingFactory(Factory.forProtocol(lambda: witness))
    wrapper: Any = factory.buildProtocol(None)
    wrapper.makeConnection(StringTransport())
    wrapper.dataReceived(b"PROXY TCP4 192.0.2.1 192.0.2.2 40001 21\r\n")
    assert wrapper.getPeer().host == "192.0.2.1"
    assert witness.told == []


@pytest_twisted.ensureDeferred
async def test_oneInterfaceOnly() -> None:
    """L{jetdirect.net.dialing.AddressEndpoint}: endpoints pass on one interface only."""
    server = ServerFactory.forProtocol(Protocol)
    server.noisy = False
    port = reactor.listenTCP(0, server, interface=HOST)
    endpoint = TCP4ClientEndpoint(reactor, HOST, port.getHost().port)
    client: Any = await endpoint.connect(Factory.forProtocol(Witness))
    wrapping = client.transport.protocol
    interfaces = (IHalfCloseableProtocol, IHandshakeListener)
    assert sum(each.providedBy(wrapping) for each in interfaces) == 1
    client.transport.abortConnection()
    await until(lambda: client.told)
    await port.stopListening()


class QuietReactor(ReactorBase):
    """One that waits for nothing."""

    def installWaker(self) -> None:
        """Nobody wakes it."""


def test_timeIsSet() -> None:
    """L{tellTimeSteadily<jetdirect.net.gaps.tellTimeSteadily>}: a reactor has the wall clock."""
    assert abs(QuietReactor().seconds() - time.time()) < 60


def test_stopsOnce() -> None:
    """L{stopOnce<jetdirect.net.gaps.stopOnce>}: a second signal in one turn is an error."""
    stopped = QuietReactor()
    stopped._stopped = False  # as when it runs
    stopped.stop()
    with pytest.raises(ReactorNotRunning):
        stopped.stop()


def test_poolIsJoined() -> None:
    """L{endWithoutLookups<jetdirect.net.gaps.endWithoutLookups>}: its threads are plain ones."""
    assert ThreadPool.threadFactory is threading.Thread
