"""
Data connections: what flows over one, and who waits for it.

A data port serves one transfer with one peer: the host at the other end of the control connection
(RFC 959 section 3.3 lets any host connect; the FTP bounce attack is why nobody may).  Nothing is
read before there is a consumer, and its back-pressure stops the peer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from ..certificate import ServerCertificate
from ..errors import DataConnectionLost, HandshakeInClear
from ..interfaces import IKernelConsumer
from ..net.deadline import Deadline
from ..net.facts import realTransport
from ..net.pipe import PIPE_SIZES
from ..net.reactor import INetworkReactor
from ..net.stream import READ_SIZE, isPlain
from ..net.tuning import tune
from .dataconnection import DataConnection
from .gathering import Gathering
from .hello import beginsTLS

HEARING_TIME = 2.0
"""Seconds for a sender whose job was cut to read the reply before its data connection is closed:
lftp takes a reset that comes first for a broken line, and sends the job again (measured with
4.9.2)."""

TUNED_AFTER = 5.0
"""Seconds after which the kernel is to ask after a silent sender: most data connections do not live
so long, and are spared its options (chosen)."""


class DataTerms(NamedTuple):
    """
    What a session says of its data connections.

    @ivar idleTimeout: seconds after which a silent peer has had its chance; 0: never.
    @ivar tls: with which certificate the connection is encrypted, if it is.
    @ivar lenient: take an end without close_notify for the end of the file.
    """

    idleTimeout: float
    tls: ServerCertificate | None = None
    lenient: bool = False


Over = Callable[[DataConnectionLost | None], None]
"""Is told of the end of a transfer; L{None}: it is complete."""


@implementer(IPushProducer)
class DataPort:
    """
    One transfer's end of a data connection, and what flows over it; how the connection comes about
    is in L{jetdirect.ftp.dataports}.

    @ivar tls: with which certificate the connection is encrypted, if it is.
    @ivar lastActive: when a byte last moved, by the reactor's clock.
    @ivar begun: a transfer has the connection.
    @ivar blocked: the consumer takes no more for now, so the peer is not to blame.
    @ivar pieceSize: bytes that are read at a time; more than L{READ_SIZE
        <jetdirect.net.stream.READ_SIZE>} where so many have come at a time.
    """

    pieceSize = READ_SIZE

    def __init__(self, reactor: INetworkReactor, terms: DataTerms) -> None:
        self.tls = terms.tls
        self.begun = False
        self._terms = terms
        self._sending = False
        self._head: bytes | None = b"" if terms.tls is None else None
        self._early: list[bytes] = []
        self.blocked = False
        self.lastActive = reactor.seconds()
        self.reactor = reactor
        self._connection: DataConnection | None = None
        self._consumer: IConsumer | None = None
        self._kernel: IKernelConsumer | None = None
        self._gathering: Gathering | None = None
        self._over: Over | None = None
        self._closed: DataConnectionLost | None = None
        self._dismissed = False
        self._timer: Deadline | None = None

    @property
    def made(self) -> bool:
        """Is the connection there, if no transfer has it yet?"""
        return self._connection is not None

    # What a transfer does with it.

    def pourInto(self, consumer: IConsumer, over: Over) -> None:
        """
        Make the connection and pass what comes over it into C{consumer}, until the peer ends it.

        @param over: told when it has ended as a complete file ends; or of L{NoDataConnection}: it
            was never made, or of L{DataConnectionLost}: it ended otherwise.
        """
        self._over = over
        self._consumer = consumer
        self.blocked = False
        self.lastActive = self.reactor.seconds()
        consumer.registerProducer(self, True)
        self._begin(self._pour)

    def _pour(self, connection: DataConnection) -> None:
        consumer = self._consumer
        assert consumer is not None
        for data in self._early:
            consumer.write(data)
        self._early.clear()
        if isPlain(connection.transport):
            connection.transport.eager = True
        if self.pieceSize < READ_SIZE:
            realTransport(connection.transport).bufferSize = self.pieceSize
        if self._closed is None and connection.lost is None and not self.blocked:
            connection.transport.resumeProducing()

    def send(self, data: bytes, over: Over) -> None:
        """
        Make the connection, send C{data} and end it.

        @param over: told when the peer has it all; or of L{NoDataConnection}: it was never made, or
            of L{DataConnectionLost}: the peer did not take it all.
        """
        self._over = over
        self._begin(lambda connection: self._send(connection, data))

    def _send(self, connection: DataConnection, data: bytes) -> None:
        self._sending = True
        if connection.lost is None:
            connection.transport.resumeProducing()
            connection.transport.write(data)
            connection.transport.loseConnection()

    def release(self) -> bool:
        """
        The transfer is over, and its replies are sent.

        @return: it is still to be closed: the peer has its time to read the last one.
        """
        if not (self._dismissed or self._isOver):
            self.close()
        return self._dismissed

    def close(self, why: str = "the data connection was closed") -> None:
        """Be done with it, whatever state it is in; what is under way fails with C{why}."""
        if self._closed is None:
            self._closed = DataConnectionLost(why)
        if self._connection is not None and self._connection.lost is None:
            self._connection.transport.abortConnection()

    # IPushProducer: the consumer's back-pressure.

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        self.blocked = True
        if self._connection is not None and self._connection.lost is None:
            self._connection.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        self.blocked = False
        self.lastActive = self.reactor.seconds()
        if self._connection is not None and self._connection.lost is None:
            self._connection.transport.resumeProducing()

    def stopProducing(self) -> None:
        """L{IPushProducer}: what still comes is read and dropped, until the peer has the reply."""
        connection = self._connection
        if connection is None or connection.lost is not None or self._over is None:
            self.close()
            return
        self._dismiss(connection, DataConnectionLost("nothing more was wanted"))

    def _dismiss(self, connection: DataConnection, why: DataConnectionLost) -> None:
        self._closed = self._closed or why
        self._dismissed = True
        self.blocked = False
        if self._timer is not None:
            self._timer.cancel()
        self._timer = Deadline(self.reactor, HEARING_TIME, self._hadItsTime)
        connection.transport.resumeProducing()
        self._end(self._closed)

    # What the connection tells.

    def connectionMade(self, connection: DataConnection) -> None:
        """The connection is there, at rest."""
        self._connection = connection
        if self._closed is not None:
            connection.transport.abortConnection()

    def active(self) -> None:
        """Bytes have come, of which TLS may not have made any yet: a record may take its time."""
        self.lastActive = self.reactor.seconds()

    def received(self, data: bytes) -> None:
        """Bytes have come."""
        self.lastActive = self.reactor.seconds()
        if self._consumer is None:
            if not self.begun:
                self._early.append(data)  # in one piece with the end of TLS's handshake
        elif self._head is None:
            self._consumer.write(data)
            if len(data) == READ_SIZE < self.pieceSize and self._connection is not None:
                realTransport(self._connection.transport).bufferSize = self.pieceSize
        else:
            self._judge(data, self._consumer)

    def _judge(self, data: bytes, consumer: IConsumer) -> None:
        # Nothing is passed on before it is known to be no handshake.
        assert self._head is not None and self._connection is not None
        self._head += data
        isHandshake = beginsTLS(self._head)
        if isHandshake:
            self._head = b""
            why = "a TLS handshake came over a data connection that is not encrypted"
            remedy = "send AUTH TLS and PROT P first, or do without TLS"
            self._dismiss(self._connection, HandshakeInClear(f"{why}; {remedy}"))
        elif isHandshake is not None:
            self._passHead(consumer)
            if self._closed is None:
                self._stayInKernel(self._connection)

    def _passHead(self, consumer: IConsumer) -> None:
        head, self._head = self._head, None
        if head:
            consumer.write(head)

    def _stayInKernel(self, connection: DataConnection) -> None:
        consumer: Any = self._consumer
        self._kernel = consumer if IKernelConsumer.providedBy(consumer) else None
        if self._kernel is not None and isPlain(connection.transport):
            connection.transport.taker = self._takeIntoPipe

    def _takeIntoPipe(self, descriptor: int) -> int:
        if self._kernel is None:
            return 0
        taken = self._kernel.take(descriptor, PIPE_SIZES[0])
        if taken:
            if self._gathering is None:  # which a small job never needs
                assert self._connection is not None
                self._gathering = Gathering(self._connection.transport.getHandle(), self.reactor)
            self.lastActive = self.reactor.seconds()
            self._gathering.read(taken, self.lastActive)
        return taken

    def connectionEnded(self, reason: Failure) -> None:
        """
        The connection is over.

        Twisted tells a FIN, or close_notify under TLS (L{error.ConnectionDone}), from everything
        else, which is not the end of a file.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.begun or self._over is None:
            return
        # Under TLS: an end without close_notify.  It says nothing of what we sent; of what we were
        # sent it is the end only if the operator says so, and a reset never is.
        assert self._connection is not None
        plain = self._connection.plainEnd
        pardoned = plain and (self._sending or self._terms.lenient)
        if self._closed is not None:
            self._end(self._closed)
        elif isinstance(reason.value, error.ConnectionDone) or pardoned:
            if self._consumer is not None:
                self._passHead(self._consumer)  # the whole file; it is no ClientHello
            self._end(None)
        else:
            why = f"the data connection {self._connection.whyLost}"
            self._end(DataConnectionLost(why))

    # Inside.

    @property
    def _isOver(self) -> bool:
        # The connection was there, and is no more, as at every good end.
        return self._connection is not None and self._connection.lost is not None

    def _hadItsTime(self) -> None:
        self._timer = None
        self.close()

    def _made(self) -> Deferred[DataConnection]:
        # Fails with NoDataConnection.
        raise NotImplementedError

    def _begin(self, then: Callable[[DataConnection], None]) -> None:
        if self._connection is not None and self._closed is None:
            self._began(self._connection, then)
        else:
            self._made().addCallback(self._began, then).addErrback(self._notBegun)

    def _began(self, connection: DataConnection, then: Callable[[DataConnection], None]) -> None:
        self.begun = True
        self.lastActive = self.reactor.seconds()
        if connection.lost is None and self._terms.idleTimeout:
            first = min(self._terms.idleTimeout, TUNED_AFTER)
            self._timer = Deadline(self.reactor, first, self._lookForIdleness)
        elif connection.lost is None:
            tune(connection.transport)
        then(connection)
        if connection.lost is not None:
            self.connectionEnded(connection.lost)

    def _notBegun(self, failure: Failure) -> Failure | None:
        error = failure.value
        if not isinstance(error, DataConnectionLost):
            return failure
        self._end(error)
        return None

    def _end(self, error: DataConnectionLost | None) -> None:
        over, self._over = self._over, None
        if over is None:
            return
        consumer, self._consumer, self._kernel = self._consumer, None, None
        if self._gathering is not None:
            self._gathering.stop()
        if consumer is not None:
            consumer.unregisterProducer()
        over(error)

    def _lookForIdleness(self) -> None:
        assert self._connection is not None
        tune(self._connection.transport)
        limit = self._terms.idleTimeout
        silent = 0.0 if self.blocked else self.reactor.seconds() - self.lastActive
        if silent >= limit:
            self._timer = None
            self.close(f"nothing came over the data connection for {limit:g} s")
        else:
            self._timer = Deadline(self.reactor, limit - silent, self._lookForIdleness)
