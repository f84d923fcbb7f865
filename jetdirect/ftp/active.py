"""
PORT and EPRT: dial the peer for its data connection.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.protocol import Factory

from ..tcp import cancelLater
from .address import isIPv6
from .data import DataPort, DataTerms, IDataReactor
from .dataconnection import DataConnection
from .sourceport import FromPort


class ActivePort(DataPort):
    """Dial when the transfer begins, and not before."""

    dials = True

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
        endpoint = TCP6ClientEndpoint if isIPv6(peer) else TCP4ClientEndpoint
        dialler: Any = FromPort(reactor) if source else reactor
        self._endpoint = endpoint(dialler, peer, number, bindAddress=(interface, source))

    def _make(self) -> Deferred[DataConnection]:
        factory = Factory.forProtocol(lambda: DataConnection(self))
        factory.noisy = False
        return cancelLater(self.reactor, self._endpoint.connect(factory))
