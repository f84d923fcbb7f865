"""
Is the simulated kernel right?  The same calls on a pair of real sockets, and the same answers.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from random import Random

import pytest
from twisted.internet import error
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from jetdirect.net.facts import KernelFacts, unwritten
from laboratory.faults.simulation.kernel import End
from laboratory.faults.simulation.network import Network
from laboratory.faults.simulation.pipes import Calls, Limits
from laboratory.faults.simulation.reactor import SimulatedReactor
from laboratory.faults.simulation.simulation import Simulation
from laboratory.faults.simulation.stream import Stream
from laboratory.faults.simulation.wire import Wire

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(os, "splice"), reason="Linux, Python 3.10: splice(2)"
)

PATIENCE = 20_000
"""Milliseconds for what another socket of this machine has sent."""

NOW = getattr(os, "SPLICE_F_NONBLOCK", 0)
IN, GONE = select.POLLIN, getattr(select, "POLLRDHUP", 0)


class _NearEnd:
    """What is asked of either kernel in the same words."""

    near: socket.socket | End

    def inLine(self) -> None:
        """SO_OOBINLINE of the near end."""
        self.near.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)

    def lowWater(self, size: int) -> None:
        """SO_RCVLOWAT of the near end."""
        self.near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    def read(self) -> bytes:
        """At the near end."""
        return self.near.recv(65536)

    def look(self) -> bytes:
        """The same, and leave it there."""
        return self.near.recv(65536, socket.MSG_PEEK)

    def write(self, data: bytes) -> int:
        """At the near end."""
        return self.near.send(data)


class Real(_NearEnd):
    """Two ends of a real connection, and a pipe."""

    near: socket.socket

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.far = socket.create_connection(listener.getsockname())
            self.near, _ = listener.accept()
        self.near.setblocking(False)
        self.pipe = os.pipe2(os.O_NONBLOCK)

    def close(self) -> None:
        """Close all of it."""
        for descriptor in self.pipe:
            os.close(descriptor)
        self.near.close()
        self.far.close()

    def wait(self, events: int) -> None:
        """Until one of these is told of the near end."""
        poll = select.poll()
        poll.register(self.near, events)
        assert poll.poll(PATIENCE)

    def arrive(self, data: bytes) -> None:
        """Bytes arrive."""
        self.far.sendall(data)
        facts, ticks = KernelFacts(self.far.fileno()), select.poll()
        for _ in range(PATIENCE):
            if not facts.unacknowledged():
                return
            ticks.poll(1)
        raise AssertionError("the bytes were not acknowledged")

    def urgent(self) -> None:
        """An urgent byte arrives."""
        self.far.send(b"!", socket.MSG_OOB)
        self.wait(select.POLLPRI)

    def fin(self) -> None:
        """The far end has ended its direction."""
        self.far.shutdown(socket.SHUT_WR)
        self.wait(GONE)

    def rst(self) -> None:
        """The far end has reset the connection."""
        self.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.far.close()
        self.wait(select.POLLHUP)

    def take(self) -> int:
        """From the near end into the pipe."""
        return os.splice(self.near.fileno(), self.pipe[1], 65536, flags=NOW)

    def give(self) -> int:
        """Out of the pipe to the near end."""
        return os.splice(self.pipe[0], self.near.fileno(), 65536, flags=NOW)

    def told(self) -> tuple[bool, bool]:
        """Is there something to read, and an error?"""
        poll = select.poll()
        poll.register(self.near, IN)
        events = sum(event for _, event in poll.poll(0))
        return bool(events & IN), bool(events & select.POLLERR)


class Simulated(_NearEnd):
    """The same of the simulation."""

    near: End

    def __init__(self) -> None:
        self.network = Network(Random(1))
        host = self.network.host("peer", "192.0.2.101")
        self.near = End(self.network, host, "near", "192.0.2.9", 1)
        self.far = End(self.network, host, "far", "192.0.2.101", 2)
        self.near.peer, self.far.peer = self.far, self.near
        self.calls = Calls(SimulatedReactor(self.network), Limits())
        self.pipe = self.calls.pipe2(os.O_NONBLOCK)

    def close(self) -> None:
        """Close all of it."""
        for descriptor in self.pipe:
            self.calls.close(descriptor)
        self.near.close()
        self.far.close()

    def settle(self) -> None:
        """Everything has arrived."""
        while self.network.next is not None:
            self.network.step()

    def arrive(self, data: bytes) -> None:
        """Bytes arrive."""
        self.far.send(data)
        self.settle()

    def urgent(self) -> None:
        """An urgent byte arrives."""
        self.far.urgent(b"!")
        self.settle()

    def fin(self) -> None:
        """The far end has ended its direction."""
        self.far.shutdown(socket.SHUT_WR)
        self.settle()

    def rst(self) -> None:
        """The far end has reset the connection."""
        self.far.reset()
        self.settle()

    def take(self) -> int:
        """From the near end into the pipe."""
        return self.calls.splice(self.near.fileno(), self.pipe[1], 65536, flags=NOW)

    def give(self) -> int:
        """Out of the pipe to the near end."""
        return self.calls.splice(self.pipe[0], self.near.fileno(), 65536, flags=NOW)

    def told(self) -> tuple[bool, bool]:
        """Is there something to read, and an error?"""
        return self.near.readable, self.near.errorPending


Either = Real | Simulated
Answers = Iterator[object]


def said(call: Callable[..., object], *arguments: object) -> object:
    """What a call answers, or its error."""
    try:
        return call(*arguments)
    except OSError as problem:
        return errno.errorcode[problem.errno or 0]


def anErrorIsToldOnce(pair: Either) -> Answers:
    """By a write of nothing, too; to the next reader it is an end."""
    pair.rst()
    yield pair.told()
    yield said(pair.write, b"")
    yield pair.told()
    yield from (said(pair.read), said(pair.write, b"x"), said(pair.take))


def spliceIsTold(pair: Either) -> Answers:
    """What came before a reset is taken; then the error, once."""
    pair.arrive(b"abc")
    pair.rst()
    yield from (said(pair.take), said(pair.take), said(pair.take), said(pair.read), pair.told())


def readIsTold(pair: Either) -> Answers:
    """The same of recv."""
    pair.arrive(b"abc")
    pair.rst()
    yield from (said(pair.read), said(pair.read), said(pair.read), pair.told())


def theWriterIsFirst(pair: Either) -> Answers:
    """The first that asks."""
    pair.arrive(b"abc")
    pair.rst()
    yield from (said(pair.write, b"x"), said(pair.take), said(pair.take), pair.told())


def anEndIsBeforeAnError(pair: Either) -> Answers:
    """A FIN, then a RST: the end is read, and the error waits for who writes."""
    pair.fin()
    pair.write(b"x")
    pair.rst()
    yield from (said(pair.read), said(pair.take), pair.told(), said(pair.write, b"x"), pair.told())


def nothing(pair: Either) -> Answers:
    """Nothing to be read, nothing in the pipe."""
    yield from (said(pair.read), said(pair.take), said(pair.give), pair.told())


def aLookTakesNothing(pair: Either) -> Answers:
    """Bytes, then the end, are seen again and again."""
    yield said(pair.look)
    pair.arrive(b"abc")
    yield from (said(pair.look), said(pair.look), said(pair.read), said(pair.look))
    pair.fin()
    yield from (said(pair.look), said(pair.look), said(pair.read))


def aLookTellsAResetOnce(pair: Either) -> Answers:
    """Behind the bytes that came before it, and to one only."""
    pair.arrive(b"abc")
    pair.rst()
    yield from (said(pair.look), said(pair.read), said(pair.look), said(pair.look), pair.told())


def anEndIsAnEndWhateverFollows(pair: Either) -> Answers:
    """A FIN with a RST behind it is one to who looks and to who reads; the error stays."""
    pair.fin()
    pair.rst()
    yield from (pair.told(), said(pair.look), said(pair.read), said(pair.look), pair.told())


def anUrgentByteIsNotTold(pair: Either) -> Answers:
    """Nor is it there for a look, without SO_OOBINLINE."""
    pair.urgent()
    yield from (pair.told(), said(pair.look), said(pair.read))
    pair.arrive(b"behind")
    yield from (pair.told(), said(pair.look), said(pair.read))


def anUrgentByteIsToldInLine(pair: Either) -> Answers:
    """With it, it is a byte like others."""
    pair.inLine()
    pair.urgent()
    yield from (pair.told(), said(pair.look), said(pair.read), pair.told())


def aMarkStops(pair: Either) -> Answers:
    """Urgent data: splice stops before it, recv goes on behind it."""
    pair.arrive(b"before")
    pair.urgent()
    pair.arrive(b"behind")
    yield from (said(pair.take), said(pair.take), said(pair.read), said(pair.take))


def aMarkInLine(pair: Either) -> Answers:
    """
    A program that asks for it gets the urgent byte in its place; splice stops before it all the
    same.
    """
    pair.inLine()
    pair.arrive(b"before")
    pair.urgent()
    pair.arrive(b"behind")
    yield from (said(pair.take), said(pair.take), said(pair.read), said(pair.take))


def aMarkInLineAtTheEnd(pair: Either) -> Answers:
    """Also when it is the last byte."""
    pair.inLine()
    pair.arrive(b"before")
    pair.urgent()
    pair.fin()
    yield from (said(pair.take), said(pair.take), said(pair.read), said(pair.read))


def aMarkLooksLikeTheEnd(pair: Either) -> Answers:
    """When the FIN is there, too, splice says 0 with bytes unread."""
    pair.arrive(b"before")
    pair.urgent()
    pair.arrive(b"behind")
    pair.fin()
    yield from (said(pair.take), said(pair.take), said(pair.read), said(pair.take), said(pair.read))


def aMarkStopsReading(pair: Either) -> Answers:
    """One recv ends before the mark."""
    pair.arrive(b"before")
    pair.urgent()
    pair.arrive(b"behind")
    yield from (said(pair.read), said(pair.read), said(pair.read))


def fewAreNotTold(pair: Either) -> Answers:
    """Below the low-water mark; they can be read all the same, and an end is told."""
    pair.arrive(b"a few")
    pair.lowWater(65536)
    yield pair.told()
    yield said(pair.read)
    pair.lowWater(1)
    pair.arrive(b"a few")
    pair.lowWater(65536)
    yield pair.told()
    pair.lowWater(1)
    yield pair.told()
    pair.lowWater(65536)
    pair.fin()
    yield from (pair.told(), said(pair.take), said(pair.take))


def throughThePipe(pair: Either) -> Answers:
    """In and out again."""
    pair.arrive(b"abc")
    yield from (said(pair.take), said(pair.give), said(pair.give))


def fullIsFull(pair: Either) -> Answers:
    """No more can be sent, nothing can."""
    while said(pair.write, bytes(65536)) != "EAGAIN":
        pass
    yield from (said(pair.write, b"x"), said(pair.write, b""), pair.told())


def aPipeSurvives(pair: Either) -> Answers:
    """What is in the pipe cannot be given to who has gone."""
    pair.arrive(b"abc")
    yield said(pair.take)
    pair.rst()
    yield from (said(pair.give), said(pair.give), said(pair.read))


SCRIPTS = [
    anErrorIsToldOnce,
    spliceIsTold,
    readIsTold,
    theWriterIsFirst,
    anEndIsBeforeAnError,
    nothing,
    aLookTakesNothing,
    aLookTellsAResetOnce,
    anEndIsAnEndWhateverFollows,
    anUrgentByteIsNotTold,
    anUrgentByteIsToldInLine,
    aMarkStops,
    aMarkInLine,
    aMarkInLineAtTheEnd,
    aMarkLooksLikeTheEnd,
    aMarkStopsReading,
    fewAreNotTold,
    throughThePipe,
    fullIsFull,
    aPipeSurvives,
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_theyAnswerTheSame(script: Callable[[Either], Answers]) -> None:
    """Whatever is done with them."""
    answers = []
    for make in (Real, Simulated):
        pair = make()
        answers.append(list(script(pair)))
        pair.close()
    assert answers[0] == answers[1]


def test_aSimulatedDescriptorIsNoRealOne() -> None:
    """A program that asks the real kernel by mistake is told so."""
    pair = Simulated()
    with pytest.raises(OSError) as refusal:
        os.fstat(pair.near.fileno())
    assert refusal.value.errno == errno.EBADF
    pair.near.close()
    assert pair.near.fileno() == -1


@pytest.mark.parametrize("ours", [True, False])
def test_whatIsSentAtOnceIsSeenOnce(ours: bool) -> None:
    """The laboratory hears all that the gateway says, once, in order, in however many parts."""
    network = Network(Random(1))
    host = network.host("peer", "192.0.2.101")
    near = End(network, host, "near", "192.0.2.9", 21)
    far = End(network, host, "far", "192.0.2.101", 2)
    near.peer, far.peer = far, near
    near.sendBuffer = far.receiveBuffer = 30
    reactor = SimulatedReactor(network)
    reactor.ours = ours
    reactor.begin(near, Protocol())
    wire: Wire | Stream = near.transport
    seen, heard, said_ = b"", b"", b""

    def see(data: bytes) -> None:
        nonlocal seen
        seen += data

    wire.written = see
    for number in range(20):
        reply = f"200 reply number {number}\r\n".encode()
        said_ += reply
        wire.write(reply)
        assert seen == said_
        if number % 3:
            reactor.turn()
        while network.next is not None:
            network.step()
        heard += far.recv(10) if far.received else b""
    assert wire.unwritten if isinstance(wire, Stream) else unwritten(wire)
    while wire.unacknowledged() or far.received:
        reactor.turn()
        heard += far.recv(100) if far.received else b""
        while network.next is not None:
            network.step()
    assert heard == seen == said_


class _Ending(Protocol):
    """Remembers how its connection ended."""

    reason: Failure | None = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.reason = reason


def test_whatWasResetIsAcceptedToo() -> None:
    """A connection that was reset before it was accepted is accepted, and is a reset one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with socket.create_connection(listening.getsockname()) as there:
            there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        real, _ = listening.accept()
        with real, pytest.raises(ConnectionResetError):
            real.recv(1)

    network = Network(Random(1))
    reactor = SimulatedReactor(network)
    reactor.ours = True
    ending = _Ending()
    listener = reactor.listenTCP(2000, Factory.forProtocol(lambda: ending))
    made: list[End | None] = []
    reactor.dialIn(network.host("peer", "192.0.2.101"), 2000, "it").addCallback(made.append)
    while network.next is not None:
        network.step()
    [far] = made
    assert far is not None
    far.reset()
    while network.next is not None:
        network.step()
    listener.accept()
    reactor.turn()
    assert ending.reason is not None and ending.reason.check(error.ConnectionLost)


