"""
TCP of our own on a reactor: L{IReactorTCP<twisted.internet.interfaces.IReactorTCP>} by
L{Stream<jetdirect.net.stream.Stream>}s; everything else is the reactor's.

Reactors that do not wait for the kernel's descriptors, such as those in memory, stay as they are,
and so do Twisted's transports where they come from elsewhere (Unix sockets, C{ssl:}): everything
works on them, but the kernel path.
"""

from __future__ import annotations

import select
from socket import socket
from typing import Any
from weakref import WeakKeyDictionary

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IReactorTCP,
    IStreamClientEndpoint,
)
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.protocol import ServerFactory
from zope.interface import directlyProvides, implementer, providedBy

from .agenda import Agenda
from .dialing import TIMEOUT, AddressEndpoint, Connector
from .events import Events
from .listener import Listener, Reserve
from .reactor import IGatewayReactor
from .stream import Stream
from .tuning import BACKLOG


@implementer(IReactorTCP)
class Network:
    """A reactor whose TCP connections are ours."""

    def __init__(self, reactor: IGatewayReactor) -> None:
        """@param reactor: waits for descriptors."""
        directlyProvides(self, providedBy(reactor))
        self._reactor = reactor
        self._events = Events(reactor)
        self._reserve = Reserve(reactor)
        self.callLater = Agenda(reactor).callLater
        self.seconds = reactor.seconds  # L{jetdirect.net.gaps.tellTimeSteadily} sets both

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    # IReactorTCP

    def listenTCP(
        self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """L{IReactorTCP}."""
        return self.listen(port, factory, backlog, interface)

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: Any,
        timeout: float = TIMEOUT,
        bindAddress: tuple[str, int] | None = None,
    ) -> Any:
        """L{IReactorTCP}: names are looked up by the reactor's own."""
        if not (isIPAddress(host) or isIPv6Address(host)):
            return self._reactor.connectTCP(host, port, factory, timeout, bindAddress)
        connector = Connector(
            self._events,
            self._reactor,
            factory,
            (host, port),
            timeout=timeout,
            source=bindAddress,
        )
        connector.connect()
        return connector

    # Besides.

    def listen(
        self,
        port: int,
        factory: IProtocolFactory,
        backlog: int = BACKLOG,
        interface: str = "",
        quiet: bool = False,
    ) -> Listener:
        """
        As C{listenTCP}.

        @param quiet: the log is not to say when it begins and ends.
        """
        listener = Listener(self._events, self._reactor, self._reserve, factory, quiet)
        listener.bind(port, interface, backlog)
        return listener

    def adopt(self, sock: socket, protocol: IProtocol) -> None:
        """
        Take over a connection that there is, such as one end of a socketpair.

        @param sock: is closed at its end.
        """
        sock.setblocking(False)
        Stream(sock, self._events, ("", 0), tuned=True).begin(protocol)

    def endpoint(
        self,
        host: str,
        port: int,
        source: tuple[str, int] | None = None,
        shared: bool = False,
    ) -> IStreamClientEndpoint:
        """An endpoint for a numeric address; see L{Dialing<jetdirect.net.dialing.Dialing>}."""
        return AddressEndpoint(self._events, self._reactor, host, port, source, shared)


_networks: WeakKeyDictionary[object, Network] = WeakKeyDictionary()


def networkOf(reactor: object) -> IGatewayReactor:
    """
    The network of a reactor; the reactor itself if it does not wait for real descriptors.

    @param reactor: one of Twisted's, or a network: its type need not say all that it provides.
    """
    found: Any = reactor
    if isinstance(reactor, PosixReactorBase) and hasattr(select, "epoll"):
        if reactor not in _networks:
            _networks[reactor] = Network(found)
        found = _networks[reactor]
    network: IGatewayReactor = found
    return network


def listen(
    reactor: IReactorTCP, port: int, factory: ServerFactory, interface: str
) -> IListeningPort:
    """
    Listen for a moment, of which nobody has to read in the log.

    @param port: the TCP port; 0: any free one.
    @raise CannotListenError: it is not free, or there is no descriptor left.
    """
    if isinstance(reactor, Network):
        return reactor.listen(port, factory, interface=interface, quiet=True)
    return reactor.listenTCP(port, factory, BACKLOG, interface)
