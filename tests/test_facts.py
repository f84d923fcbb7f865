"""
What the kernel is asked about a TCP connection: real connections, and transports without a kernel.
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure

from jetdirect.net.facts import (
    KernelFacts,
    NoFacts,
    Silence,
    borrowedSocket,
    factsOf,
    realTransport,
)
from jetdirect.testing import MemoryWire

reactor: Any = theReactor

PATIENCE = 20.0
"""Seconds for what takes a moment."""

SO_ATTACH_FILTER = 26  # asm-generic/socket.h; Python does not name it


class Pair:
    """Both ends of a TCP connection over the loopback interface."""

    def __init__(self, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, 0), family=family) as listener:
            self.here = socket.create_connection(listener.getsockname()[:2], PATIENCE)
            self.peer, _ = listener.accept()
        self.peer.settimeout(PATIENCE)
        self.facts = KernelFacts(self.here.fileno())

    def news(self) -> None:
        """Wait until the kernel here has heard of the peer's last deed."""
        poll = select.poll()
        poll.register(self.here, select.POLLIN | select.POLLRDHUP)
        assert poll.poll(PATIENCE * 1000)

    def fill(self) -> int:
        """Write until the kernel here takes no more; how much that was."""
        self.here.setblocking(False)
        written = 0
        try:
            while True:
                written += self.here.send(bytes(65536))
        except BlockingIOError:
            return written

    def close(self) -> None:
        self.here.close()
        self.peer.close()


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    pair = Pair(request.param)
    yield pair
    pair.close()


def eventually(fact: Callable[[], bool]) -> None:
    """Wait for what only the kernel's own timers bring."""
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end
        select.select([], [], [], 0.01)


def test_goodConnection(pair: Pair) -> None:
    """Nothing speaks against a connection on which nothing happens."""
    assert not pair.facts.closedByPeer()
    assert not pair.facts.reset()
    assert pair.facts.unacknowledged() == 0


def test_peerThatOnlyTalks(pair: Pair) -> None:
    """Unread bytes are not an end; they are counted until they are read, and the FIN is not."""
    pair.peer.send(b"hello")
    pair.news()

    assert not pair.facts.closedByPeer()
    assert pair.facts.unread() == 5
    pair.here.recv(5)
    pair.peer.shutdown(socket.SHUT_WR)
    pair.news()
    assert pair.facts.unread() == 0


def test_finBehindUnreadBytes(pair: Pair) -> None:
    """The peer's end is seen though nobody has read the bytes before it."""
    pair.peer.send(b"hello")
    pair.peer.shutdown(socket.SHUT_WR)
    pair.news()
    eventually(pair.facts.closedByPeer)  # the two may come one after the other

    assert not pair.facts.reset()
    assert pair.here.recv(99) == b"hello"


def test_ourOwnEndIsNotThePeers(pair: Pair) -> None:
    """Our half-close says nothing of the peer."""
    pair.here.shutdown(socket.SHUT_WR)

    assert not pair.facts.closedByPeer()
    assert not pair.facts.reset()


def test_bothEnds(pair: Pair) -> None:
    """A connection that both sides ended in good order was not reset."""
    pair.here.shutdown(socket.SHUT_WR)
    assert pair.peer.recv(1) == b""
    pair.peer.shutdown(socket.SHUT_WR)
    pair.news()

    assert pair.facts.closedByPeer()
    assert not pair.facts.reset()
    assert pair.facts.unacknowledged() == 0


def test_reset(pair: Pair) -> None:
    """A reset is seen, and is an end."""
    pair.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.peer.close()
    pair.news()

    assert pair.facts.reset()
    assert pair.facts.closedByPeer()


def test_resetAfterOurEnd(pair: Pair) -> None:
    """A reset is seen when it answers our half-close, too."""
    pair.here.shutdown(socket.SHUT_WR)
    assert pair.peer.recv(1) == b""
    pair.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.peer.close()

    eventually(pair.facts.reset)


def test_unacknowledged(pair: Pair) -> None:
    """What a peer that does not read has no room for is not acknowledged; read, it is."""
    written = pair.fill()
    waiting = pair.facts.unacknowledged()
    assert 0 < waiting <= written

    taken = 0
    while taken < written:
        taken += len(pair.peer.recv(1 << 20))
    pair.peer.send(b"!")  # whatever the peer sends acknowledges all that came before
    pair.news()

    assert pair.facts.unacknowledged() == 0


def test_ourOwnEndWantsToBeAcknowledged(pair: Pair) -> None:
    """Behind bytes for which there is no room, our half-close counts as well."""
    pair.fill()
    before = pair.facts.unacknowledged()

    pair.here.shutdown(socket.SHUT_WR)

    assert pair.facts.unacknowledged() == before + 1


def test_peerThatAnswersIsNotSilent(pair: Pair) -> None:
    """A peer out of paper takes nothing and answers every probe."""
    pair.fill()

    silence = pair.facts.silence()

    assert silence is not None
    assert silence.unanswered == 0
    assert 0 <= silence.seconds < PATIENCE


