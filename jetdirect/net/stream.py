"""
A TCP connection of our own, behind Twisted's interfaces.

What can be done now is done now: a write, an end, a close.  What cannot be is waited for.  An event
is a hint; what recv(2) and send(2) answer counts, so a reset is never taken for a FIN.  The end of
a connection is told when the call that brings it about is over: nobody is told of it by the call
with which one writes, ends or closes.
"""

from __future__ import annotations

import errno
import fcntl
import select
import socket
import struct
import termios
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache, partial
from socket import SocketType
from typing import Any, TypeGuard

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IProtocol,
    IPushProducer,
    ISSLTransport,
    ISystemHandle,
    ITCPTransport,
    ITLSTransport,
)
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import Interface, alsoProvides, implementedBy, implementer

from .events import IN, OUT, Loop
from .facts import HUNG_UP, PEER_CLOSED, ITCPFacts, Silence, askSilence, unreadBytes
from .pipe import Pipe
from .tuning import keepAlive, noDelay, urgentInLine

READ_SIZE = 65_536
"""Bytes that are read at a time, and that may wait to be written before the producer is paused: as
many as in Twisted."""

_DONE = Failure(error.ConnectionDone())
_LOST = Failure(error.ConnectionLost())
_ABORTED = Failure(error.ConnectionAborted())
_FULL = (errno.EAGAIN, errno.ENOBUFS)
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_number = struct.Struct("i").unpack
_poll = select.poll()


class IWitness(Interface):
    """Is told of a connection what Twisted's interfaces tell nobody."""

    def ending() -> None:
        """
        The last moment before our FIN.  Or the connection is to be closed in order; under TLS that
        is when the peer has taken its leave, or an error was found.
        """

    def finCame() -> None:
        """The peer's FIN; nobody else has heard of it yet."""


