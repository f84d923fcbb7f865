"""
Data connections: where one will come from, and what flows over it.

A data port serves one transfer with one peer: the host at the other end of the control connection
(RFC 959 section 3.3 lets any host connect; the FTP bounce attack is why nobody may).  Nothing is
read before there is a consumer, and its back-pressure stops the peer.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IListeningPort,
    IPushProducer,
    IReactorTCP,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..certificate import ServerCertificate
from ..deadline import Deadline, within
from ..errors import DataConnectionLost, NoDataConnection
from ..interfaces import IKernelConsumer
from ..orderly import believeOnlyFIN, saidGoodbye
from ..splice import PIPE_SIZES, readInKernel
from ..tcp import cancelLater, isPlain, passOn, tune
from .address import isIPv6, plainHost
from .gathering import Gathering
from .records import RecordBoundaries

CONNECT_TIMEOUT = 30.0
"""Seconds a data connection may take to be made, as in pyftpdlib; vsftpd gives it 60."""

HEARING_TIME = 2.0
"""Seconds in which a sender whose job was cut can hear why before its data connection is: lftp
takes a reset that comes first for a broken line, and sends the job again (measured with 4.9.2)."""


class IDataReactor(IReactorTCP, IReactorTime):
    """What a data port needs of a reactor."""


@implementer(IHandshakeListener, IHalfCloseableProtocol)
class DataConnection(Protocol):
    """The connection itself; it keeps still until a transfer begins."""

    transport: ITCPTransport

    def __init__(self, port: DataPort) -> None:
        self._port = port
        self.lost: Failure | None = None
        self.plainEnd = False
        self._encrypted = False

    def connectionMade(self) -> None:
        tune(self.transport)
        passOn(self)
        believeOnlyFIN(self.transport)
        if self._port.tls is None:
            self._rest()
        else:
            # The gateway is the server of TLS, whoever dialled (RFC 4217, section 7).
            tls, normal = self._port.tls, not self._port.dials
            self.transport.startTLS(tls.options, normal)  # type: ignore[attr-defined]
            self._noticePlainEnd(self.transport)
        self._port.connectionMade(self)

    def handshakeCompleted(self) -> None:
        """L{IHandshakeListener}: only the handshake may go on before there is a transfer."""
        self._encrypted = True
        self._rest()

    def _noticePlainEnd(self, transport: Any) -> None:
        # TLS makes a loss of every end without close_notify; was it at least a FIN, after a whole
        # record?
        layer = transport.protocol
        received, told, boundaries = layer.dataReceived, layer.connectionLost, RecordBoundaries()

        def dataReceived(data: bytes) -> None:
            boundaries.feed(data)
            received(data)

        def connectionLost(reason: Failure) -> None:
            inOrder = boundaries.between and reason.check(error.ConnectionDone) is not None
            self.plainEnd = self._encrypted and inOrder
            told(reason)

        layer.dataReceived, layer.connectionLost = dataReceived, connectionLost

    def _rest(self) -> None:
        if not self._port.begun:
            self.transport.pauseProducing()  # type: ignore[attr-defined]

    def dataReceived(self, data: bytes) -> None:
        self._port.received(data)

    def readConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}: the peer's FIN; what is on its way to it still goes out."""
        self._over(Failure(error.ConnectionDone()))
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._encrypted and saidGoodbye(self.transport):
            reason = Failure(error.ConnectionDone())
        self._over(reason)

    def _over(self, reason: Failure) -> None:
        if self.lost is None:
            self.lost = reason
            self._port.connectionEnded(reason)


