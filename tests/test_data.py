"""
Data connections: one peer, one use, nothing read before it is wanted, and an honest end.
"""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IConsumer, IProducer, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from zope.interface import implementer

from jetdirect.errors import DataConnectionLost, HandshakeInClear, NoDataConnection
from jetdirect.ftp import dataports
from jetdirect.ftp.data import HEARING_TIME, DataPort, DataTerms
from jetdirect.ftp.dataconnection import SecureDataConnection
from jetdirect.ftp.dataports import CONNECT_TIMEOUT, ActivePort, PassivePort
from jetdirect.net.stream import READ_SIZE
from jetdirect.testing import MemoryWire
from tests.conftest import FlushErrors
from tests.support.line import HOST
from tests.support.line import reactor as theReactor
from tests.support.transfers import poured, sent

HERE, PEER, STRANGER = "192.0.2.9", "192.0.2.1", "192.0.2.66"
IDLE = 60.0
GOING_ON = "going on"


@implementer(IConsumer)
class Sink:
    """Takes everything."""

    def __init__(self) -> None:
        self.data = b""
        self.producer: Any = None

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        self.data += data


class BlockedSink(Sink):
    """Takes nothing until it says so."""

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        super().registerProducer(producer, streaming)
        self.producer.pauseProducing()


class Listening(MemoryReactorClock):
    """Remembers which ports do not listen any more."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0

    def listenTCP(self, *args: Any, **kwargs: Any) -> Any:
        port = super().listenTCP(*args, **kwargs)

        def stopListening() -> None:
            self.closed += 1

        port.stopListening = stopListening
        return port


def passive(idle: float = IDLE, **more: Any) -> tuple[Any, PassivePort]:
    """A passive port on a reactor of its own."""
    reactor: Any = Listening()
    return reactor, PassivePort(reactor, DataTerms(idle), HERE, PEER, **more)


def active(idle: float = IDLE, peer: str = PEER) -> tuple[Any, ActivePort]:
    """An active port on a reactor of its own."""
    reactor: Any = Listening()
    return reactor, ActivePort(reactor, DataTerms(idle), HERE, peer, 2121)


def call(port: PassivePort, host: str = PEER) -> MemoryWire | None:
    """Connect from C{host}; L{None} when nobody takes the call."""
    protocol = port.buildProtocol(IPv4Address("TCP", host, 40002))
    return None if protocol is None else MemoryWire(protocol)


def called(port: PassivePort) -> MemoryWire:
    """Connect from the peer."""
    wire = call(port)
    assert wire is not None
    return wire


def answer(reactor: MemoryReactorClock) -> MemoryWire:
    """The peer takes the last call of ours."""
    host, number, factory, *_ = reactor.tcpClients[-1]
    protocol = factory.buildProtocol(IPv4Address("TCP", host, number))
    assert protocol is not None
    return MemoryWire(protocol)


def refuse(reactor: MemoryReactorClock, why: Exception) -> None:
    """The last call of ours fails."""
    factory = reactor.tcpClients[-1][2]
    factory.clientConnectionFailed(reactor.connectors[-1], Failure(why))


class Watched:
    """A transfer, and what became of it."""

    def __init__(self, transfer: Deferred[None]) -> None:
        self.result: Any = GOING_ON
        transfer.addBoth(self._ended)

    def _ended(self, result: Any) -> None:
        self.result = result.value if isinstance(result, Failure) else result

    def failed(self, kind: type[DataConnectionLost]) -> str:
        """Why the transfer failed; it did so with an error of exactly this kind."""
        assert type(self.result) is kind, self.result
        reason: str = self.result.reason
        return reason


def pour(port: DataPort, sink: Sink) -> Watched:
    """Begin the transfer."""
    return Watched(poured(port, sink))


# Passive


def test_listensForThePeerOnly() -> None:
    """A passive port listens on the control connection's own address, at any number."""
    reactor, _ = passive()
    [(number, _factory, _backlog, interface)] = reactor.tcpServers
    assert (number, interface) == (0, HERE)


