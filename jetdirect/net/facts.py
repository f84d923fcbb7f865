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
from typing import Any, NamedTuple

from twisted.internet.interfaces import IConsumer, IPushProducer, ISystemHandle, ITCPTransport
from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper
from zope.interface import Interface, implementer

_PEER_CLOSED = getattr(select, "POLLRDHUP", 0)  # Linux; told even while bytes are unread
_HUNG_UP = _PEER_CLOSED | select.POLLHUP | select.POLLERR | select.POLLNVAL


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
    How many bytes Twisted's C{FileDescriptor}, and a pipe before it (L{jetdirect.net.splice}), keep
    for the next turns of the reactor.
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


def realTransport(transport: Any) -> Any:
    """The transport that the wrappers around it (policies, PROXY protocol) hide."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    return transport
