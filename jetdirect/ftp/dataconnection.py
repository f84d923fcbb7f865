"""
A data connection itself: at rest until a transfer begins, and sure of how it ended.
"""

from __future__ import annotations

from typing import Any
from typing import Protocol as Contract

from twisted.internet import error
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..certificate import ServerCertificate
from ..net.facts import IWire
from ..net.gaps import beneathTLS, passOn
from ..net.orderly import believeOnlyFIN, saidGoodbye
from ..net.tuning import takeUrgentInLine, tune
from .hello import beginsTLS
from .records import RecordBoundaries


class Flow(Contract):
    """
    What goes on over a data connection, as the connection knows it.

    @ivar tls: with which certificate it is encrypted, if it is.
    @ivar dials: it is this end that made the TCP connection.
    @ivar begun: a transfer has the connection.
    """

    tls: ServerCertificate | None
    dials: bool
    begun: bool

    def connectionMade(self, connection: DataConnection) -> None:
        """The connection is there, at rest."""

    def received(self, data: bytes) -> None:
        """Bytes have come."""

    def connectionEnded(self, reason: Failure) -> None:
        """The connection is over."""


@implementer(IHandshakeListener, IHalfCloseableProtocol)
class DataConnection(Protocol):
    """
    One data connection, and the L{DataPort<jetdirect.ftp.data.DataPort>} it is for.

    @ivar lost: its end.
    @ivar plainEnd: under TLS: it ended with a FIN behind a whole record, without close_notify.
    """

    transport: IWire

    def __init__(self, port: Flow) -> None:
        self._port = port
        self.lost: Failure | None = None
        self.plainEnd = False
        self._encrypted = False
        self._head = b""

    def connectionMade(self) -> None:
        tune(self.transport)
        takeUrgentInLine(self.transport)
        passOn(self)
        believeOnlyFIN(self.transport)
        if self._port.tls is None:
            self._rest()
        else:
            # The gateway is the server of TLS, whoever dialled (RFC 4217, section 7).
            tls, normal = self._port.tls, not self._port.dials
            self.transport.startTLS(tls.options, normal)
            self._lookBelowTLS(self.transport)
        self._port.connectionMade(self)

    def handshakeCompleted(self) -> None:
        """L{IHandshakeListener}: only the handshake may go on before there is a transfer."""
        self._encrypted = True
        self._rest()

    @property
    def whyLost(self) -> str:
        """What to say of an end that is none of a complete file."""
        if self.plainEnd:
            return "ended without close_notify"
        if self._port.tls is None or self._encrypted:
            return "was reset"
        if not self._head:
            return "ended before its TLS handshake"
        if beginsTLS(self._head) is False:
            return "was not encrypted, as PROT P wants it"
        return "ended in its TLS handshake"

    def _lookBelowTLS(self, transport: Any) -> None:
        # TLS makes a loss of every end without close_notify; was it at least a FIN, after a whole
        # record?  And was it TLS at all?
        boundaries = RecordBoundaries()

        def came(data: bytes) -> None:
            if beginsTLS(self._head) is None:
                self._head += data
            boundaries.feed(data)

        def over(reason: Failure) -> None:
            inOrder = boundaries.between and reason.check(error.ConnectionDone) is not None
            self.plainEnd = self._encrypted and inOrder

        beneathTLS(transport, came, over)

    def _rest(self) -> None:
        if not self._port.begun:
            self.transport.pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        self._port.received(data)

    def readConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}: the peer's FIN; what is on its way to it still goes out."""
        self._end(Failure(error.ConnectionDone()))
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._encrypted and saidGoodbye(self.transport):
            reason = Failure(error.ConnectionDone())
        self._end(reason)

    def _end(self, reason: Failure) -> None:
        if self.lost is None:
            self.lost = reason
            self._port.connectionEnded(reason)