def test_aReplyInTwoPartsIsAReply() -> None:
    """A kernel that took half a 226 has not sent one; the second half makes it one."""
    simulation = Simulation(0)
    near = End(
        simulation.network, simulation.network.host("peer", "192.0.2.77"), "near", "192.0.2.9", 21
    )
    near.peer = End(simulation.network, near.far, "far", "192.0.2.101", 2)
    near.peer.peer = near
    wire = Wire(near, Protocol(), simulation.reactor)
    records = simulation.records
    records.session(wire)
    job = {"log_namespace": "jetdirect.job.Job", "job": 1, "name": "page", "port": "PORT1"}
    records({**job, "log_format": "job", "log_level": LogLevel.info})
    wire.written(b"200 OK\r\n226 Transfer complete (PORT1, jo")
    assert records.replied == set()
    wire.written(b"b 1, 10 bytes, delivered)\r\n")
    assert records.replied == {"page"}


def test_anUnpluggedPeerIsGivenUpInItsTime() -> None:
    """Keepalive counts from the last probe that was answered, not from the last byte."""
    pair = Simulated()
    pair.near.far.ends.append(pair.near)
    for level, option, value in (
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    ):
        pair.near.setsockopt(level, option, value)
    pulled = pair.network.now = 1000.0
    pair.near.far.pull()
    while pair.near.failed is None:
        pair.network.step()
    # Asked at 990 for the last time with an answer; then at 1020, 1030, 1040, and it is over.
    assert 50 <= pair.network.now - pulled <= 55


def test_aLostResetIsToldWhenItIsAskedFor() -> None:
    """A RST that a pulled cable swallowed is sent again when keepalive asks, not before."""
    pair = Simulated()
    pair.near.far.pull()
    pair.far.reset()
    pair.near.far.plug()
    pair.network.now = 5.0
    assert pair.near.failed is None
    pair.near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    pair.near.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    pair.near.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
    while pair.near.failed is None and pair.network.next is not None:
        pair.network.step()
    assert pair.near.failed is not None and pair.network.now < 40
