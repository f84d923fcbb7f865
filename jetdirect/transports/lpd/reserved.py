"""
C{reserve=}: a source port that only those with rights may have (RFC 1179, section 3.1).

Old print servers look at it to know that a program of the system speaks.
"""

from __future__ import annotations

import errno
import secrets
import socket
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectBindError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

RIGHTS = "give it CAP_NET_BIND_SERVICE (AmbientCapabilities= in its systemd unit)"
"""What a user that is not root needs."""


@implementer(IStreamClientEndpoint)
class ReservedPortEndpoint:
    """
    Another endpoint, connected to from one of some source ports: the next that is free.

    A port is not free for a minute after its connection has ended (TIME_WAIT).
    """

    def __init__(
        self, endpoint: Callable[[tuple[str, int]], IStreamClientEndpoint], ports: Sequence[int]
    ) -> None:
        """@param endpoint: makes the endpoint that connects from an address and port."""
        self._endpoint = endpoint
        self._ports = ports
        self._next = secrets.randbelow(len(ports))

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """L{IStreamClientEndpoint}."""
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        for _ in self._ports:
            port = self._ports[self._next]
            self._next = (self._next + 1) % len(self._ports)
            try:
                return await self._endpoint(("", port)).connect(factory)
            except ConnectBindError as why:
                if why.osError != errno.EADDRINUSE:
                    raise
        raise ConnectBindError(errno.EADDRINUSE, "no source port is free")


def mayReserve(port: int) -> bool:
    """May this process have such a port?"""
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError as why:
            return why.errno not in (errno.EACCES, errno.EPERM)
    return True
