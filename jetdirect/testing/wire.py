"""
One end of a TCP connection that exists only in memory.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from ..net.facts import ITCPFacts, Silence


@implementer(ITCPFacts)
class MemoryWire(StringTransport):
    """
    The transport of a protocol under test, and the peer at its other end.

    What the protocol writes is in C{value()}.  The peer's part is played by C{receive}, C{fin} and
    C{rst}.

    @ivar connected: C{False} when the protocol was told that the connection is lost.
    @ivar halfClosed: the protocol has ended its direction.
    @ivar gone: C{closedByPeer} says so before the protocol is told.
    @ivar inFlight: what C{unacknowledged} answers.
    @ivar silent: what C{silence} answers.
    """

    def __init__(self, protocol: IProtocol, **addresses: Any) -> None:
        super().__init__(**addresses)
        self.protocol = protocol
        self.connected = True
        self.halfClosed = False
        self.gone = False
        self.inFlight = 0
        self.silent: Silence | None = None
        self._pending: list[bytes] = []
        self._fin = False
        protocol.makeConnection(self)

    # The peer's part.

    def receive(self, data: bytes) -> None:
        """The peer sends C{data}; a paused protocol gets it when it resumes."""
        self._pending.append(data)
        self._deliver()

    def fin(self) -> None:
        """The peer ends its direction."""
        self.gone = self._fin = True
        self._deliver()

    def rst(self) -> None:
        """The peer resets the connection: what it sent and was not read yet is lost."""
        self.gone = True
        self._pending.clear()
        self._lost(ConnectionLost())

    def said(self) -> bytes:
        """What the protocol has written since the last call."""
        written: bytes = self.value()
        self.clear()
        return written

    # The protocol's part, where StringTransport has none.

    def write(self, data: bytes) -> None:
        """L{ITransport<twisted.internet.interfaces.ITransport>}."""
        if self.connected and not self.halfClosed:
            super().write(data)

    def setTcpNoDelay(self, enabled: bool) -> None:
        """L{ITCPTransport<twisted.internet.interfaces.ITCPTransport>}."""

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """L{ITCPTransport<twisted.internet.interfaces.ITCPTransport>}."""

    def resumeProducing(self) -> None:
        """L{IPushProducer<twisted.internet.interfaces.IPushProducer>}."""
        super().resumeProducing()
        self._deliver()

    def loseWriteConnection(self) -> None:
        """L{ITCPTransport<twisted.internet.interfaces.ITCPTransport>}."""
        if not self.halfClosed:
            self.halfClosed = True
            if IHalfCloseableProtocol.providedBy(self.protocol):
                self.protocol.writeConnectionLost()

    def loseConnection(self) -> None:
        """L{ITransport<twisted.internet.interfaces.ITransport>}."""
        self._lost(ConnectionDone())

    def abortConnection(self) -> None:
        """L{ITCPTransport<twisted.internet.interfaces.ITCPTransport>}."""
        self._lost(ConnectionAborted())

    # ITCPFacts

    def closedByPeer(self) -> bool:
        """L{ITCPFacts}."""
        return self.gone

    def reset(self) -> bool:
        """L{ITCPFacts}."""
        return not self.connected

    def unacknowledged(self) -> int:
        """L{ITCPFacts}."""
        return self.inFlight

    def unread(self) -> int:
        """L{ITCPFacts}."""
        return sum(map(len, self._pending))

    def silence(self) -> Silence | None:
        """L{ITCPFacts}."""
        return self.silent

    # Inside.

    def _deliver(self) -> None:
        while self._pending and self.connected and self.producerState == "producing":
            self.protocol.dataReceived(self._pending.pop(0))
        if self._fin and not self._pending and self.producerState == "producing":
            self._fin = False
            if IHalfCloseableProtocol.providedBy(self.protocol):
                self.protocol.readConnectionLost()
            else:
                self._lost(ConnectionDone())

    def _lost(self, why: Exception) -> None:
        if self.connected:
            self.connected = False
            self.disconnecting = True
            if self.producer is not None:
                self.producer.stopProducing()
            self.protocol.connectionLost(Failure(why))
