"""
A port in memory that a transport connects to, and the other end of its connections.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from jetdirect.testing import MemoryWire


class Wire(MemoryWire):
    """
    A connection to a server.

    @ivar aborted: it was not closed in order.
    """

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = self.aborted or self.connected
        super().abortConnection()


@implementer(IStreamClientEndpoint)
class Endpoint:
    """
    A server's port.

    @ivar wires: the connections so far.
    @ivar pending: connections that are being made; L{None}: they are made at once.
    @ivar stubborn: they cannot be canceled.
    @ivar refusals: how the next ones fail.
    """

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.pending: list[tuple[IProtocolFactory, Deferred[Any]]] | None = None
        self.stubborn = False
        self.refusals: list[Exception] = []

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        if self.refusals:
            return fail(self.refusals.pop(0))
        made = self._stubborn() if self.stubborn else Deferred(self._refuse)
        if self.pending is not None:
            self.pending.append((protocolFactory, made))
        else:
            self._make(protocolFactory, made)
        return made

    @staticmethod
    def _refuse(made: Deferred[Any]) -> None:
        made.errback(ConnectionRefusedError())

    @staticmethod
    def _stubborn() -> Deferred[Any]:
        made: Deferred[Any] = Deferred()
        made.cancel = lambda: None  # type: ignore[method-assign]
        return made

    def _make(self, factory: IProtocolFactory, made: Deferred[Any]) -> None:
        protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.5", 515))
        assert protocol is not None
        self.wires.append(Wire(protocol))
        made.callback(protocol)

    def makeNow(self) -> None:
        """The other end has answered."""
        assert self.pending is not None
        for factory, made in self.pending:
            if not made.called:
                self._make(factory, made)
        self.pending = None
