"""
What the kernel knows of a TCP connection and Twisted does not ask: is the peer gone, what has it
acknowledged, does it still answer?

A transport in memory answers these questions itself by providing L{ITCPFacts}.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  a lookup that finds no descriptor left for it never ends
import fcntl
import select
import socket
import struct
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    IReactorTime,
    ISSLTransport,
    IStreamClientEndpoint,
)
from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from zope.interface import Interface, alsoProvides, implementer

_PEER_CLOSED = getattr(select, "POLLRDHUP", 0)  # Linux; told even while bytes are unread
_HUNG_UP = _PEER_CLOSED | select.POLLHUP | select.POLLERR | select.POLLNVAL

KEEPALIVE = (60, 15, 4)
"""Seconds of silence before the first probe, seconds between probes, probes: an idle peer that was
unplugged is found after 120 s, where the system's own default is two hours."""

DEAD_AFTER_PROBES, DEAD_AFTER_SECONDS = 3, 30.0
"""A printer that left so many segments or probes unanswered, and was not heard for so long, is
gone.  One that is out of paper answers every probe (measured), and is waited for."""

LATE_LOOK = 5.0
"""Seconds since the last look at a L{Pulse} after which nothing is known of the time between: the
reactor stood still, as looks are half a second apart (chosen)."""

BACKLOG = 511
"""Connections that may wait to be accepted: who finds no room there waits a second for nothing, and
of 64 clients that came at once some did with Twisted's 50 (measured)."""

_TCP_RTO_MAX_MS = 44  # linux/tcp.h

LONGEST_RETRY = 30_000
"""Milliseconds between two tries of the kernel to get something through, where it can be told
(newer kernels of Linux): after a minute without paper they would be two minutes apart, and an
unplugged printer be found after 279 s; so it is found after 88 s (measured)."""


class Silence(NamedTuple):
    """How long a peer has not been heard, and how often it was asked (Linux C{struct tcp_info})."""

    unanswered: int
    """Retransmissions and zero-window probes since the last answer."""

    seconds: float
    """Since the last acknowledgement."""


class ITCPFacts(Interface):
    """What can be known of a connection without reading from it or writing to it."""

    def closedByPeer() -> bool:
        """Has the peer ended the connection, even if bytes of its own are still unread?"""

    def reset() -> bool:
        """Has the connection come to an end with an error (RST, time-out, no route)?"""

    def unacknowledged() -> int:
        """How many of the bytes that were written has the peer's kernel not acknowledged yet?"""

    def silence() -> Silence | None:
        """How silent is the peer?  L{None} where the kernel does not say."""


@contextmanager
def borrowedSocket(descriptor: int) -> Iterator[socket.socket]:
    """
    The socket of a descriptor that stays somebody else's.

    Not a copy: there may be no descriptor left for one.
    """
    borrowed = socket.socket(fileno=descriptor)
    try:
        yield borrowed
    finally:
        borrowed.detach()


def unwritten(transport: Any) -> int:
    """
    How many bytes Twisted's C{FileDescriptor}, and a pipe before it (L{jetdirect.splice}), keep for
    the next turns of the reactor.
    """
    buffered = getattr(transport, "dataBuffer", b"")
    offset: int = getattr(transport, "offset", 0)
    waiting: int = getattr(transport, "_tempDataLen", 0)
    inPipe: int = getattr(transport, "inPipe", 0)
    return len(buffered) - offset + waiting + inPipe


def forget(transport: Any) -> None:
    """Throw away what a C{FileDescriptor} of Twisted's keeps for the next turns of the reactor."""
    transport.dataBuffer, transport.offset = b"", 0
    transport._tempDataBuffer.clear()
    transport._tempDataLen = 0


def isPlain(transport: object) -> bool:
    """Do the bytes of this transport go to its socket as they are, with nothing between?"""
    return isinstance(transport, Connection) and not transport.TLS


def _isIdle(transport: Any) -> bool:
    # What the reactor's next turn would do can be done now.
    return isPlain(transport) and transport.connected and not unwritten(transport)


def sendNow(transport: Any, data: bytes) -> None:
    """
    Write, and not at the reactor's next turn but now if the kernel takes it.

    That spares the reactor an event, and two changes of what it waits for.
    """
    if _isIdle(transport):
        sent = transport.writeSomeData(data)
        if not isinstance(sent, int):  # told only once: Twisted would hear of an end in order
            transport.abortConnection()
            return
        data = data[sent:]
    transport.write(data)


