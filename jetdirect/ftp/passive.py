"""
PASV and EPSV: listen for the peer's data connection.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from twisted.internet import error
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import ServerFactory

from .address import isInside, plainHost
from .data import DataPort, DataTerms, IDataReactor
from .dataconnection import DataConnection
from .listener import listen
from .settings import Network


class PassivePort(DataPort, ServerFactory):
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
        self._listener: IListeningPort | None = self._listen(interface, ports or [0])
        self.number: int = self._listener.getHost().port  # type: ignore[attr-defined]

    def _listen(self, interface: str, ports: Sequence[int]) -> IListeningPort:
        # Predictable ports would tell other hosts what goes on, and where to be first.
        start = secrets.randbelow(len(ports))
        for offset in range(len(ports)):
            number = ports[(start + offset) % len(ports)]
            try:
                return listen(self.reactor, number, self, interface)
            except error.CannotListenError as taken:
                last = taken
        raise last

    def buildProtocol(self, addr: IAddress | None) -> DataConnection | None:
        """The first connection from the peer is the one; all others are dropped."""
        host = plainHost(getattr(addr, "host", ""))
        if self._listener is None:
            return None
        if host != self._peer and not isInside(host, self._networks):
            self.stranger = host
            self._refused(host)
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