@implementer(IPushProducer)
class DataPort:
    """
    One end of a data connection that does not exist yet; L{PassivePort} and L{ActivePort} make it.

    @ivar idleTimeout: seconds after which a silent peer has had its chance; 0: never.
    @ivar lastActive: when a byte last moved, by the reactor's clock.
    @ivar dials: it is this end that makes the TCP connection.
    @ivar tls: with which certificate the connection is encrypted, if it is.
    @ivar begun: a transfer has the connection.
    @ivar blocked: the consumer takes no more for now, so that the peer is not to blame.
    """

    dials = False

    def __init__(
        self,
        reactor: IDataReactor,
        idleTimeout: float,
        tls: ServerCertificate | None = None,
        lenient: bool = False,
    ) -> None:
        self.idleTimeout = idleTimeout
        self.tls = tls
        self.begun = False
        self._lenient = lenient
        self._sending = False
        self._early: list[bytes] = []
        self.blocked = False
        self.lastActive = reactor.seconds()
        self.reactor = reactor
        self._connection: DataConnection | None = None
        self._connecting: Deferred[DataConnection] | None = None
        self._consumer: IConsumer | None = None
        self._kernel: IKernelConsumer | None = None
        self._gathering: Gathering | None = None
        self._ended: Deferred[None] = Deferred()
        self._closed: DataConnectionLost | None = None
        self._dismissed = False
        self._timer: Deadline | None = None

    # What a transfer does with it.

    async def pourInto(self, consumer: IConsumer) -> None:
        """
        Make the connection and pass what comes over it into C{consumer}, until the peer ends it.

        @raise NoDataConnection: it was never made.
        @raise DataConnectionLost: it ended otherwise than a complete file ends.
        """
        self._consumer = consumer
        self.blocked = False
        self.lastActive = self.reactor.seconds()
        consumer.registerProducer(self, True)
        try:
            connection = await self._connected()
            for data in self._early:
                consumer.write(data)
            self._early.clear()
            self._kernel = IKernelConsumer(consumer, None)
            if self._kernel is not None and isPlain(connection.transport):
                self._gathering = Gathering(connection.transport.getHandle(), self.reactor)  # type: ignore[attr-defined]
                readInKernel(connection.transport, self._take)
            if self._closed is None and connection.lost is None and not self.blocked:
                connection.transport.resumeProducing()  # type: ignore[attr-defined]
            await self._ended
        finally:
            self._consumer = self._kernel = None
            if self._gathering is not None:
                self._gathering.stop()
            consumer.unregisterProducer()

    async def send(self, data: bytes) -> None:
        """
        Make the connection, send C{data} and end it.

        @raise NoDataConnection: it was never made.
        @raise DataConnectionLost: the peer did not take it all.
        """
        connection = await self._connected()
        self._sending = True
        if connection.lost is None:
            connection.transport.resumeProducing()  # type: ignore[attr-defined]
            connection.transport.write(data)
            connection.transport.loseConnection()
        await self._ended

    def release(self) -> None:
        """The transfer is over, and its replies are sent."""
        if not self._dismissed:
            self.close()

    def close(self, why: str = "the data connection was closed") -> None:
        """Be done with it, whatever state it is in; what is under way fails with C{why}."""
        if self._closed is None:
            self._closed = DataConnectionLost(why)
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None and self._connection.lost is None:
            self._connection.transport.abortConnection()

    # IPushProducer: the consumer's back-pressure.

    def pauseProducing(self) -> None:
        """L{IPushProducer}."""
        self.blocked = True
        if self._connection is not None and self._connection.lost is None:
            self._connection.transport.pauseProducing()  # type: ignore[attr-defined]

    def resumeProducing(self) -> None:
        """L{IPushProducer}."""
        self.blocked = False
        self.lastActive = self.reactor.seconds()
        if self._connection is not None and self._connection.lost is None:
            self._connection.transport.resumeProducing()  # type: ignore[attr-defined]

    def stopProducing(self) -> None:
        """L{IPushProducer}: the peer is heard out, to no end, so that it can hear why."""
        connection = self._connection
        if connection is None or connection.lost is not None or self._ended.called:
            self.close()
            return
        self._closed = self._closed or DataConnectionLost("nothing more was wanted")
        self._dismissed = True
        self.blocked = False
        if self._timer is not None:
            self._timer.cancel()
        self._timer = Deadline(self.reactor, HEARING_TIME, self._dismiss)
        connection.transport.resumeProducing()  # type: ignore[attr-defined]
        self._ended.errback(self._closed)

    # What the connection tells.

    def connectionMade(self, connection: DataConnection) -> None:
        """The connection is there, at rest."""
        self._connection = connection
        if self._closed is not None:
            connection.transport.abortConnection()

    def received(self, data: bytes) -> None:
        """Bytes have come."""
        self.lastActive = self.reactor.seconds()
        if self._consumer is not None:
            self._consumer.write(data)
        elif not self.begun:
            self._early.append(data)  # what came in one piece with the end of TLS's handshake

    def _take(self, descriptor: int) -> int:
        if self._kernel is None or self._gathering is None:
            return 0
        taken = self._kernel.take(descriptor, PIPE_SIZES[0])
        if taken:
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
        if not self.begun or self._ended.called:
            return
        # Under TLS: an end without close_notify.  It says nothing of what we sent; of what we were
        # sent it is believed only if the operator says so, and never a reset.
        plain = self._connection is not None and self._connection.plainEnd
        pardoned = plain and (self._sending or self._lenient)
        if self._closed is not None:
            self._ended.errback(self._closed)
        elif reason.check(error.ConnectionDone) or pardoned:
            self._ended.callback(None)
        else:
            why = "ended without close_notify" if plain else "was reset"
            self._ended.errback(DataConnectionLost(f"the data connection {why}"))

    # Inside.

    def _dismiss(self) -> None:
        self._timer = None
        self.close()

    def _make(self) -> Deferred[DataConnection]:
        # Must be cancelable.
        raise NotImplementedError

    async def _connected(self) -> DataConnection:
        try:
            if self._closed is not None:
                raise CancelledError()
            self._connecting = self._make()
            connection = await within(self._connecting, CONNECT_TIMEOUT, self.reactor)
        except TimeoutError:
            why = f"the data connection was not made within {CONNECT_TIMEOUT:g} s"
            raise NoDataConnection(why) from None
        except (CancelledError, error.ConnectingCancelledError):
            raise NoDataConnection("the data connection was closed before it was used") from None
        except error.ConnectError as failed:
            raise NoDataConnection("the data connection could not be made") from failed
        finally:
            self._connecting = None
        self.begun = True
        self.lastActive = self.reactor.seconds()
        if connection.lost is not None:
            self.connectionEnded(connection.lost)
        elif self.idleTimeout:
            self._timer = Deadline(self.reactor, self.idleTimeout, self._lookForIdleness)
        return connection

    def _lookForIdleness(self) -> None:
        silent = 0.0 if self.blocked else self.reactor.seconds() - self.lastActive
        if silent >= self.idleTimeout:
            self._timer = None
            self.close(f"nothing came over the data connection for {self.idleTimeout:g} s")
        else:
            left = self.idleTimeout - silent
            self._timer = Deadline(self.reactor, left, self._lookForIdleness)