def test_strangerIsDropped() -> None:
    """Another host is dropped, and the peer still gets through."""
    reactor, port = passive()
    sink = Sink()
    assert call(port, STRANGER) is None
    assert reactor.closed == 0
    wire = called(port)
    transfer = pour(port, sink)
    assert call(port, STRANGER) is None
    wire.receive(b"page")
    wire.fin()
    assert (transfer.result, sink.data) == (None, b"page")


@pytest.mark.parametrize(
    ("size", "first", "then"),
    [(4096, 4096, 4096), (1 << 19, 65536, 1 << 19), (READ_SIZE, 65536, 65536)],
)
def test_pieceSize(size: int, first: int, then: int) -> None:
    """Small pieces are read from the first one on, large ones where many bytes come at a time."""
    _, port = passive()
    port.pieceSize = size
    wire: Any = called(port)
    wire.bufferSize = 65536
    pour(port, Sink())
    wire.receive(b"x" * 100)
    wire.receive(b"x" * 5000)
    assert wire.bufferSize == first
    wire.receive(b"x" * READ_SIZE)
    assert wire.bufferSize == then
    wire.fin()


def test_strangerIsTold() -> None:
    """A listener hears of strangers; a transfer to which nobody else came says from where."""
    heard: list[str] = []
    reactor, port = passive(refused=heard.append)
    transfer = pour(port, Sink())
    call(port, STRANGER)
    call(port, "192.0.2.67")
    reactor.advance(CONNECT_TIMEOUT)
    assert heard == [STRANGER, "192.0.2.67"]
    assert "one from 192.0.2.67 was refused" in transfer.failed(NoDataConnection)


@pytest.mark.parametrize(
    ("host", "taken"),
    [("198.51.100.7", True), ("198.51.101.7", False), (PEER, True), ("2001:db8::1", False)],
)
def test_networks(host: str, taken: bool) -> None:
    """Hosts of the networks that the operator names may come in the peer's place, and no others."""
    _, port = passive(networks=[ip_network("198.51.100.0/24")])
    assert (call(port, host) is not None) is taken
    assert (call(port) is None) is taken
    port.close()


def test_mappedPeer() -> None:
    """A peer that comes by an IPv4-mapped address is the same peer."""
    _, port = passive()
    assert call(port, f"::ffff:{PEER}") is not None


def test_waitsToBeLetIn() -> None:
    """A peer that waits in the kernel when the transfer begins has made its connection."""
    port = PassivePort(theReactor, DataTerms(0), HOST, HOST)
    assert not port.made
    with socket.create_connection((HOST, port.number)):
        assert port.made
    port.close()


@pytest.mark.parametrize("waits", [True, False])
def test_noRoom(waits: bool) -> None:
    """Where its connection had no room, a transfer fails at once, whether it waits or comes."""
    reactor, port = passive()
    transfer = pour(port, Sink()) if waits else None
    port.connectionRefused(IPv4Address("TCP", STRANGER, 4000))
    assert reactor.closed == 0
    port.connectionRefused(IPv4Address("TCP", PEER, 4000))
    assert reactor.closed == 1
    transfer = transfer or pour(port, Sink())
    assert "no file descriptor left" in transfer.failed(NoDataConnection)
    port.connectionRefused(IPv4Address("TCP", PEER, 4001))
    assert not reactor.getDelayedCalls()


def test_noRoomForNobody(flushErrors: FlushErrors) -> None:
    """A port that no transfer has used leaves nothing in the log."""
    _, port = passive()
    port.connectionRefused(IPv4Address("TCP", PEER, 4000))
    port.close()
    del port
    gc.collect()
    assert flushErrors() == []


def test_secondConnection() -> None:
    """A second connection of the peer is dropped, before and during the transfer."""
    _, port = passive()
    called(port)
    assert call(port) is None
    transfer = pour(port, Sink())
    assert call(port) is None
    port.close()
    transfer.failed(DataConnectionLost)


def test_stopsListening() -> None:
    """Once the peer has come nobody listens any more."""
    reactor, port = passive()
    called(port)
    assert reactor.closed == 1
    port.close()
    assert reactor.closed == 1