@implementer(ITCPFacts)
class KernelFacts:
    """The facts of a real socket, by its descriptor."""

    # struct tcp_info, linux/tcp.h: eight bytes (retransmits is the third, probes the fourth), then
    # 32-bit numbers; tcpi_last_ack_recv is the number at offset 56, in milliseconds.
    _RETRANSMITS, _PROBES, _LAST_ACK_RECEIVED = 2, 3, 56

    _poll: select.poll | None = None

    def __init__(self, descriptor: int, transport: Any = None) -> None:
        """
        @param transport: Twisted's own part of the connection, which may hold bytes that the kernel
            has not got yet.
        """
        self._descriptor = descriptor
        self._transport = transport

    def closedByPeer(self) -> bool:
        return bool(self._events() & _HUNG_UP)

    def reset(self) -> bool:
        return bool(self._events() & (select.POLLERR | select.POLLNVAL))

    def _events(self) -> int:
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._descriptor, _PEER_CLOSED)
        return sum(events for _, events in self._poll.poll(0))

    def unacknowledged(self) -> int:
        # TIOCOUTQ is SIOCOUTQ (tcp(7)): the unsent and the unacknowledged, our own FIN included.
        answer = fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", answer)[0]) + unwritten(self._transport)

    def silence(self) -> Silence | None:
        if not hasattr(socket, "TCP_INFO"):
            return None
        with borrowedSocket(self._descriptor) as probe:
            if probe.family == socket.AF_UNIX:
                return None
            info = probe.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        unanswered = info[self._RETRANSMITS] + info[self._PROBES]
        (milliseconds,) = struct.unpack_from("I", info, self._LAST_ACK_RECEIVED)
        return Silence(unanswered, milliseconds / 1000)


@implementer(ITCPFacts)
class NoFacts:
    """Of a transport that has neither a descriptor nor an opinion: nothing speaks against it."""

    def closedByPeer(self) -> bool:
        return False

    def reset(self) -> bool:
        return False

    def unacknowledged(self) -> int:
        return 0

    def silence(self) -> Silence | None:
        return None


def factsOf(transport: object) -> ITCPFacts:
    """
    The facts of the connection behind a Twisted transport, wrapped by TLS or a policy or not.

    The answer is valid as long as the transport is connected.
    """
    facts = ITCPFacts(transport, None)
    if facts is None:
        try:
            facts = KernelFacts(transport.fileno(), realTransport(transport))
        except AttributeError:
            facts = NoFacts()
    return facts


class Pulse:
    """Whether the peer of a connection lives and something moves; to be looked at now and then."""

    def __init__(self, facts: ITCPFacts, clock: IReactorTime) -> None:
        self._facts = facts
        self._clock = clock
        self._askedSince = self._looked = clock.seconds()
        self.mark()

    def mark(self) -> None:
        """Count L{still} from now on."""
        self._progress = (self._facts.unacknowledged(), self._clock.seconds())

    def still(self) -> float:
        """Seconds since the peer's kernel last acknowledged something."""
        if self._facts.unacknowledged() != self._progress[0]:
            self.mark()
        return float(self._clock.seconds() - self._progress[1])

    def dead(self) -> bool:
        """Has the peer been silent for so long, and so often asked meanwhile, that it is gone?"""
        return self.silent() >= DEAD_AFTER_SECONDS

    def silent(self) -> float:
        """Seconds for which the peer has owed us an answer, if it was asked often enough since."""
        now, silence = self._clock.seconds(), self._facts.silence()
        late, self._looked = now - self._looked > LATE_LOOK, now
        unasked = silence is None or not silence.unanswered or not self._facts.unacknowledged()
        if late or unasked:
            self._askedSince = now
        if silence is None or silence.unanswered < DEAD_AFTER_PROBES:
            return 0.0
        return min(silence.seconds, now - self._askedSince)


def hostEndpoint(
    reactor: Any, host: str, port: int, source: tuple[str, int] | None = None
) -> IStreamClientEndpoint:
    """
    Where a host is to be reached.

    An address needs no name lookup, which takes a thread, and what a thread may lack.

    @param source: the address, or C{""}, and the port to connect from; by default any.
    @raise ValueError: it cannot be a host name.
    """
    if isIPAddress(host):
        return TCP4ClientEndpoint(reactor, host, port, bindAddress=source)
    if isIPv6Address(host):
        return TCP6ClientEndpoint(reactor, host, port, bindAddress=source)
    endpoint = HostnameEndpoint(reactor, host, port, bindAddress=source)
    if getattr(endpoint, "_badHostname", False):  # it would say so itself, but at every job
        raise ValueError(f"{host!r} is not a host name; write its address instead")
    return endpoint


