"""
Options of sockets that Twisted does not set.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

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


def tune(transport: Any) -> None:
    """
    Send at once, and let the kernel notice when a silent peer is gone (L{KEEPALIVE}).

    Nagle's algorithm and delayed acknowledgements cost 40 ms a reply (measured).
    """
    handle: Any = transport.getHandle() if hasattr(transport, "getHandle") else None
    if getattr(handle, "family", None) == socket.AF_UNIX:
        return
    if hasattr(transport, "setTcpNoDelay"):
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
    if hasattr(handle, "setsockopt") and hasattr(socket, "TCP_KEEPIDLE"):
        idle, interval, probes = KEEPALIVE
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, interval)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, probes)
        with suppress(OSError):  # an older kernel
            handle.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, LONGEST_RETRY)


def takeUrgentInLine(transport: Any) -> None:
    """
    Read urgent data where it stands among the other bytes.

    Telnet's Synch around ABOR comes like this (RFC 854); in a job, each urgent byte would be
    missing.
    """
    handle: Any = transport.getHandle() if hasattr(transport, "getHandle") else None
    if hasattr(handle, "setsockopt") and getattr(handle, "family", None) != socket.AF_UNIX:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
