"""
What Twisted lacks still: each test that fails names what can go from L{jetdirect.net}.
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import Factory, Protocol, ServerFactory, connectionDone
from twisted.internet.tcp import Client, Connection, Connector
from twisted.internet.testing import StringTransport
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.support.line import HOST, descriptors, reactor, until

PATIENCE = 5000
"""Milliseconds for what takes a moment."""


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


class Pair:
    """Twisted's transport and its protocol, and a plain socket at the other end."""

    def __init__(self) -> None:
        with socket.create_server((HOST, 0)) as listener:
            self.peer = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        ours.setblocking(False)
        self.protocol = Witness()
        self.transport: Any = Connection(ours, self.protocol, reactor)
        self.transport.connected = 1
        self.protocol.makeConnection(self.transport)

    def reset(self) -> None:
        """The peer resets, and our kernel knows."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()
        assert waits(self.transport, select.POLLIN)

    def close(self) -> None:
        self.peer.close()
        if self.transport.connected:
            self.transport.connectionLost(Failure(error.ConnectionDone()))


def waits(what: Any, events: int, patience: int = PATIENCE) -> bool:
    """Has something happened there?"""
    poll = select.poll()
    poll.register(what, events)
    return bool(poll.poll(patience))


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


def test_writesInTheNextTurn(pair: Pair) -> None:
    """L{sendNow<jetdirect.net.gaps.sendNow>}: a write waits for the reactor."""
    pair.transport.write(b"226")
    assert not waits(pair.peer, select.POLLIN, 0)


def test_endsInTheNextTurn(pair: Pair) -> None:
    """L{halfClose<jetdirect.net.gaps.halfClose>}: so does our FIN, and nobody is asked before."""
    pair.transport.loseWriteConnection()
    assert not waits(pair.peer, select.POLLIN, 0)
    assert pair.transport.doWrite() is None
    assert waits(pair.peer, select.POLLIN)
    assert pair.protocol.told == ["our FIN"]


def test_answerBeforeAReset(pair: Pair) -> None:
    """L{readBeforeLoss<jetdirect.net.gaps.readBeforeLoss>}: what was said before is not read."""
    pair.peer.sendall(b"no paper")
    pair.reset()
    assert isinstance(pair.transport.writeSomeData(b"more"), Exception)
    assert pair.protocol.told == []


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="it is the epoll reactor that does so")
def test_resetThatLooksLikeAFIN(pair: Pair) -> None:
    """L{jetdirect.net.orderly}: a hang-up with nothing to read is taken for a FIN."""
    pair.reset()
    pair.transport.startReading()
    reactor._doReadOrWrite(pair.transport, pair.transport.fileno(), select.EPOLLHUP)
    assert pair.protocol.told == ["FIN"]


@pytest.mark.parametrize(
    ("theirs", "known"),
    [
        (
            Connection,
            "abortConnection bufferSize connected connectionLost dataBuffer disconnected"
            " disconnecting doRead doWrite failIfNotConnected fileno getHandle getTcpKeepAlive"
            " getHost getPeer getTcpNoDelay logPrefix logstr loseConnection loseWriteConnection"
            " offset pauseProducing"
            " producer producerPaused readConnectionLost registerProducer resumeProducing"
            " SEND_LIMIT setTcpKeepAlive setTcpNoDelay startReading startTLS startWriting"
            " stopConsuming stopProducing stopReading stopWriting streamingProducer TLS"
            " unregisterProducer write writeConnectionLost writeSequence writeSomeData",
        ),
        (
            TLSMemoryBIOProtocol,
            "abortConnection connected connectionLost connectionMade dataReceived disconnecting"
            " factory failVerification getHandle getPeerCertificate logPrefix loseConnection"
            " makeConnection negotiatedProtocol registerProducer stopConsuming stopProducing"
            " transport unregisterProducer wrappedProtocol write writeSequence getHost getPeer",
        ),
    ],
)
def test_noNewHooks(theirs: type, known: str) -> None:
    """
    Nothing new can be asked of Twisted's transports.

    If there is something, see whether it serves L{readInKernel<jetdirect.net.gaps.readInKernel>},
    L{beneathTLS<jetdirect.net.gaps.beneathTLS>} or L{beforeClose<jetdirect.net.gaps.beforeClose>}.
    """
    public = {name for name in dir(theirs) if not name.startswith("_")}
    assert public - set(known.split()) == set()


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
    """L{passOn<jetdirect.net.gaps.passOn>}: of several interfaces endpoints pass on the last."""
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


def test_cancelClosesAtOnce() -> None:
    """L{cancelLater<jetdirect.net.dial.cancelLater>}: Twisted does not wait (its issue 4759)."""
    with socket.create_server((HOST, 0)) as listener:
        before = descriptors()
        endpoint = TCP4ClientEndpoint(reactor, HOST, listener.getsockname()[1])
        connecting = endpoint.connect(Factory.forProtocol(Protocol))
        connecting.addErrback(lambda _: None)
        assert descriptors() != before
        connecting.cancel()
        assert descriptors() == before


def test_portThatIsInUse(monkeypatch: pytest.MonkeyPatch) -> None:
    """L{jetdirect.net.sourceport}: Twisted does not let two connections come from one port."""
    made: list[socket.socket] = []
    create: Callable[..., socket.socket] = Client.createInternetSocket

    def remember(self: Client) -> socket.socket:
        made.append(create(self))
        return made[-1]

    monkeypatch.setattr(Client, "createInternetSocket", remember)
    factory: Any = Witnesses()
    connector = Connector(HOST, 9, factory, 30, (HOST, 0), reactor)
    connector.connect()
    reuse = made[0].getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    connector.stopConnecting()
    assert not reuse


class Witnesses(Factory):
    """Of a connection that is not made."""

    noisy = False

    def startedConnecting(self, connector: object) -> None:
        """It is being made."""

    def clientConnectionFailed(self, connector: object, reason: Failure) -> None:
        """It is not made."""