@implementer(ITCPTransport, ITLSTransport, IConsumer, IPushProducer, ISystemHandle, ITCPFacts)
class Stream:
    """
    One TCP connection.

    @ivar connected: C{False} as soon as it is closed; the protocol is told a moment later.
    @ivar disconnecting: it is closed when what waits is written.
    @ivar TLS: what is written and read goes through TLS.
    @ivar bufferSize: bytes that are read at a time, and that may wait before the producer is
        paused.
    @ivar eager: behind a short piece the next one, or the end, is looked for at once.
    @ivar taker: may take what is there before anything is read: it is given the descriptor, and
        answers how many bytes it took.  That there is nothing, and that it is the end, is not
        believed of it: splice(2) says so of urgent data, too, behind which recv(2) goes on.
    @ivar witness: an L{IWitness}.
    @ivar over: is told of its end, after the protocol.
    """

    __slots__ = (
        "TLS",
        "__provides__",
        "__weakref__",
        "_dialled",
        "_finCame",
        "_halfClosed",
        "_halfClosing",
        "_held",
        "_loop",
        "_mask",
        "_peer",
        "_pipe",
        "_socket",
        "_tuned",
        "_waiting",
        "bufferSize",
        "connected",
        "disconnecting",
        "eager",
        "over",
        "producer",
        "producerPaused",
        "protocol",
        "streamingProducer",
        "taker",
        "witness",
    )
    _log = Logger()

    def __init__(
        self,
        sock: SocketType,
        loop: Loop,
        peer: tuple[Any, ...],
        dialled: bool = False,
        tuned: bool = False,
    ) -> None:
        """
        @param sock: connected, and does not block.
        @param peer: its address, as the kernel tells it.
        @param dialled: this end has made the connection, and is the client of TLS if there is one.
        @param tuned: it has the options of L{jetdirect.net.tuning} from its listener.
        """
        self.__provides__ = _PROVIDED  # else it is missed, and looked for, each time
        self._tuned = tuned
        self._socket = sock
        self._loop = loop
        self._peer = peer
        self._dialled = dialled
        self._mask = 0
        self._waiting = b""
        self._pipe: Pipe | None = None
        self._held = self._finCame = self._halfClosing = self._halfClosed = False
        self.connected = True
        self.disconnecting = False
        self.TLS = False
        self.bufferSize = READ_SIZE
        self.eager = False
        self.taker: Callable[[int], int] | None = None
        self.witness: Any = None
        self.over: Callable[[Failure], object] | None = None
        self.protocol: Any = None
        self.producer: Any = None
        self.streamingProducer = self.producerPaused = False

    def begin(self, protocol: IProtocol) -> None:
        """From now on it is the connection of C{protocol}."""
        self.protocol = protocol
        try:
            protocol.makeConnection(self)
            if not self._held:
                self.resumeProducing()
        except BaseException:
            self._log.failure("a connection is given up after a mistake at its beginning")
            self._close(Failure())

    def refuse(self) -> None:
        """Nobody wants it: close it."""
        self.connected = False
        self._socket.close()

    # ITransport

    def write(self, data: bytes, below: bool = False) -> None:
        """
        L{ITransport}: now, as far as the kernel takes it.

        @param below: it comes from TLS, if there is that.
        """
        if self.TLS and not below:
            if self.connected:
                self.protocol.write(data)
            return
        if not data or not self.connected or self._halfClosing or self._halfClosed:
            return
        if not (self._waiting or (self._pipe is not None and self._pipe.inside)):
            try:
                data = data[self._socket.send(data) :]
            except OSError as why:
                if why.errno not in _FULL:
                    self._broke()
                    return
        if data:
            self._waiting += data
            self._wait(len(self._waiting) > self.bufferSize)
        elif self.producer is not None and not self.streamingProducer:
            self._want(self._mask | OUT)  # it is asked again when there is room

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """L{ITransport}."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """L{ITransport}: as soon as all is written."""
        if not self.TLS:
            self.close()
        elif self.connected and not self.disconnecting:
            self.protocol.loseConnection()

    def close(self) -> None:
        """The same, below TLS."""
        if not self.connected or self.disconnecting:
            return
        if self.witness is not None:
            self.witness.ending()
        self.disconnecting = True
        if not self.connected:
            return
        if self._unsent:
            self._want(self._mask & ~IN)
        else:
            self._close(_DONE)

    def abortConnection(self) -> None:
        """L{ITCPTransport}: with a RST, now."""
        if self.connected:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            self._close(_ABORTED)

    def loseWriteConnection(self) -> None:
        """L{ITCPTransport}: as soon as all is written."""
        if self.connected and not (self.disconnecting or self._halfClosing or self._halfClosed):
            self._halfClosing = True
            if not self._unsent:
                self._halfClose()

    def getHost(self) -> IPv4Address | IPv6Address:
        """L{ITransport}."""
        return address(self._socket.getsockname())

    def getPeer(self) -> IPv4Address | IPv6Address:
        """L{ITransport}."""
        return address(self._peer)

    def getHandle(self) -> Any:
        """L{ISystemHandle}: the socket, or what OpenSSL has of the connection."""
        return self.protocol.getHandle() if self.TLS and self.protocol else self._socket

    def fileno(self) -> int:
        """The descriptor; -1 when it is closed."""
        return self._socket.fileno()

    def getTcpNoDelay(self) -> bool:
        """L{ITCPTransport}."""
        return bool(self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def setTcpNoDelay(self, enabled: bool) -> None:
        """L{ITCPTransport}."""
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, bool(enabled))

    def getTcpKeepAlive(self) -> bool:
        """L{ITCPTransport}."""
        return bool(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """L{ITCPTransport}."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, bool(enabled))

    def tune(self) -> None:
        """Set what some have from their listener."""
        if not self._tuned and self.connected:
            self._tuned = True
            noDelay(self._socket)
            keepAlive(self._socket)

    def takeUrgentInLine(self) -> None:
        """Set what all that were accepted have from their listener."""
        if self._dialled:
            urgentInLine(self._socket)

    # ITLSTransport

    def startTLS(self, contextFactory: Any, normal: bool = True) -> None:
        """
        L{ITLSTransport}.

        @param normal: the end that has dialled is the client; else the other one is.
        """
        from twisted.protocols.tls import TLSMemoryBIOFactory  # it needs pyOpenSSL

        producer, streaming = self.producer, self.streamingProducer
        if producer is not None:
            self.unregisterProducer()
        factory = TLSMemoryBIOFactory(contextFactory, self._dialled is normal, ServerFactory())
        layer: Any = factory.protocol(factory, self.protocol, False)
        self.protocol = layer
        self.TLS = True
        alsoProvides(self, ISSLTransport)
        layer.makeConnection(_BelowTLS(self))
        if producer is not None:
            self.registerProducer(producer, streaming)

    def getPeerCertificate(self) -> Any:
        """L{ISSLTransport<twisted.internet.interfaces.ISSLTransport>}."""
        return self.protocol.getPeerCertificate()

    # IConsumer, and the kernel path

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """L{IConsumer}."""
        if self.TLS:
            self.protocol.registerProducer(producer, streaming)
        else:
            self.register(producer, streaming)

    def register(self, producer: Any, streaming: bool) -> None:
        """The same, below TLS."""
        if self.producer is not None:
            raise RuntimeError(f"{self.producer!r} is registered still")
        if not self.connected:
            producer.stopProducing()
            return
        self.producer, self.streamingProducer = producer, streaming
        self.producerPaused = False
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """L{IConsumer}."""
        if self.TLS:
            self.protocol.unregisterProducer()
        else:
            self.unregister()

    def unregister(self) -> None:
        """The same, below TLS."""
        self.producer = None
        if not self._unsent:
            self._written()

    def take(self, descriptor: int, most: int) -> int:
        """
        L{IKernelConsumer<jetdirect.interfaces.IKernelConsumer>}: into a pipe, and out at once.

        Nothing overtakes what waits.
        """
        if self.TLS or self.unwritten or self._halfClosing or not self.connected:
            return 0
        if self._pipe is None:
            self._pipe = Pipe()
        taken = self._pipe.fill(descriptor, most)
        if taken:
            try:
                self._pipe.drain(self.fileno())
            except OSError:  # the kernel reports it once
                self._broke()
            else:
                if self._inPipe:
                    self._wait(True)
        return taken

    def forget(self) -> None:
        """Throw away what waits: it was not wanted in the end.  Not under TLS."""
        self._waiting = b""
        if self._pipe is not None:
            self._pipe.close()

    # IPushProducer

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        self._held = True
        if self._mask & IN:
            self._want(self._mask & ~IN)

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        self._held = False
        if self.connected and not (self.disconnecting or self._finCame or self._mask & IN):
            self._want(self._mask | IN)

    def stopProducing(self) -> None:
        """L{IPushProducer}."""
        self.loseConnection()

    # ITCPFacts: one that is closed is known to be gone.

    def closedByPeer(self) -> bool:
        """L{ITCPFacts}."""
        return bool(self._polled() & HUNG_UP)

    def reset(self) -> bool:
        """L{ITCPFacts}."""
        return bool(self._polled() & (select.POLLERR | select.POLLNVAL))

    def unacknowledged(self) -> int:
        """L{ITCPFacts}."""
        if not self.connected:
            return 0
        # TIOCOUTQ is SIOCOUTQ (tcp(7)): the unsent and the unacknowledged, our own FIN included.
        answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        return int(_number(answer)[0]) + self.unwritten

    def unread(self) -> int:
        """L{ITCPFacts}."""
        return unreadBytes(self._socket.fileno()) if self.connected else 0

    def silence(self) -> Silence | None:
        """L{ITCPFacts}."""
        return askSilence(self._socket) if self.connected else None

    @property
    def unwritten(self) -> int:
        """Bytes that wait here, and are not in the kernel's hands."""
        return len(self._waiting) + self._inPipe

    # What happens to it.

    def happened(self, events: int) -> None:
        """L{Waiting<jetdirect.net.events.Waiting>}."""
        reading = self._mask & IN
        if reading and events & ~OUT:
            self._read()
        if self._mask & OUT and (events & OUT or not reading):
            self._writeOn()

    def lost(self, reason: Failure) -> None:
        """L{Waiting<jetdirect.net.events.Waiting>}."""
        self._close(reason)

    def _read(self) -> None:
        if self.taker is not None:
            try:
                taken = self.taker(self.fileno())
            except OSError:  # the kernel reports it once
                self._close(_LOST)
                return
            if taken:
                return
        again = True
        while again and self._mask & IN:
            try:
                data = self._socket.recv(self.bufferSize)
            except BlockingIOError:
                return
            except OSError:
                self._close(_LOST)
                return
            if not data:
                self._ended()
                return
            again = self.eager and len(data) < self.bufferSize
            self.protocol.dataReceived(data)

    def _ended(self) -> None:
        self._finCame = True
        if self.witness is not None:
            self.witness.finCame()
        if not self.connected:
            return
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.readConnectionLost()
        else:
            self._close(_DONE)
        if self.connected:  # most are not any more
            self._want(self._mask & ~IN)

    def _writeOn(self) -> None:
        before = self._inPipe
        try:
            if before and self._pipe is not None:
                self._pipe.drain(self.fileno())
                if self._inPipe:
                    if self._inPipe < before:
                        self._wait(True)  # the producer may want to know that something went
                    return
            if self._waiting:
                self._waiting = self._waiting[self._socket.send(self._waiting) :]
        except OSError as why:
            if why.errno not in _FULL:
                self._broke()
            return
        if not self._waiting:
            self._want(self._mask & ~OUT)
            self._written()

    def _written(self) -> None:
        # Nothing waits any more.
        if not self.connected:
            return
        if self.producer is not None and (self.producerPaused or not self.streamingProducer):
            self.producerPaused = False
            self.producer.resumeProducing()
        elif self.disconnecting:
            self._close(_DONE)
        elif self._halfClosing:
            self._halfClose()

    def _halfClose(self) -> None:
        if self.witness is not None:
            self.witness.ending()
        if not self.connected:
            return
        self._halfClosing, self._halfClosed = False, True
        with suppress(OSError):  # it was reset already: reading will tell
            self._socket.shutdown(socket.SHUT_WR)
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.writeConnectionLost()

    def _wait(self, full: bool) -> None:
        # Until the kernel takes more; the producer too, if there is enough.
        if not self._mask & OUT:
            self._want(self._mask | OUT)
        if full and self.producer is not None and self.streamingProducer:
            self.producerPaused = True
            self.producer.pauseProducing()

    def _want(self, mask: int) -> None:
        if mask != self._mask:
            self._mask = mask
            self._loop.want(self._socket.fileno(), self, mask)

    @property
    def _inPipe(self) -> int:
        return 0 if self._pipe is None else self._pipe.inside

    @property
    def _unsent(self) -> bool:
        # Something waits, or is still to be asked for.
        pulls = self.producer is not None and not self.streamingProducer
        return bool(self._waiting or pulls or (self._pipe is not None and self._pipe.inside))

    def _broke(self) -> None:
        # A write has failed, and the kernel says so once.  What the peer said before is there
        # still: a server that refuses in mid-job often closes right behind its answer (3 of 75
        # answers were lost, measured).
        last = b""
        if self._mask & IN:
            with suppress(OSError):
                last = self._socket.recv(self.bufferSize)
        self._close(_LOST, last)

    def _close(self, reason: Failure, last: bytes = b"") -> None:
        if not self.connected:
            return
        self.connected = False
        self._mask = 0
        self.forget()
        self._loop.forget(self._socket.fileno())
        self._socket.close()
        if last:
            self._loop.soon(self.protocol.dataReceived, last)
        if self.producer is not None:
            self._loop.soon(self._stop)
        self._loop.soon(self._tell, reason)

    def _stop(self) -> None:
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.stopProducing()

    def _tell(self, reason: Failure) -> None:
        self.taker = self.witness = None
        over, self.over = self.over, None
        try:
            self.protocol.connectionLost(reason)
        finally:
            self.protocol = None  # which knows us
            if over is not None:
                over(reason)

    def _polled(self) -> int:
        if not self.connected:
            return select.POLLNVAL
        descriptor = self._socket.fileno()
        _poll.register(descriptor, PEER_CLOSED)
        found = _poll.poll(0)
        _poll.unregister(descriptor)
        return found[0][1] if found else 0


_PROVIDED = implementedBy(Stream)


class _BelowTLS:
    """A stream as TLS sees it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.write = partial(stream.write, below=True)
        self.loseConnection = stream.close
        self.registerProducer = stream.register
        self.unregisterProducer = stream.unregister

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@lru_cache(maxsize=64)
def address(found: tuple[Any, ...]) -> IPv4Address | IPv6Address:
    """
    An address as Twisted has it, of one as the kernel tells it.

    Kept for a while: our own and printers' come again, and each is asked for twice.
    """
    if len(found) == 2:
        return IPv4Address("TCP", *found)
    host, port, flow, scope = found
    if scope and "%" not in host:
        host, _ = socket.getnameinfo(found, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return IPv6Address("TCP", host, port, flow, scope)


def isPlain(transport: object) -> TypeGuard[Stream]:
    """Is it one of ours, and go its bytes to the socket as they are, with nothing between?"""
    return isinstance(transport, Stream) and not transport.TLS
