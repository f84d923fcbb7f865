"""
What the kernel knows of a TCP connection and Twisted does not ask: is the peer gone, what has it
acknowledged, does it still answer?

A transport in memory answers these questions itself by providing L{ITCPFacts}.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  imported early: with no descriptor free, a lookup that imports it hangs
import fcntl
import select
import socket
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from socket import SocketType
from typing import Any, NamedTuple

from twisted.internet.interfaces import IConsumer, IPushProducer, ISystemHandle, ITCPTransport
from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper
from zope.interface import Interface, implementer

PEER_CLOSED = getattr(select, "POLLRDHUP", 0)  # Linux; told even while bytes are unread
HUNG_UP = PEER_CLOSED | select.POLLHUP | select.POLLERR | select.POLLNVAL


class IWire(ITCPTransport, IConsumer, IPushProducer, ISystemHandle):
    """What a TCP transport provides in fact, and Twisted's own interface does not say."""

    def getHandle() -> socket.socket:
        """Its socket."""

    def startTLS(contextFactory: Any, normal: bool = True) -> None:
        """
        Speak TLS from now on.

        @param normal: the side that was dialled is the server of TLS.
        """


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

    def unread() -> int:
        """How many bytes have come that nobody has read yet?"""

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
    How many bytes Twisted's C{FileDescriptor} keeps for the next turns of the reactor.
    """
    buffered = getattr(transport, "dataBuffer", b"")
    offset: int = getattr(transport, "offset", 0)
    waiting: int = getattr(transport, "_tempDataLen", 0)
    return len(buffered) - offset + waiting


def forget(transport: Any) -> None:
    """Throw away what a C{FileDescriptor} of Twisted's keeps for the next turns of the reactor."""
    transport.dataBuffer, transport.offset = b"", 0
    transport._tempDataBuffer.clear()
    transport._tempDataLen = 0


# struct tcp_info, linux/tcp.h: eight bytes (retransmits is the third, probes the fourth), then
# 32-bit numbers; tcpi_last_ack_recv is the number at offset 56, in milliseconds.
_RETRANSMITS, _PROBES, _LAST_ACK_RECEIVED = 2, 3, 56


def askSilence(sock: SocketType) -> Silence | None:
    """How silent is the peer of a TCP connection?  L{None} where the kernel does not say."""
    if not hasattr(socket, "TCP_INFO"):
        return None
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    unanswered = info[_RETRANSMITS] + info[_PROBES]
    (milliseconds,) = struct.unpack_from("I", info, _LAST_ACK_RECEIVED)
    return Silence(unanswered, milliseconds / 1000)


def unreadBytes(descriptor: int) -> int:
    """How many bytes wait in the kernel to be read?  The peer's FIN is none."""
    answer = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))
    return int(struct.unpack("i", answer)[0])


def endsInOrder(transport: Any) -> bool:
    """
    Is the next thing to read the peer's FIN?

    To be asked of one of Twisted's transports that was told so: its reactors take a hang-up without
    something to read for a FIN, and a reset looks like that at the wrong moment (1 of some 3,000 on
    two cores, measured).  The other way round, a FIN stays one whatever comes behind it: a machine
    that has closed forgets the connection after a minute or less, and answers the next keepalive
    probe with a reset, while a slow printer has still much to read.

    The kernel tells of a reset once, so this is to be asked once, and only of what has ended.
    """
    real = realTransport(transport)
    if not isinstance(real, Connection):
        return True  # in memory, or one of ours: it knows
    try:
        return real.socket.recv(1, socket.MSG_PEEK) == b""
    except OSError:  # a reset with no FIN before it; or no end at all
        return False


def saidGoodbye(transport: Any) -> bool:
    """
    Has the peer sent its close_notify (RFC 8446, section 6.1)?

    All it had to say came before, so what becomes of the connection after it is of no weight.
    Twisted tells of the connection's end only: of a reset, if our own close_notify met one.
    """
    from OpenSSL import SSL

    handle = transport.getHandle()
    return bool(handle is not None and handle.get_shutdown() & SSL.RECEIVED_SHUTDOWN)


@implementer(ITCPFacts)
class KernelFacts:
    """The facts of a real socket, by its descriptor."""

    _poll: select.poll | None = None

    def __init__(self, descriptor: int, transport: Any = None) -> None:
        """
        @param transport: Twisted's own part of the connection, which may hold bytes that the kernel
            has not got yet.
        """
        self._descriptor = descriptor
        self._transport = transport

    def closedByPeer(self) -> bool:
        return bool(self._events() & HUNG_UP)

    def reset(self) -> bool:
        return bool(self._events() & (select.POLLERR | select.POLLNVAL))

    def _events(self) -> int:
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._descriptor, PEER_CLOSED)
        return sum(events for _, events in self._poll.poll(0))

    def unacknowledged(self) -> int:
        # TIOCOUTQ is SIOCOUTQ (tcp(7)): the unsent and the unacknowledged, our own FIN included.
        answer = fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", answer)[0]) + unwritten(self._transport)

    def unread(self) -> int:
        return unreadBytes(self._descriptor)

    def silence(self) -> Silence | None:
        with borrowedSocket(self._descriptor) as probe:
            return None if probe.family == socket.AF_UNIX else askSilence(probe)


@implementer(ITCPFacts)
class NoFacts:
    """The facts of a transport that knows none: nothing speaks against its job."""

    def closedByPeer(self) -> bool:
        return False

    def reset(self) -> bool:
        return False

    def unacknowledged(self) -> int:
        return 0

    def unread(self) -> int:
        return 0

    def silence(self) -> Silence | None:
        return None


def factsOf(transport: Any) -> ITCPFacts:
    """
    The facts of the connection behind a Twisted transport, wrapped by TLS or a policy or not.

    The answer is valid as long as the transport is connected.
    """
    if ITCPFacts.providedBy(transport):
        return transport
    try:
        return KernelFacts(transport.fileno(), realTransport(transport))
    except AttributeError:
        return NoFacts()


def realTransport(transport: Any) -> Any:
    """The transport that the wrappers around it (policies, PROXY protocol) hide."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    return transport