def test_closedUnused() -> None:
    """A port that is closed before anybody came listens no more and takes no call."""
    reactor, port = passive()
    port.close()
    assert reactor.closed == 1
    assert call(port) is None
    pour(port, Sink()).failed(NoDataConnection)


def test_early() -> None:
    """What the peer sends before the transfer begins waits with the peer, not with us."""
    _, port = passive()
    sink = Sink()
    wire = called(port)
    wire.receive(b"page")
    wire.fin()
    assert wire.producerState == "paused"
    assert sink.data == b""
    transfer = pour(port, sink)
    assert (transfer.result, sink.data) == (None, b"page")


def endOfEarlyReset() -> object:
    """What a transfer over a connection that was reset before it ends with."""
    _, port = passive()
    called(port).rst()
    return type(pour(port, Sink()).result)


def test_earlyAndReset(flushErrors: FlushErrors) -> None:
    """A connection that was reset before the transfer began is no empty file."""
    end = endOfEarlyReset()
    flushErrors()
    assert end is DataConnectionLost


def test_earlyAndClosed() -> None:
    """The connection of a port that is closed is reset."""
    _, port = passive()
    wire = called(port)
    port.close()
    assert not wire.connected


def test_closedWhileItComes() -> None:
    """A connection that comes about when its port is closed already is reset."""
    _, port = passive()
    protocol = port.buildProtocol(IPv4Address("TCP", PEER, 40002))
    assert protocol is not None
    port.close()
    assert not MemoryWire(protocol).connected


def test_late() -> None:
    """The peer may come after the transfer has begun."""
    reactor, port = passive()
    sink = Sink()
    transfer = pour(port, sink)
    reactor.advance(CONNECT_TIMEOUT - 1)
    assert transfer.result == GOING_ON
    wire = called(port)
    reactor.advance(2)
    wire.receive(b"page")
    wire.fin()
    assert (transfer.result, sink.data) == (None, b"page")
    assert not reactor.getDelayedCalls()


def test_never() -> None:
    """If nobody comes the transfer ends, and later comers are dropped."""
    reactor, port = passive()
    transfer = pour(port, Sink())
    reactor.advance(CONNECT_TIMEOUT)
    assert "30 s" in transfer.failed(NoDataConnection)
    port.close()
    assert call(port) is None
    assert not reactor.getDelayedCalls()


