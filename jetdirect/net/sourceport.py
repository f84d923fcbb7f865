"""
Connections that all come from one TCP port of ours, as RFC 959 (section 3.2) and many firewalls
want a server's data connections to come from port 20.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.interfaces import IReactorTCP
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.tcp import Client, Connector


class FromPort:
    """
    A reactor's C{connectTCP}, for endpoints.

    Several connections may come from one port if they lead to different places, and if all of them
    say so before they are bound (SO_REUSEADDR); Twisted does not.
    """

    def __init__(self, reactor: IReactorTCP) -> None:
        self._reactor = reactor

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float, bindAddress: tuple[str, int]
    ) -> Any:
        """L{IReactorTCP}."""
        if not isinstance(self._reactor, PosixReactorBase):  # in memory
            return self._reactor.connectTCP(host, port, factory, timeout, bindAddress)
        connector = _Connector(host, port, factory, timeout, bindAddress, self._reactor)
        connector.connect()
        return connector


class _Client(Client):
    def createInternetSocket(self) -> socket.socket:
        made: socket.socket = super().createInternetSocket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made


class _Connector(Connector):
    def _makeTransport(self) -> Client:
        return _Client(self.host, self.port, self.bindAddress, self, self.reactor)
