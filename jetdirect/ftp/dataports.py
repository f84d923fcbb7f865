"""
How data connections come about: PASV and EPSV listen for the peer, PORT and EPRT dial it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence

from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory, Protocol, ServerFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import NoDataConnection
from ..net.deadline import within
from ..net.dial import addressEndpoint, cancelLater
from ..net.listener import IRefusals, Listener
from ..net.network import listen
from ..net.reactor import INetworkReactor
from ..networks import Network, isInside
from .address import plainHost
from .data import DataPort, DataTerms
from .dataconnection import DataConnection, connectionFor

CONNECT_TIMEOUT = 30.0
"""Seconds a data connection may take to be made, as in pyftpdlib; vsftpd gives it 60."""

_UNUSED = "the data connection was closed before it was used"


class MadePort(DataPort):
    """
    A data port that makes its connection, or says why there is none.

    @ivar stranger: the last host that came in the peer's place, and was refused.
    """

    def __init__(self, reactor: INetworkReactor, terms: DataTerms) -> None:
        super().__init__(reactor, terms)
        self.stranger = ""
        self._connecting: Deferred[DataConnection] | None = None

    def close(self, why: str = "the data connection was closed") -> None:
        """Also wait for it no longer."""
        super().close(why)
        if self._connecting is not None:
            self._connecting.cancel()

    def _make(self) -> Deferred[DataConnection]:
        # Must be cancelable.
        raise NotImplementedError

    def _made(self) -> Deferred[DataConnection]:
        if self._closed is not None:
            return fail(NoDataConnection(_UNUSED))
        self._connecting = self._make()
        made = within(self._connecting, CONNECT_TIMEOUT, self.reactor)
        return made.addBoth(self._connected)

    def _connected(self, result: DataConnection | Failure) -> DataConnection | Failure:
        self._connecting = None
        if not isinstance(result, Failure):
            return result
        match result.value:
            case TimeoutError():
                why = f"the data connection was not made within {CONNECT_TIMEOUT:g} s"
                if self.stranger:
                    why += f"; one from {self.stranger} was refused, it must come from your own"
                    why += " address"
            case CancelledError() | error.ConnectingCancelledError():
                why = _UNUSED
            case error.ConnectBindError(osError=number) as failed:
                what = os.strerror(number) if number else str(failed)
                why = f"the data connection could not be made from here: {what}"
            case error.ConnectError():
                why = "the data connection could not be made"
            case _:
                return result
        raise NoDataConnection(why) from result.value


@implementer(IRefusals)
class PassivePort(MadePort, ServerFactory):
    """
    Listen for the peer, and for nobody else.

    @ivar number: the TCP port to announce.
    """

    noisy = False

    def __init__(
        self,
        reactor: INetworkReactor,
        terms: DataTerms,
        interface: str,
        peer: str,
        ports: Sequence[int] = (),
        networks: Sequence[Network] = (),
        refused: Callable[[str], object] = lambda host: None,
    ) -> None:
        """
        @param interface: the control connection's own local address.
        @param peer: the host at the other end of the control connection.
        @param ports: the ports to choose from, at random; by default the system chooses.
        @param networks: other hosts that may come in the peer's place.
        @param refused: is told of every host that comes and may not.
        @raise error.CannotListenError: there is no free port.
        """
        super().__init__(reactor, terms)
        self._peer = peer
        self._networks = networks
        self._refused = refused
        self._waiter: Deferred[DataConnection] | None = None
        self._noRoom: NoDataConnection | None = None
        listener = self._listen(interface, ports or [0])
        self._listener: IListeningPort | None = listener
        ours = isinstance(listener, Listener)
        self.number: int = listener.number if ours else listener.getHost().port  # type: ignore[attr-defined]

    def _listen(self, interface: str, ports: Sequence[int]) -> IListeningPort:
        # Predictable ports would tell other hosts what goes on, and where to be first.
        start = secrets.randbelow(len(ports)) if len(ports) > 1 else 0
        for offset in range(len(ports)):
            number = ports[(start + offset) % len(ports)]
            try:
                return listen(self.reactor, number, self, interface)
            except error.CannotListenError as taken:
                last = taken
        raise last

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """The first connection from the peer is the one; all others are dropped."""
        if self._listener is None:
            return None
        if not self._mayCome(addr):
            self.stranger = plainHost(getattr(addr, "host", ""))
            self._refused(self.stranger)
            return None
        self._stopListening()
        return connectionFor(self)

    def connectionMade(self, connection: DataConnection) -> None:
        """The peer has come."""
        super().connectionMade(connection)
        if self._waiter is not None and not self._waiter.called:
            self._waiter.callback(connection)

    def connectionRefused(self, peer: IAddress) -> None:
        """The peer will hardly come again: its transfer need not wait for that."""
        if self._mayCome(peer) and self._listener is not None:
            self._stopListening()
            why = "the gateway has no file descriptor left for the data connection"
            self._noRoom = NoDataConnection(why)
            if self._waiter is not None:
                self._waiter.errback(self._noRoom)

    def close(self, why: str = "the data connection was closed") -> None:
        """Also stop listening."""
        self._stopListening()
        super().close(why)

    def _mayCome(self, addr: IAddress | None) -> bool:
        host = plainHost(getattr(addr, "host", ""))
        return host == self._peer or isInside(host, self._networks)

    @property
    def made(self) -> bool:
        """L{DataPort}: the peer may have come, and wait to be let in."""
        if self._connection is None and isinstance(self._listener, Listener):
            self._listener.look()
        return super().made

    def _make(self) -> Deferred[DataConnection]:
        if self._noRoom is not None:
            return fail(self._noRoom)
        self._waiter = Deferred()
        return self._waiter

    def _stopListening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stopListening()


class ActivePort(MadePort):
    """Dial when the transfer begins, and not before."""

    def __init__(
        self,
        reactor: INetworkReactor,
        terms: DataTerms,
        interface: str,
        peer: str,
        number: int,
        source: int = 0,
    ) -> None:
        """
        @param interface: the control connection's own local address.
        @param peer: the host at the other end of the control connection.
        @param number: where it says that it listens.
        @param source: the TCP port to come from; 0: any.
        """
        super().__init__(reactor, terms)
        self._endpoint = addressEndpoint(reactor, peer, number, (interface, source), bool(source))

    def _make(self) -> Deferred[DataConnection]:
        connecting = cancelLater(self.reactor, self._endpoint.connect(_Dialling(self)))
        return connecting.addCallback(self._mine)

    def _mine(self, _: object) -> DataConnection:
        assert self._connection is not None
        return self._connection


class _Dialling(Factory):
    """Makes the one connection of an L{ActivePort}."""

    noisy = False

    def __init__(self, port: ActivePort) -> None:
        self._port = port

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return connectionFor(self._port)