@pytest.mark.parametrize("dialled", [False, True], ids=["passive", "active"])
@pytest_twisted.ensureDeferred
async def test_lateReactor(dialled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is made while the reactor stands still is made in time."""
    monkeypatch.setattr(dataports, "CONNECT_TIMEOUT", 0.05)
    sink, passive = Sink(), realPassive()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as caller:
        port = realActive(listener.getsockname()[1]) if dialled else passive
        clients = [caller]

        def work() -> None:
            if dialled:
                clients.append(listener.accept()[0])
            else:
                caller.connect(("127.0.0.1", passive.number))
            clients[-1].sendall(b"page")
            clients[-1].shutdown(socket.SHUT_WR)
            time.sleep(0.1)

        transfer = pour(port, sink)
        if dialled:
            await turn()
        Busy(work)
        while transfer.result == GOING_ON:
            await turn()
        clients[-1].close()
    passive.close()
    assert (transfer.result, sink.data) == (None, b"page")


def test_closedWhileWaiting() -> None:
    """Closing the port ends a transfer that waits for its connection."""
    reactor, port = passive()
    transfer = pour(port, Sink())
    port.close()
    transfer.failed(NoDataConnection)
    assert not reactor.getDelayedCalls()


# Active


def test_dialsWhenTheTransferBegins() -> None:
    """An active port calls nobody before the transfer begins (no port scanner)."""
    reactor, port = active()
    assert not reactor.tcpClients
    transfer = pour(port, Sink())
    [(host, number, _factory, _timeout, bind)] = reactor.tcpClients
    assert (host, number, bind) == (PEER, 2121, (HERE, 0))
    port.close()
    transfer.failed(NoDataConnection)


def test_dialsIPv6() -> None:
    """A peer on IPv6 is called on IPv6."""
    reactor, port = active(peer="2001:db8::1")
    transfer = pour(port, Sink())
    assert reactor.tcpClients[0][0] == "2001:db8::1"
    port.close()
    transfer.failed(NoDataConnection)


def test_activeTransfer() -> None:
    """Over an active connection bytes flow as over a passive one."""
    reactor, port = active()
    sink = Sink()
    transfer = pour(port, sink)
    wire = answer(reactor)
    wire.receive(b"page")
    wire.fin()
    assert (transfer.result, sink.data) == (None, b"page")


@pytest.mark.parametrize(
    "why", [error.ConnectionRefusedError(), error.TCPTimedOutError(), error.NoRouteError()]
)
def test_refused(why: Exception) -> None:
    """A peer that does not take the call made no data connection."""
    reactor, port = active()
    transfer = pour(port, Sink())
    refuse(reactor, why)
    transfer.failed(NoDataConnection)


def test_noAnswer() -> None:
    """A peer that does not answer the call in time made no data connection."""
    reactor, port = active()
    transfer = pour(port, Sink())
    reactor.advance(CONNECT_TIMEOUT)
    transfer.failed(NoDataConnection)
    assert not reactor.getDelayedCalls()


# The end


def test_reset() -> None:
    """A reset is not the end of a file."""
    _, port = passive()
    transfer = pour(port, Sink())
    wire = called(port)
    wire.receive(b"half a page")
    wire.rst()
    assert "reset" in transfer.failed(DataConnectionLost)


def test_closedDuringTheTransfer() -> None:
    """Closing the port resets the connection and ends the transfer with the reason given."""
    reactor, port = passive()
    wire = called(port)
    sink = Sink()
    transfer = pour(port, sink)
    port.close("enough")
    port.close("too late to decide")
    assert not wire.connected
    assert transfer.failed(DataConnectionLost) == "enough"
    assert sink.producer is None
    assert not reactor.getDelayedCalls()


def test_consumerStops() -> None:
    """A consumer that wants no more ends the transfer; the peer is heard out for a moment."""
    reactor, port = passive()
    wire = called(port)
    sink = Sink()
    transfer = pour(port, sink)
    wire.receive(b"page")
    producer = sink.producer
    producer.pauseProducing()
    producer.stopProducing()
    transfer.failed(DataConnectionLost)
    port.release()
    assert wire.connected
    wire.receive(b"more of it")
    assert sink.data == b"page"
    reactor.advance(HEARING_TIME)
    assert not wire.connected
    assert not reactor.getDelayedCalls()


def test_consumerStopsAndThePeerHears() -> None:
    """A peer that has heard why ends the connection itself."""
    reactor, port = passive()
    wire = called(port)
    sink = Sink()
    transfer = pour(port, sink)
    sink.producer.stopProducing()
    transfer.failed(DataConnectionLost)
    wire.fin()
    assert not wire.connected
    assert not reactor.getDelayedCalls()


def test_consumerStopsAndIsClosed() -> None:
    """A close is done at once all the same."""
    reactor, port = passive()
    wire = called(port)
    sink = Sink()
    transfer = pour(port, sink)
    sink.producer.stopProducing()
    port.close()
    transfer.failed(DataConnectionLost)
    assert not wire.connected
    assert not reactor.getDelayedCalls()


def test_afterTheTransfer() -> None:
    """When the transfer is over the consumer is let go and no timer is left."""
    reactor, port = passive()
    sink = Sink()
    wire = called(port)
    transfer = pour(port, sink)
    wire.fin()
    assert transfer.result is None
    assert sink.producer is None
    assert not reactor.getDelayedCalls()


# Handshakes where none belongs

HELLO = b"\x16\x03\x01\x02\x00\x01" + bytes(506)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 512])
def test_handshakeInClear(size: int) -> None:
    """A handshake over a connection in clear is no job: no byte of it is passed on."""
    reactor, port = passive()
    sink = Sink()
    wire = called(port)
    transfer = pour(port, sink)
    for at in range(0, len(HELLO), size):
        wire.receive(HELLO[at : at + size])
    assert "PROT P" in transfer.failed(HandshakeInClear)
    assert (sink.data, sink.producer) == (b"", None)
    port.release()
    reactor.advance(HEARING_TIME)
    assert not wire.connected
    assert not reactor.getDelayedCalls()


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("job", [b"%!PS a page", b"\x16", b"\x16\x03\x01", b"\x80\x01\x01", b""])
def test_jobInClear(job: bytes, size: int) -> None:
    """A job passes, also one that could have become a handshake, and an empty one."""
    _, port = passive()
    sink = Sink()
    wire = called(port)
    transfer = pour(port, sink)
    for at in range(0, len(job), size):
        wire.receive(job[at : at + size])
    wire.fin()
    assert (transfer.result, sink.data) == (None, job)


def test_resetBeforeItWasKnown() -> None:
    """What was held back is no job when the connection is reset."""
    _, port = passive()
    sink = Sink()
    wire = called(port)
    transfer = pour(port, sink)
    wire.receive(HELLO[:3])
    wire.rst()
    transfer.failed(DataConnectionLost)
    assert sink.data == b""


# Back-pressure


def test_backPressure() -> None:
    """A consumer that pauses stops the peer, and what waits comes when it resumes."""
    _, port = passive()
    sink = Sink()
    wire = called(port)
    transfer = pour(port, sink)
    wire.receive(b"one ")
    sink.producer.pauseProducing()
    assert (wire.producerState, port.blocked) == ("paused", True)
    wire.receive(b"two")
    wire.fin()
    assert (sink.data, transfer.result) == (b"one ", GOING_ON)
    sink.producer.resumeProducing()
    assert (sink.data, transfer.result, port.blocked) == (b"one two", None, False)


def test_blockedFromTheStart() -> None:
    """A consumer that is busy when the transfer begins gets nothing before it resumes."""
    _, port = passive()
    sink = BlockedSink()
    wire = called(port)
    wire.receive(b"page")
    transfer = pour(port, sink)
    assert (wire.producerState, sink.data) == ("paused", b"")
    sink.producer.resumeProducing()
    wire.fin()
    assert (sink.data, transfer.result) == (b"page", None)


# Idleness


def test_idle() -> None:
    """A connection on which nothing comes is ended, counted from the last byte."""
    reactor, port = passive()
    wire = called(port)
    transfer = pour(port, Sink())
    reactor.advance(IDLE - 1)
    wire.receive(b"x")
    reactor.advance(IDLE - 1)
    assert transfer.result == GOING_ON
    reactor.advance(1)
    assert "60 s" in transfer.failed(DataConnectionLost)
    assert not wire.connected


def test_slowRecordIsNotIdle() -> None:
    """Under TLS a sender is at work though its record is not whole yet: 16 KiB on a slow line."""
    reactor, port = passive()
    called(port)
    transfer = pour(port, Sink())
    below = SecureDataConnection(port)
    for _ in range(3):
        reactor.pump([1.0] * int(IDLE - 1))
        below.came(b"a part")
    assert transfer.result == GOING_ON
    reactor.pump([1.0] * int(IDLE + 1))
    transfer.failed(DataConnectionLost)


def test_blockedIsNotIdle() -> None:
    """Time in which the consumer blocks does not count; it counts anew when it resumes."""
    reactor, port = passive()
    sink = Sink()
    called(port)
    transfer = pour(port, sink)
    reactor.advance(IDLE - 1)
    sink.producer.pauseProducing()
    for _ in range(10):
        reactor.advance(IDLE)
    sink.producer.resumeProducing()
    reactor.advance(IDLE - 1)
    assert transfer.result == GOING_ON
    reactor.advance(1)
    transfer.failed(DataConnectionLost)


def test_idleCountsFromTheTransfer() -> None:
    """The time from the connection to the transfer is not the peer's silence."""
    reactor, port = passive()
    called(port)
    reactor.advance(10 * IDLE)
    transfer = pour(port, Sink())
    reactor.advance(IDLE - 1)
    assert transfer.result == GOING_ON
    port.close()
    transfer.failed(DataConnectionLost)


def test_neverIdle() -> None:
    """A limit of 0 is none."""
    reactor, port = passive(idle=0)
    called(port)
    transfer = pour(port, Sink())
    assert not reactor.getDelayedCalls()
    port.close()
    transfer.failed(DataConnectionLost)


# The other direction


def test_send() -> None:
    """A listing goes out and the connection is closed after it."""
    _, port = passive()
    wire = called(port)
    transfer = Watched(sent(port, b"PORT1\r\n"))
    assert (transfer.result, wire.said(), wire.connected) == (None, b"PORT1\r\n", False)


def test_sendToNobody() -> None:
    """A listing that nobody fetches ends as an upload does."""
    reactor, port = passive()
    transfer = Watched(sent(port, b"PORT1\r\n"))
    reactor.advance(CONNECT_TIMEOUT)
    transfer.failed(NoDataConnection)


# Over real sockets


class Ended(Protocol):
    """A client connection that tells its end."""

    transport: ITCPTransport

    def __init__(self) -> None:
        self.ended: Deferred[None] = Deferred()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended.callback(None)


async def connect(port: PassivePort, host: str = "127.0.0.1") -> Ended:
    """A real connection from C{host}."""
    from twisted.internet import reactor

    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.number, bindAddress=(host, 0))
    connected = await endpoint.connect(Factory.forProtocol(Ended))
    assert isinstance(connected, Ended)
    return connected