@pytest.mark.slow
def test_silence(pair: Pair) -> None:
    """A peer whose cable is cut leaves what it is sent unanswered."""
    drop = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0), 8)  # "return 0"
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(drop))
    pair.peer.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    pair.here.send(b"hello?")

    def unanswered() -> bool:
        silence = pair.facts.silence()
        assert silence is not None
        return silence.unanswered > 0

    eventually(unanswered)
    silence = pair.facts.silence()
    assert silence is not None
    assert silence.seconds > 0
    assert pair.facts.unacknowledged() == 6
    assert not pair.facts.closedByPeer()


def test_silenceUnknown(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel does not tell of silence, it is unknown."""
    monkeypatch.delattr(socket, "TCP_INFO")

    assert pair.facts.silence() is None


def test_askingLeavesNoDescriptor(pair: Pair) -> None:
    """However often one asks, no descriptor is used up, and the connection stays open."""
    for _ in range(5):
        pair.facts.silence()

    with socket.socket() as probe:
        first = probe.fileno()
    pair.facts.silence()
    with socket.socket() as probe:
        assert probe.fileno() == first
    pair.peer.send(b"still there")
    assert pair.here.recv(99) == b"still there"


# Transports.


class Recorder(Protocol):
    """Says when it is connected and when no more."""

    def __init__(self) -> None:
        self.made: Deferred[None] = Deferred()
        self.lost: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.made.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)


@pytest.mark.parametrize("wraps", [0, 1, 2])
@pytest_twisted.ensureDeferred
async def test_factsOfATransport(wraps: int) -> None:
    """The facts of a connection are found behind any number of wrappers."""
    accepted = Recorder()
    factory: Any = Factory.forProtocol(lambda: accepted)
    for _ in range(wraps):
        factory = WrappingFactory(factory)
        factory.noisy = False
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    client = await endpoint.connect(Factory.forProtocol(Recorder))
    assert isinstance(client, Recorder)
    await accepted.made

    facts = factsOf(accepted.transport)
    assert isinstance(facts, KernelFacts)
    assert not facts.closedByPeer()
    assert client.transport is not None
    client.transport.loseConnection()
    await client.lost
    await accepted.lost

    await port.stopListening()


def test_factsOfAMemoryWire() -> None:
    """A connection in memory answers as its test says."""
    wire = MemoryWire(Protocol())
    facts = factsOf(wire)
    assert (facts.closedByPeer(), facts.reset(), facts.unacknowledged()) == (False, False, 0)
    assert facts.silence() is None

    wire.inFlight, wire.silent = 12, Silence(3, 31.0)
    assert (facts.unacknowledged(), facts.silence()) == (12, Silence(3, 31.0))
    wire.pauseProducing()
    wire.fin()
    assert (facts.closedByPeer(), facts.reset()) == (True, False)
    wire.rst()
    assert facts.reset()


def test_realTransport() -> None:
    """What is not a matter of facts is asked of the transport behind all wrappers."""
    inner = Protocol()
    outer = ProtocolWrapper(
        WrappingFactory(Factory()), ProtocolWrapper(WrappingFactory(Factory()), inner)
    )
    wire = MemoryWire(outer)

    assert realTransport(inner.transport) is wire
    assert realTransport(wire) is wire


def test_factsOfAWrappedMemoryWire() -> None:
    """A connection in memory answers through wrappers, too."""
    inner = Protocol()
    wrapper = ProtocolWrapper(WrappingFactory(Factory()), inner)
    wire = MemoryWire(wrapper)
    wire.inFlight = 12

    assert factsOf(inner.transport).unacknowledged() == 12


def test_noFacts() -> None:
    """Nothing speaks against a transport that cannot be asked."""
    protocol: IProtocol = Protocol()
    transport = StringTransport()
    protocol.makeConnection(transport)

    facts = factsOf(transport)

    assert isinstance(facts, NoFacts)
    assert (facts.closedByPeer(), facts.reset(), facts.unacknowledged()) == (False, False, 0)
    assert facts.silence() is None


class Reply(Protocol):
    """Says something in the turn in which it is connected, and asks what became of it."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def connectionMade(self) -> None:
        assert self.transport is not None
        facts = factsOf(self.transport)
        self.transport.write(b"226 Transfer complete\r\n")
        self.asked.append(facts.unacknowledged())


@pytest_twisted.ensureDeferred
async def test_unwrittenIsUnacknowledged() -> None:
    """What Twisted keeps for the next turn of the reactor is not acknowledged by anybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", server.getsockname()[1])
        reply = await connectProtocol(endpoint, Reply())
        peer, _ = server.accept()
        with peer:
            assert reply.asked == [len(b"226 Transfer complete\r\n")]
            lost: Deferred[None] = Deferred()
            reply.connectionLost = lambda reason: lost.callback(None)
            peer.settimeout(5)
            assert reply.transport is not None
            reply.transport.loseConnection()
            await lost


def test_borrowedSocket() -> None:
    """A borrowed socket is the same descriptor, and stays open, whatever happens meanwhile."""
    near, far = socket.socketpair()
    with near, far:
        with pytest.raises(ZeroDivisionError), borrowedSocket(near.fileno()) as borrowed:
            assert borrowed.fileno() == near.fileno()
            raise ZeroDivisionError
        near.sendall(b"still there")
        assert far.recv(100) == b"still there"
