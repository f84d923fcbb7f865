"""
Our own TCP connections: what they do at once, what they wait for, and what they tell.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import LogLevel, capturedLogs
from twisted.python.failure import Failure
from zope.interface import implementer

from jetdirect.net.events import IN, OUT
from jetdirect.net.facts import factsOf
from jetdirect.net.pipe import Pipe
from jetdirect.net.stream import IWitness, Stream, address, isPlain
from tests.support.line import HOST, reactor, until

HANGUP = 0x10
"""EPOLLHUP."""


class Told(Protocol):
    """Writes down what it is told; C{then} may do something about each of it."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.then: Callable[[object], object] = lambda what: None

    def hear(self, what: object) -> None:
        self.told.append(what)
        self.then(what)

    def dataReceived(self, data: bytes) -> None:
        self.hear(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.hear(reason.type)


@implementer(IHalfCloseableProtocol, IWitness)
class TwoWay(Told):
    """One that knows of two directions."""

    def readConnectionLost(self) -> None:
        self.hear("FIN")

    def writeConnectionLost(self) -> None:
        self.hear("our FIN")

    def ending(self) -> None:
        self.hear("ending")

    def finCame(self) -> None:
        self.hear("FIN came")


class Producer:
    """Counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pauseProducing(self) -> None:
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        self.asked.append("resume")

    def stopProducing(self) -> None:
        self.asked.append("stop")


class Pair:
    """A stream with its protocol, and a plain socket at the other end."""

    def __init__(self, protocol: Any = None, host: str = HOST, small: bool = False) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, 0), family=family) as listener:
            if small:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.peer = socket.socket(family)
            if small:
                self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.peer.connect(listener.getsockname())
            ours, where = listener.accept()
        if small:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        ours.setblocking(False)
        self.peer.settimeout(10)
        self.protocol = Told() if protocol is None else protocol
        self.stream = Stream(ours, reactor._events, where)
        self.stream.begin(self.protocol)

    def here(self, events: int = select.POLLIN) -> bool:
        """Has something come here?"""
        poll = select.poll()
        poll.register(self.stream, events)
        return bool(poll.poll(10_000))

    def there(self) -> bool:
        """Has something come to the peer, up to now?"""
        return bool(select.select([self.peer], [], [], 0)[0])

    def reset(self) -> None:
        """The peer resets, and our kernel knows."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()
        assert self.here()

    async def over(self) -> None:
        """Let go of everything."""
        self.peer.close()
        self.stream.abortConnection()
        await until(lambda: any(isinstance(each, type) for each in self.protocol.told))


@pytest.fixture
def pair() -> Iterator[Pair]:
    yield Pair()


# Writing.


@pytest_twisted.ensureDeferred
async def test_writesAtOnce(pair: Pair) -> None:
    """The peer has it before the call returns."""
    pair.stream.write(b"2")
    pair.stream.writeSequence([b"2", b"6"])
    assert pair.there()
    assert pair.peer.recv(10) == b"226"
    await pair.over()


@pytest_twisted.ensureDeferred
async def test_everythingInOrder() -> None:
    """What the kernel does not take waits, and follows in order; then comes the end."""
    pair = Pair(TwoWay(), small=True)
    pair.stream.witness = pair.protocol
    sent = bytes(n % 251 for n in range(500_000))
    pair.stream.write(sent[:400_000])
    pair.stream.write(sent[400_000:])
    assert pair.stream.unwritten
    pair.stream.loseWriteConnection()
    pair.stream.write(b"too late")
    assert pair.protocol.told == []
    got = bytearray()
    pair.peer.setblocking(False)

    def read() -> bool:
        try:
            data = pair.peer.recv(65536)
        except BlockingIOError:
            return False
        got.extend(data)
        return not data

    await until(read)
    assert bytes(got) == sent
    assert pair.protocol.told == ["ending", "our FIN"]
    await pair.over()


@pytest_twisted.ensureDeferred
async def test_closeBehindTheLastByte() -> None:
    """A close waits for what waits."""
    pair = Pair(small=True)
    pair.stream.write(bytes(300_000))
    pair.stream.loseConnection()
    assert pair.stream.connected and pair.stream.disconnecting
    got = 0
    pair.peer.setblocking(False)

    def read() -> bool:
        nonlocal got
        try:
            got += len(pair.peer.recv(65536))
        except BlockingIOError:
            return False
        return got == 300_000

    await until(read)
    await until(lambda: pair.protocol.told)
    assert pair.protocol.told == [error.ConnectionDone]
    pair.peer.close()


@pytest_twisted.ensureDeferred
async def test_answerBeforeAReset(pair: Pair) -> None:
    """What the peer said before its reset is read, though a write hears of the reset first."""
    pair.peer.sendall(b"no paper")
    pair.reset()
    pair.stream.write(b"more")
    assert pair.protocol.told == []
    pair.stream.write(b"and more")
    await until(lambda: len(pair.protocol.told) == 2)
    assert pair.protocol.told == [b"no paper", error.ConnectionLost]


# Ends.


@pytest_twisted.ensureDeferred
async def test_resetIsNoFIN() -> None:
    """However an event looks, a reset is a loss."""
    pair = Pair(TwoWay())
    pair.reset()
    pair.stream.happened(HANGUP)
    await until(lambda: pair.protocol.told)
    assert pair.protocol.told == [error.ConnectionLost]


@pytest_twisted.ensureDeferred
async def test_eventForSomebodyElse(pair: Pair) -> None:
    """An event that was meant for an earlier descriptor of the number does no harm."""
    for events in (IN, OUT, HANGUP, IN | OUT | HANGUP):
        pair.stream.happened(events)
    assert pair.stream.connected
    assert pair.protocol.told == []
    await pair.over()


@pytest_twisted.ensureDeferred
async def test_FINOfADirection() -> None:
    """The peer's FIN is told once, to the witness first; the other direction goes on."""
    pair = Pair(TwoWay())
    pair.stream.witness = pair.protocol
    pair.peer.sendall(b"last")
    pair.peer.shutdown(socket.SHUT_WR)
    await until(lambda: len(pair.protocol.told) == 3)
    pair.stream.resumeProducing()
    pair.stream.write(b"answer")
    assert pair.peer.recv(10) == b"answer"
    assert pair.protocol.told == [b"last", "FIN came", "FIN"]
    pair.stream.loseConnection()
    assert pair.protocol.told[3:] == ["ending"]
    await until(lambda: len(pair.protocol.told) == 5)
    assert pair.protocol.told[4:] == [error.ConnectionDone]
    pair.peer.close()


@pytest_twisted.ensureDeferred
async def test_FINOfAConnection(pair: Pair) -> None:
    """Who does not know of directions is told that the connection is closed."""
    pair.stream.eager = True
    pair.peer.sendall(b"last")
    pair.peer.shutdown(socket.SHUT_WR)
    assert pair.here()
    pair.stream.happened(IN)  # and looks for the end behind it
    assert not pair.stream.connected
    await until(lambda: len(pair.protocol.told) == 2)
    assert pair.protocol.told == [b"last", error.ConnectionDone]
    pair.peer.close()


@pytest.mark.parametrize("close", ["loseConnection", "abortConnection", "stopProducing"])
@pytest_twisted.ensureDeferred
async def test_notToldInTheCall(close: str, pair: Pair) -> None:
    """Who closes, in the middle of what came, hears of it when that is over."""
    inside: list[list[object]] = []

    def then(what: object) -> None:
        if what == b"hello":
            getattr(pair.stream, close)()
            getattr(pair.stream, close)()
            inside.append(list(pair.protocol.told))

    pair.protocol.then = then
    pair.peer.sendall(b"hello")
    await until(lambda: len(pair.protocol.told) == 2)
    assert inside == [[b"hello"]]
    kind = error.ConnectionAborted if close == "abortConnection" else error.ConnectionDone
    assert pair.protocol.told[1:] == [kind]
    if close == "abortConnection":
        with pytest.raises(ConnectionResetError):
            pair.peer.recv(1)
    else:
        assert pair.peer.recv(1) == b""
    pair.peer.close()


@pytest_twisted.ensureDeferred
async def test_closedIsGone(pair: Pair) -> None:
    """A closed stream answers all questions, between its end and the word of it as well."""
    pair.stream.write(b"226")
    pair.stream.abortConnection()
    facts = factsOf(pair.stream)
    assert facts.closedByPeer() and facts.reset()
    assert (facts.unacknowledged(), facts.unread(), facts.silence()) == (0, 0, None)
    assert pair.stream.fileno() == -1
    for harmless in (
        pair.stream.pauseProducing,
        pair.stream.resumeProducing,
        pair.stream.loseWriteConnection,
        pair.stream.forget,
        pair.stream.tune,
    ):
        harmless()
    pair.stream.write(b"too late")
    assert pair.stream.take(0, 100) == 0
    assert pair.protocol.told == []
    await until(lambda: pair.protocol.told)
    pair.peer.close()


@pytest.mark.parametrize("call", ["loseConnection", "loseWriteConnection"])
@pytest_twisted.ensureDeferred
async def test_abortedByTheWitness(call: str) -> None:
    """Who looks in the last moment, and does not like it, gets no FIN out."""
    pair = Pair(TwoWay())
    pair.stream.witness = pair.protocol

    def abort(what: object) -> None:
        if what == "ending":
            pair.stream.abortConnection()

    pair.protocol.then = abort
    getattr(pair.stream, call)()
    with pytest.raises(ConnectionResetError):
        pair.peer.recv(1)
    await until(lambda: len(pair.protocol.told) == 2)
    assert pair.protocol.told == ["ending", error.ConnectionAborted]
    pair.peer.close()


@pytest_twisted.ensureDeferred
async def test_mistakeOfAProtocol(pair: Pair, flushErrors: Callable[..., object]) -> None:
    """A protocol that fails loses its own connection, and the log has it."""
    other = Pair()

    def then(what: object) -> None:
        if what == b"hello":
            raise ZeroDivisionError

    pair.protocol.then = then
    with capturedLogs() as logged:
        pair.peer.sendall(b"hello")
        await until(lambda: len(pair.protocol.told) == 2)
    assert pair.protocol.told == [b"hello", ZeroDivisionError]
    assert [each["log_level"] for each in logged] == [LogLevel.critical]
    flushErrors(ZeroDivisionError)
    other.peer.sendall(b"hello")
    await until(lambda: other.protocol.told)
    await other.over()
    pair.peer.close()


@pytest_twisted.ensureDeferred
async def test_mistakeAtTheEnd(pair: Pair, flushErrors: Callable[..., object]) -> None:
    """The same when it is told of the end: others are told of theirs."""
    other = Pair()

    def then(what: object) -> None:
        raise ZeroDivisionError

    pair.protocol.then = then
    pair.stream.abortConnection()
    other.stream.abortConnection()
    await until(lambda: other.protocol.told)
    assert len(flushErrors(ZeroDivisionError)) == 1  # type: ignore[arg-type]
    pair.peer.close()
    other.peer.close()


# Reading.


@pytest_twisted.ensureDeferred
async def test_pause(pair: Pair) -> None:
    """Nothing is read while there is a pause, not even behind a short piece."""
    pair.stream.eager = True
    pair.stream.bufferSize = 4
    pair.protocol.then = lambda what: pair.stream.pauseProducing()
    pair.peer.sendall(b"%!PS page")
    await until(lambda: pair.protocol.told)
    pair.stream.happened(IN)
    assert pair.protocol.told == [b"%!PS"]
    pair.stream.resumeProducing()
    await until(lambda: len(pair.protocol.told) == 2)
    assert pair.protocol.told == [b"%!PS", b" pag"]
    await pair.over()


@pytest_twisted.ensureDeferred
async def test_taker(pair: Pair) -> None:
    """What is taken is not read; what is not, is; a broken connection is a lost one."""
    taken: list[bytes] = []
    answers: list[Any] = [3, 0, OSError(errno.ECONNRESET, "reset")]

    def take(descriptor: int) -> int:
        assert descriptor == pair.stream.fileno()
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        if answer:
            taken.append(pair.stream.getHandle().recv(answer))
        return int(answer)

    pair.stream.taker = take
    pair.peer.sendall(b"123456")
    await until(lambda: pair.protocol.told)
    assert (taken, pair.protocol.told) == ([b"123"], [b"456"])
    pair.peer.sendall(b"7")
    await until(lambda: len(pair.protocol.told) == 2)
    assert pair.protocol.told[1:] == [error.ConnectionLost]
    pair.peer.close()


# Producers.


@pytest_twisted.ensureDeferred
async def test_backPressure() -> None:
    """A producer is paused when much waits, and resumed when nothing does."""
    pair, producer = Pair(small=True), Producer()
    pair.stream.registerProducer(producer, True)
    with pytest.raises(RuntimeError, match="registered"):
        pair.stream.registerProducer(producer, True)
    pair.stream.write(bytes(pair.stream.bufferSize // 2))
    assert producer.asked == []
    pair.stream.write(bytes(2 * pair.stream.bufferSize))
    assert producer.asked == ["pause"]
    pair.peer.setblocking(False)

    def read() -> bool:
        with suppress(BlockingIOError):
            pair.peer.recv(65536)
        return len(producer.asked) > 1

    await until(read)
    assert producer.asked == ["pause", "resume"]
    assert not pair.stream.unwritten
    pair.stream.abortConnection()
    await until(lambda: pair.protocol.told)
    assert producer.asked == ["pause", "resume", "stop"]
    pair.stream.registerProducer(late := Producer(), True)
    assert late.asked == ["stop"]
    pair.peer.close()


@pytest_twisted.ensureDeferred
async def test_pulled(pair: Pair) -> None:
    """One that is to be asked is asked again when what it wrote is on its way, until it has all."""

    class Pages(Producer):
        left = 3

        def resumeProducing(self) -> None:
            super().resumeProducing()
            pair.stream.write(b"page")
            self.left -= 1
            if not self.left:
                pair.stream.unregisterProducer()
                pair.stream.loseConnection()

    producer = Pages()
    pair.stream.registerProducer(producer, False)
    assert producer.asked == ["resume"]
    await until(lambda: pair.protocol.told)
    assert producer.asked == 3 * ["resume"]
    assert pair.peer.recv(100) == b"pagepagepage"
    pair.peer.close()


@pytest_twisted.ensureDeferred
async def test_pullProducer(pair: Pair) -> None:
    """One that is to be asked is asked, and its end is the end of the connection."""
    producer = Producer()
    pair.stream.registerProducer(producer, False)
    assert producer.asked == ["resume"]
    pair.stream.loseConnection()
    assert pair.stream.connected
    pair.stream.write(b"the rest")
    pair.stream.unregisterProducer()
    assert not pair.stream.connected
    assert pair.peer.recv(100) == b"the rest"
    await until(lambda: pair.protocol.told)
    pair.peer.close()


# What else it is.


@pytest.mark.parametrize("host", [HOST, "::1"])
@pytest_twisted.ensureDeferred
async def test_addresses(host: str) -> None:
    """Both addresses are those of the kernel."""
    pair = Pair(host=host)
    here, there = pair.stream.getHost(), pair.stream.getPeer()
    assert (here.host, here.port) == pair.peer.getpeername()[:2]
    assert (there.host, there.port) == pair.peer.getsockname()[:2]
    assert pair.stream.getPeer() == there
    await pair.over()


def test_addressWithAZone() -> None:
    """A link-local address has its zone."""
    found: Any = address(("fe80::1", 9100, 0, 1))
    assert (found.host, found.port, found.scopeID) == ("fe80::1%lo", 9100, 1)


@pytest_twisted.ensureDeferred
async def test_options(pair: Pair) -> None:
    """Twisted's options can be set and asked; ours are set once."""
    stream = pair.stream
    assert not stream.getTcpNoDelay() and not stream.getTcpKeepAlive()
    stream.tune()
    assert stream.getTcpNoDelay() and stream.getTcpKeepAlive()
    stream.setTcpNoDelay(False)
    stream.setTcpKeepAlive(False)
    stream.tune()
    assert not stream.getTcpNoDelay() and not stream.getTcpKeepAlive()
    assert isPlain(stream)
    await pair.over()


@pytest_twisted.ensureDeferred
async def test_pipeOfNobody() -> None:
    """A pipe that was never laid has nothing to close."""
    pipe = Pipe()
    pipe.close()
    assert pipe.fill(0, 100) == 0