def realPassive() -> PassivePort:
    """A passive port on the loopback interface."""
    from twisted.internet import reactor

    return PassivePort(reactor, DataTerms(IDLE), "127.0.0.1", "127.0.0.1")  # type: ignore[arg-type]


@pytest_twisted.ensureDeferred
async def test_finIsAGoodEnd() -> None:
    """A FIN ends the file, and every byte before it has come."""
    port, sink = realPassive(), Sink()
    client = await connect(port)
    client.transport.write(b"x" * 1_000_000)
    client.transport.loseConnection()
    await poured(port, sink)
    assert sink.data == b"x" * 1_000_000
    await client.ended


@pytest_twisted.ensureDeferred
async def test_rstIsALoss() -> None:
    """A RST is a loss, also when it comes before the transfer begins."""
    port, sink = realPassive(), Sink()
    client = await connect(port)
    client.transport.write(b"half a page")
    client.transport.abortConnection()
    await client.ended
    with pytest.raises(DataConnectionLost):
        await poured(port, sink)


@pytest_twisted.ensureDeferred
async def test_strangerMeetsNobody() -> None:
    """On real sockets too another address of this machine is dropped and the peer gets through."""
    port, sink = realPassive(), Sink()
    stranger = await connect(port, "127.0.0.9")
    await stranger.ended
    client = await connect(port)
    client.transport.write(b"page")
    client.transport.loseConnection()
    await poured(port, sink)
    assert sink.data == b"page"
    await client.ended
    with pytest.raises(error.ConnectionRefusedError):
        await connect(port)


@pytest_twisted.ensureDeferred
async def test_nobodyIsRead() -> None:
    """Before the transfer begins the peer's bytes stay in the kernel, and then the peer stops."""
    port = realPassive()
    with socket.create_connection(("127.0.0.1", port.number)) as client:
        client.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while True:
                sent += client.send(bytes(65536))
                await turn()
        assert sent < 32 * 1024 * 1024
        port.close()


def realActive(number: int) -> ActivePort:
    """An active port on the loopback interface."""
    from twisted.internet import reactor

    return ActivePort(reactor, DataTerms(IDLE), "127.0.0.1", "127.0.0.1", number)  # type: ignore[arg-type]


class Busy(FileDescriptor):
    """Something that is served in the next turn, and takes its time."""

    def __init__(self, work: Callable[[], None]) -> None:
        from twisted.internet import reactor

        super().__init__(reactor)
        self._work = work
        self._pair = socket.socketpair()
        self._pair[0].send(b"x")
        self.startReading()

    def fileno(self) -> int:
        return self._pair[1].fileno()

    def doRead(self) -> None:
        self.stopReading()
        for each in self._pair:
            each.close()
        self._work()


async def turn() -> None:
    """Let the reactor turn once."""
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    await deferLater(reactor, 0)