def cancelLater(clock: IReactorTime, connecting: Deferred[Any]) -> Deferred[Any]:
    """
    A connection that is being made, and can be given up at any moment.

    Giving it up closes its descriptor.  In the middle of a turn of the reactor, an event that is on
    its way to it may then reach whoever gets the same number, such as a listener, and end it
    (Twisted issue 4759); so that it is done between two turns.

    @return: fails with L{CancelledError} at once when it is canceled.
    """

    def cancel(given: Deferred[Any]) -> None:
        given.errback(CancelledError())
        clock.callLater(0, connecting.cancel)

    given: Deferred[Any] = Deferred(cancel)

    def made(protocol: Any) -> None:
        if given.called:
            protocol.transport.abortConnection()
        else:
            given.callback(protocol)

    def failed(why: Failure) -> None:
        if not given.called:
            given.errback(why)

    connecting.addCallbacks(made, failed)
    return given


def halfClose(transport: Any, look: Callable[[], None]) -> None:
    """
    End our direction, and call C{look} in the last moment before our FIN.

    Twisted has no such place: between C{loseWriteConnection} and the end of its direction lies a
    turn of the reactor, in which the peer may have closed first.  Where nothing waits to be
    written, that turn is not waited for.
    """
    real = realTransport(transport)
    close = getattr(real, "_closeWriteConnection", None)
    if close is not None:

        def closing() -> None:
            look()
            close()

        real._closeWriteConnection = closing
    transport.loseWriteConnection()
    if _isIdle(transport) and transport.doWrite() is not None:  # told only once, as in L{sendNow}
        transport.abortConnection()


def tellOfHandshake(transport: Any) -> bool:
    """
    Have the protocol told when TLS has shaken hands (C{handshakeCompleted}); before that nothing
    that was written has left.

    Its class cannot say that it wants to be (L{IHandshakeListener}): of several such interfaces
    Twisted's endpoints pass on the last one only.

    @return: C{False} if there is no TLS.
    """
    if not (isinstance(transport, ProtocolWrapper) and ISSLTransport.providedBy(transport)):
        return False
    alsoProvides(transport.wrappedProtocol, IHandshakeListener)
    return True


def takeUrgentInLine(transport: Any) -> None:
    """
    Read urgent data where it stands among the other bytes.

    Telnet's Synch around ABOR comes like this (RFC 854); in a job, each urgent byte would be
    missing.
    """
    handle: Any = transport.getHandle() if hasattr(transport, "getHandle") else None
    if hasattr(handle, "setsockopt") and getattr(handle, "family", None) != socket.AF_UNIX:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)


def passOn(protocol: Any) -> None:
    """
    Have Twisted see which interfaces C{protocol} provides, now that its connection is made.

    Of several Twisted's client endpoints pass on the last one only (24.3 to 26.10): a protocol
    that they dialled for is not half-closeable then, though its class says so.
    """
    wrapping = realTransport(protocol.transport).protocol
    for interface in (IHalfCloseableProtocol, IHandshakeListener):
        if interface.providedBy(protocol):
            alsoProvides(wrapping, interface)


def beforeClose(transport: Any, look: Callable[[], None]) -> None:
    """
    Call C{look} when TLS is about to close the connection: the peer has said its close_notify.

    Twisted tells nobody: bytes that are written after it are dropped, and the connection ends in
    order (C{ConnectionDone}), with what the peer has not acknowledged in the kernel.
    """
    real = realTransport(transport)
    close = real.loseConnection

    def closing() -> None:
        if real.connected:
            look()
        close()

    real.loseConnection = closing


def readBeforeLoss(transport: Any) -> None:
    """
    Read once more when a write fails: what the peer said before its reset is in the kernel still.

    Twisted closes the socket before it tells anybody, and a server that refuses in mid-job often
    closes right behind its answer (3 of 75 answers were lost, measured).
    """
    real = realTransport(transport)
    write = getattr(real, "writeSomeData", None)
    if write is None:
        return  # in memory

    def writing(data: bytes) -> Any:
        sent = write(data)
        if not isinstance(sent, int) and real.connected:
            real.doRead()
        return sent

    real.writeSomeData = writing


def realTransport(transport: Any) -> Any:
    """The transport that the wrappers around it (policies, PROXY protocol) hide."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    return transport


def tune(transport: Any) -> None:
    """
    Send at once, and let the kernel notice when a silent peer is gone (L{KEEPALIVE}).

    Nagle's algorithm and delayed acknowledgements cost 40 ms a reply (measured).
    """
    handle: Any = transport.getHandle() if hasattr(transport, "getHandle") else None
    if getattr(handle, "family", None) == socket.AF_UNIX:
        return
    if hasattr(transport, "setTcpNoDelay"):
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
    if hasattr(handle, "setsockopt") and hasattr(socket, "TCP_KEEPIDLE"):
        idle, interval, probes = KEEPALIVE
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, interval)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, probes)
        with suppress(OSError):  # an older kernel
            handle.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, LONGEST_RETRY)
