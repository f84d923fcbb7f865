"""
Which end of a TCP connection is an end of what was sent: the peer's FIN, and nothing else.

Twisted takes a hang-up without something to read for a FIN.  A reset looks like that at the wrong
moment (1 of some 3,000 on two cores, measured).  The other way round, a FIN stays one whatever
comes behind it: a machine that has closed forgets the connection after a minute or less, and
answers the next keepalive probe with a reset, while a slow printer has still much to read.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure

from .facts import realTransport


def endsInOrder(handle: socket.socket) -> bool:
    """
    Is the next thing to read the peer's FIN?

    The kernel tells of a reset once, so this is to be asked once, and only of what has ended.
    """
    try:
        return handle.recv(1, socket.MSG_PEEK) == b""
    except OSError:  # a reset with no FIN before it; or no end at all
        return False


def saidGoodbye(transport: Any) -> bool:
    """
    Has the peer sent its close_notify (RFC 8446, section 6.1)?

    All it had to say came before, so what becomes of the connection after it is of no weight.
    Twisted tells of the connection's end only: of a reset, if our own close_notify met one.
    """
    from OpenSSL import SSL

    handle = transport.getHandle()
    return bool(handle is not None and handle.get_shutdown() & SSL.RECEIVED_SHUTDOWN)


def believeOnlyFIN(transport: Any, seen: Callable[[], object] = lambda: None) -> None:
    """
    Have the protocol told of a loss (L{ConnectionLost}) when Twisted takes a reset for a FIN.

    It asks where Twisted's reactors tell a transport of a FIN, and so before any protocol, wrapper
    or TLS between them hears of it, and while there is a socket to ask.

    @param seen: called before anybody else hears of a FIN; of a protocol under TLS that is told of
        nothing but a loss.
    """
    real = realTransport(transport)
    if not isinstance(real, Connection):
        return  # in memory: it has no kernel to be wrong about
    told = real.readConnectionLost

    def readConnectionLost(reason: Failure) -> None:
        if endsInOrder(real.socket):
            seen()
            told(reason)
        else:
            real.connectionLost(Failure(ConnectionLost()))

    real.readConnectionLost = readConnectionLost  # type: ignore[method-assign]
