"""
Options of TCP connections: send at once, and let the kernel notice when a silent peer is gone.

Nagle's algorithm and delayed acknowledgements cost 40 ms a reply (measured).
"""

from __future__ import annotations

import socket
from contextlib import suppress
from socket import SocketType
from typing import Any

from .facts import realTransport

KEEPALIVE = (60, 15, 4)
"""Seconds of silence before the first probe, seconds between probes, probes: an idle peer that was
unplugged is found after 120 s, where the system's own default is two hours."""

BACKLOG = 511
"""Connections that may wait to be accepted: one that finds no room there waits a second for
nothing, and of 64 clients that came at once some did with Twisted's 50 (measured)."""

_TCP_RTO_MAX_MS = 44  # linux/tcp.h

LONGEST_RETRY = 30_000
"""Milliseconds between two tries of the kernel to get something through, where it can be told
(newer kernels of Linux): after a minute without paper they would be two minutes apart, and an
unplugged printer be found after 279 s; so it is found after 88 s (measured)."""


def opened(six: bool) -> SocketType:
    """A new socket, which does not block; @raise OSError: there is no descriptor left."""
    kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK
    return SocketType(socket.AF_INET6 if six else socket.AF_INET, kind)


def accepted(listening: Any) -> tuple[SocketType, Any]:
    """
    The next that waits to be accepted, which does not block, and its address.

    As C{socket.socket.accept}, which finds words for the family and the kind of each socket first.

    @raise OSError: there is none, or it cannot be accepted.
    """
    descriptor, peer = listening._accept()
    made = SocketType(listening.family, socket.SOCK_STREAM, 0, descriptor)
    made.setblocking(False)
    return made, peer


def keepAlive(sock: SocketType) -> None:
    """Let the kernel ask after a silent peer."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    askInTime(sock)


def askInTime(sock: SocketType) -> None:
    """When it asks (L{KEEPALIVE}, L{LONGEST_RETRY})."""
    if hasattr(socket, "TCP_KEEPIDLE"):
        idle, interval, probes = KEEPALIVE
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, interval)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, probes)
        with suppress(OSError):  # an older kernel
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, LONGEST_RETRY)


def noDelay(sock: SocketType) -> None:
    """Send at once."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def urgentInLine(sock: SocketType) -> None:
    """
    Read urgent data where it stands among the other bytes.

    Telnet's Synch around ABOR comes like this (RFC 854); in a job, each urgent byte would be
    missing.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)


def tune(transport: Any) -> None:
    """L{noDelay} and L{keepAlive}; a L{Stream<jetdirect.net.stream.Stream>} knows what it has."""
    real = realTransport(transport)
    if hasattr(real, "tune"):
        real.tune()
        return
    if hasattr(real, "setTcpNoDelay"):
        real.setTcpNoDelay(True)
        real.setTcpKeepAlive(True)
    if (handle := _socketOf(transport)) is not None:
        askInTime(handle)


def takeUrgentInLine(transport: Any) -> None:
    """L{urgentInLine}; a L{Stream<jetdirect.net.stream.Stream>} knows whether it does."""
    real = realTransport(transport)
    if hasattr(real, "takeUrgentInLine"):
        real.takeUrgentInLine()
    elif (handle := _socketOf(transport)) is not None:
        urgentInLine(handle)


def _socketOf(transport: Any) -> Any:
    # Connections in memory and Unix sockets have none that could be tuned.
    handle = transport.getHandle() if hasattr(transport, "getHandle") else None
    tunable = hasattr(handle, "setsockopt") and getattr(handle, "family", 0) != socket.AF_UNIX
    return handle if tunable else None
