"""
A data connection itself: at rest until a transfer begins, and sure of how it ended.
"""

from __future__ import annotations

from typing import Protocol as Contract

from twisted.internet import error
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..certificate import ServerCertificate
from ..net.belowtls import serveTLS
from ..net.facts import IWire, endsInOrder, saidGoodbye
from ..net.tuning import takeUrgentInLine
from .hello import beginsTLS
from .records import RecordBoundaries


class Flow(Contract):
    """
    What goes on over a data connection, as the connection knows it.

    @ivar tls: with which certificate it is encrypted, if it is.
    @ivar begun: a transfer has the connection.
    """

    tls: ServerCertificate | None
    begun: bool

    def connectionMade(self, connection: DataConnection) -> None:
        """The connection is there, at rest."""

    def active(self) -> None:
        """Something has come below TLS."""

    def received(self, data: bytes) -> None:
        """Bytes have come."""

    def connectionEnded(self, reason: Failure) -> None:
        """The connection is over."""


@implementer(IHalfCloseableProtocol)
class DataConnection(Protocol):
    """
    One data connection, and the L{DataPort<jetdirect.ftp.data.DataPort>} it is for.

    @ivar lost: its end.
    @ivar plainEnd: under TLS: it ended with a FIN behind a whole record, without close_notify.
    """

    transport: IWire
    plainEnd = False

    def __init__(self, port: Flow) -> None:
        self._port = port
        self.lost: Failure | None = None

    def connectionMade(self) -> None:
        takeUrgentInLine(self.transport)
        self._rest()
        self._port.connectionMade(self)

    @property
    def whyLost(self) -> str:
        """What to say of an end that is none of a complete file."""
        return "was reset"

    def _rest(self) -> None:
        if not self._port.begun:
            self.transport.pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        self._port.received(data)

    def readConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}: the peer's FIN; what is on its way to it still goes out."""
        if not endsInOrder(self.transport):
            self.transport.abortConnection()
            return
        self._end(connectionDone)
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._end(reason)
        del self._port  # which knows us

    def _end(self, reason: Failure) -> None:
        if self.lost is None:
            self.lost = reason
            self._port.connectionEnded(reason)


@implementer(IHandshakeListener)
class SecureDataConnection(DataConnection):
    """
    The same under TLS, which makes a loss of every end without close_notify.

    Was it at least a FIN, after a whole record?  And was it TLS at all?
    """

    def __init__(self, port: Flow) -> None:
        super().__init__(port)
        self._encrypted = False
        self._head = b""
        self._boundaries = RecordBoundaries()

    def _rest(self) -> None:
        # Only the handshake may go on before there is a transfer.
        if self._encrypted:
            super()._rest()

    def handshakeCompleted(self) -> None:
        """L{IHandshakeListener}."""
        self._encrypted = True
        self._rest()

    def came(self, data: bytes) -> None:
        """L{Watcher<jetdirect.net.belowtls.Watcher>}."""
        if beginsTLS(self._head) is None:
            self._head += data
        self._boundaries.feed(data)
        self._port.active()

    def over(self, inOrder: bool) -> None:
        """L{Watcher<jetdirect.net.belowtls.Watcher>}."""
        self.plainEnd = self._encrypted and inOrder and self._boundaries.between

    @property
    def whyLost(self) -> str:
        """What to say of an end that is none of a complete file."""
        if self.plainEnd:
            return "ended without close_notify"
        if self._encrypted:
            return super().whyLost
        if not self._head:
            return "ended before its TLS handshake"
        if beginsTLS(self._head) is False:
            return "was not encrypted, as PROT P wants it"
        return "ended in its TLS handshake"

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._encrypted and saidGoodbye(self.transport):
            reason = Failure(error.ConnectionDone())
        super().connectionLost(reason)


def connectionFor(port: Flow) -> Protocol:
    """
    A data connection as C{port} wants it.

    The gateway is the server of TLS, whoever dialled (RFC 4217, section 7).
    """
    if port.tls is None:
        return DataConnection(port)
    connection = SecureDataConnection(port)
    return serveTLS(connection, port.tls.options, connection)
