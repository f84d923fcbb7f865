"""
How data connections come about: PASV and EPSV listen for the peer, PORT and EPRT dial it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence

from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, succeed
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory, Protocol, ServerFactory
from zope.interface import implementer

from ..errors import NoDataConnection
from ..net.deadline import within
from ..net.dial import addressEndpoint, cancelLater
from ..net.listener import IRefusals, Listener
from ..net.network import listen
from ..networks import Network, isInside
from .address import plainHost
from .data import DataPort, DataTerms, IDataReactor
from .dataconnection import DataConnection, connectionFor

CONNECT_TIMEOUT = 30.0
"""Seconds a data connection may take to be made, as in pyftpdlib; vsftpd gives it 60."""


class MadePort(DataPort):
    """
    A data port that makes its connection, or says why there is none.

    @ivar stranger: the last host that came in the peer's place, and was refused.
    """

    def __init__(self, reactor: IDataReactor, terms: DataTerms) -> None:
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

    async def _made(self) -> DataConnection:
        try:
            if self._closed is not None:
                raise CancelledError()
            self._connecting = self._make()
            return await within(self._connecting, CONNECT_TIMEOUT, self.reactor)
        except TimeoutError:
            why = f"the data connection was not made within {CONNECT_TIMEOUT:g} s"
            if self.stranger:
                why += f"; one from {self.stranger} was refused, it must come from your own address"
            raise NoDataConnection(why) from None
        except (CancelledError, error.ConnectingCancelledError):
            raise NoDataConnection("the data connection was closed before it was used") from None
        except error.ConnectBindError as failed:
            what = os.strerror(failed.osError) if failed.osError else str(failed)
            why = f"the data connection could not be made from here: {what}"
            raise NoDataConnection(why) from failed
        except error.ConnectError as failed:
            raise NoDataConnection("the data connection could not be made") from failed
        finally:
            self._connecting = None


@implementer(IRefusals)
class PassivePort(MadePort, ServerFactory):
    """
    Listen for the peer, and for nobody else.

    @ivar number: the TCP port to announce.
    """

    noisy = False

    def __init__(
        self,
        reactor: IDataReactor,
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
        self._waiter: Deferred[DataConnection] = Deferred()
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
        if not self._waiter.called:
            self._waiter.callback(connection)

    def connectionRefused(self, peer: IAddress) -> None:
        """The peer will hardly come again: its transfer need not wait for that."""
        if self._mayCome(peer) and not self._waiter.called:
            self._stopListening()
            why = "the gateway has no file descriptor left for the data connection"
            self._waiter.errback(NoDataConnection(why))

    def close(self, why: str = "the data connection was closed") -> None:
        """Also stop listening."""
        self._stopListening()
        super().close(why)
        self._waiter.addErrback(lambda _: None)  # no transfer may have asked

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
        return self._waiter if self._connection is None else succeed(self._connection)

    def _stopListening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stopListening()


class ActivePort(MadePort):
    """Dial when the transfer begins, and not before."""

    def __init__(
        self,
        reactor: IDataReactor,
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
