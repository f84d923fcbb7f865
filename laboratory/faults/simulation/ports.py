"""
How connections come about: listening ports and connectors of the gateway.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConnector, IListeningPort
from twisted.python.failure import Failure
from zope.interface import implementer

from .kernel import End
from .wire import address

if TYPE_CHECKING:
    from .reactor import SimulatedReactor


@implementer(IListeningPort)
class Listener:
    """A listening port of the gateway: connections wait until the reactor looks."""

    def __init__(self, reactor: SimulatedReactor, number: int, factory: Any, host: str) -> None:
        self._reactor = reactor
        self._factory = factory
        self._address = address(host, number)
        self._waiting: list[End] = []
        factory.doStart()

    @property
    def readable(self) -> bool:
        """Somebody waits."""
        return bool(self._waiting)

    def syn(self, end: End) -> None:
        """A connection is there, for the kernel."""
        self._waiting.append(end)

    def accept(self) -> None:
        """Make protocols of those who wait."""
        while self._waiting:
            end = self._waiting.pop(0)
            if self._reactor.exhausted:
                end.close()  # as Twisted does, with the descriptor that it keeps for this
                continue
            protocol = self._factory.buildProtocol(address(end.peer.host, end.peer.port))
            if protocol is None:
                end.close()
            else:
                self._reactor.begin(end, protocol)

    def getHost(self) -> IPv4Address | IPv6Address:
        """L{IListeningPort}."""
        return self._address

    def startListening(self) -> None:
        """L{IListeningPort}: it does."""

    def stopListening(self) -> Deferred[None]:
        """L{IListeningPort}: who was not accepted yet gets a RST."""
        if self._reactor.listeners.pop(self._address.port, None) is not None:
            for end in self._waiting:
                end.reset()
            self._waiting.clear()
            self._factory.doStop()
        return succeed(None)


@implementer(IConnector)
class Connector:
    """One attempt of the gateway to connect to somebody."""

    def __init__(
        self, reactor: SimulatedReactor, host: str, port: int, factory: Any, timeout: float
    ) -> None:
        self._reactor = reactor
        self._factory = factory
        self._destination = address(host, port)
        self._over = False
        factory.doStart()
        self._timer = reactor.callLater(timeout, self._fail, error.TimeoutError())
        factory.startedConnecting(self)

    def established(self, end: End) -> None:
        """The kernel has the connection."""
        if self._over:
            end.reset()
            return
        self._end()
        protocol = self._factory.buildProtocol(self._destination)
        if protocol is None:
            end.close()
            return
        self._reactor.begin(end, protocol, dialled=True)

    def refused(self) -> None:
        """The kernel got a RST for its SYN."""
        if not self._over:
            self._fail(error.ConnectionRefusedError())

    def noDescriptor(self) -> None:
        """There is no socket to be had."""
        if not self._over:
            self._fail(error.ConnectBindError(errno.EMFILE, "Too many open files"))

    def stopConnecting(self) -> None:
        """L{IConnector}."""
        if self._over:
            raise error.NotConnectingError("we're not trying to connect")
        self._fail(error.UserError())

    def disconnect(self) -> None:
        """L{IConnector}."""
        self.stopConnecting()

    def connect(self) -> None:
        """L{IConnector}: once is enough here."""

    def getDestination(self) -> IPv4Address | IPv6Address:
        """L{IConnector}."""
        return self._destination

    def _fail(self, why: Exception) -> None:
        self._end()
        self._factory.clientConnectionFailed(self, Failure(why))

    def _end(self) -> None:
        self._over = True
        if self._timer.active():
            self._timer.cancel()