class PassivePort(DataPort, ServerFactory):
    """
    PASV and EPSV: listen for the peer, and for nobody else.

    @ivar number: the TCP port to announce.
    """

    noisy = False
    _log = Logger()

    def __init__(
        self,
        reactor: IDataReactor,
        idleTimeout: float,
        interface: str,
        peer: str,
        ports: Sequence[int] = (),
        tls: ServerCertificate | None = None,
        lenient: bool = False,
    ) -> None:
        """
        @param interface: the control connection's own local address.
        @param peer: the only host that may connect.
        @param ports: the ports to choose from, at random; by default the system chooses.
        @param tls: encrypt with this certificate.
        @param lenient: believe an end without close_notify.
        @raise error.CannotListenError: there is no free port.
        """
        super().__init__(reactor, idleTimeout, tls, lenient)
        self._peer = peer
        self._waiter: Deferred[DataConnection] = Deferred()
        self._listener: IListeningPort | None = self._listen(interface, ports or [0])
        self.number: int = self._listener.getHost().port  # type: ignore[attr-defined]

    def _listen(self, interface: str, ports: Sequence[int]) -> IListeningPort:
        # Predictable ports would tell other hosts what goes on, and where to be first.
        start = secrets.randbelow(len(ports))
        for offset in range(len(ports)):
            number = ports[(start + offset) % len(ports)]
            try:
                return self.reactor.listenTCP(number, self, interface=interface)
            except error.CannotListenError as taken:
                last = taken
        raise last

    @property
    def listening(self) -> bool:
        """Is the peer still expected?"""
        return self._listener is not None

    def buildProtocol(self, addr: IAddress | None) -> DataConnection | None:
        """The first connection from the peer is the one; all others are dropped."""
        host = plainHost(getattr(addr, "host", ""))
        if host != self._peer or self._listener is None:
            self._log.warn("data connection from {host} refused", host=host)
            return None
        self._stopListening()
        return DataConnection(self)

    def connectionMade(self, connection: DataConnection) -> None:
        """The peer has come."""
        super().connectionMade(connection)
        if not self._waiter.called:
            self._waiter.callback(connection)

    def close(self, why: str = "the data connection was closed") -> None:
        """Also stop listening."""
        self._stopListening()
        super().close(why)

    def _make(self) -> Deferred[DataConnection]:
        return succeed(self._connection) if self._connection is not None else self._waiter

    def _stopListening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stopListening()


class ActivePort(DataPort):
    """PORT and EPRT: dial the peer, when the transfer begins and not before."""

    dials = True

    def __init__(
        self,
        reactor: IDataReactor,
        idleTimeout: float,
        interface: str,
        peer: str,
        number: int,
        tls: ServerCertificate | None = None,
        lenient: bool = False,
    ) -> None:
        """
        @param interface: the control connection's own local address; the port is any.
        @param peer: the host at the other end of the control connection.
        @param number: where it says that it listens.
        """
        super().__init__(reactor, idleTimeout, tls, lenient)
        endpoint = TCP6ClientEndpoint if isIPv6(peer) else TCP4ClientEndpoint
        self._endpoint = endpoint(reactor, peer, number, bindAddress=(interface, 0))

    def _make(self) -> Deferred[DataConnection]:
        factory = Factory.forProtocol(lambda: DataConnection(self))
        factory.noisy = False
        return cancelLater(self.reactor, self._endpoint.connect(factory))
